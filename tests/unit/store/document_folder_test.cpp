#include "server/store/document_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::store;

namespace {

unsigned mode_of(const std::filesystem::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::size_t files_below(const std::filesystem::path& root) {
    std::size_t out = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root})
        out += entry.is_regular_file() ? 1 : 0;
    return out;
}

}  // namespace

TEST_CASE("documents: kept once under their hash, for the owner alone") {
    const testing::TempDir dir;
    DocumentFolder folder{dir / "documents"};
    const std::string text = "%PDF-1.7 a report";
    CHECK_FALSE(folder.get(sha256(as_bytes(text)), 1000)->has_value());
    const auto hash = folder.put(as_bytes(text));
    REQUIRE(hash.has_value());
    CHECK(*hash == sha256(as_bytes(text)));
    CHECK(**folder.get(*hash, 1000) == text);
    const std::string hex = to_hex(*hash);
    const auto path = dir / "documents" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
    CHECK(mode_of(path) == 0600);
    for (auto folder_path = path.parent_path(); folder_path != dir.path(); folder_path = folder_path.parent_path())
        CHECK(mode_of(folder_path) == 0700);
    CHECK(*folder.put(as_bytes(text)) == *hash);
    CHECK(files_below(dir / "documents") == 1);
    CHECK(folder.get(*hash, 5).has_error());  // longer than the reader takes
}

TEST_CASE("documents: what changed on the disk is told, and kept anew from its own bytes") {
    const testing::TempDir dir;
    DocumentFolder folder{dir / "documents"};
    const std::string text = "first";
    const Hash hash = folder.put(as_bytes(text)).value();
    const std::string hex = to_hex(hash);
    const auto path = dir / "documents" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
    std::ofstream{path} << "second";
    CHECK(folder.get(hash, 100).error().code == Errc::io);
    REQUIRE(folder.put(as_bytes(text)).has_value());
    CHECK(**folder.get(hash, 100) == text);
}

TEST_CASE("documents: many at once") {
    const testing::TempDir dir;
    DocumentFolder folder{dir / "documents"};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
        threads.emplace_back([&] {
            for (int i = 0; i < 10; ++i) (void)folder.put(as_bytes("document " + std::to_string(i)));
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(files_below(dir / "documents") == 10);
    for (int i = 0; i < 10; ++i) CHECK(folder.get(sha256(as_bytes("document " + std::to_string(i))), 100)->has_value());
}
