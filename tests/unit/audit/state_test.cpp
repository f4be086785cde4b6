#include "agent/audit/state_store.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "agent/audit/domain/limits.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::audit;
using gantry::testing::TempDir;

TEST_CASE("state: what was delivered, and where logs were, survive a restart") {
    const TempDir dir;
    const std::string two[] = {"aa", "bb"};
    const LogPosition position{1, 2, 3, 4, "head", 5};
    const LogPosition moved{1, 2, 30, 4, "head", {}};
    {
        StateStore store{dir / "audit.db"};
        store.remember(two, 1000);
        store.remember(two, 2000);  // again: nothing happens
        store.save_position("/a.log", position);
        store.save_position("/b.log", position);
        store.save_position("/b.log", moved);
    }
    StateStore store{dir / "audit.db"};
    CHECK(store.seen("aa"));
    CHECK(store.seen("bb"));
    CHECK_FALSE(store.seen("cc"));
    CHECK(store.position("/a.log") == position);
    CHECK(store.position("/b.log") == moved);
    CHECK_FALSE(store.position("/c.log").has_value());
}

TEST_CASE("state: what is older than 30 days goes") {
    StateStore store{""};
    const std::string old[] = {"old"};
    const std::string fresh[] = {"fresh"};
    store.remember(old, 1000);
    store.remember(fresh, 2000);
    CHECK(store.evict(1000 + audit::limits::seen_age_ms_max) == 0);
    CHECK(store.evict(1001 + audit::limits::seen_age_ms_max) == 1);
    CHECK_FALSE(store.seen("old"));
    CHECK(store.seen("fresh"));
}

TEST_CASE("state: one key, made once, private") {
    const TempDir dir;
    const auto first = pseudonym_key(dir.path());
    REQUIRE(first.has_value());
    CHECK(*pseudonym_key(dir.path()) == *first);
    const auto file = dir / "pseudonym.key";
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    ::chmod(file.c_str(), 0640);
    CHECK(pseudonym_key(dir.path()).error().code == Errc::refused);
    ::chmod(file.c_str(), 0600);
    std::filesystem::resize_file(file, 10);
    CHECK(pseudonym_key(dir.path()).error().code == Errc::malformed);
    const TempDir other;
    CHECK(*pseudonym_key(other.path()) != *first);
}
