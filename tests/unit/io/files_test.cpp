#include "common/io/files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/io/mqtt_link.hpp"
#include "common/io/unix_socket.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using gantry::testing::TempDir;

namespace {
unsigned mode_of(const std::filesystem::path& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}
}  // namespace

TEST_CASE("keys: made once, readable by the owner alone, and refused when others may read") {
    const TempDir dir;
    const auto path = dir / "record.key";
    const auto made = keys::load_or_create(path).value();
    CHECK(mode_of(path) == 0600);
    CHECK(files::read_all(dir / "record.pub").value() == to_hex(made.public_key()) + "\n");
    CHECK(keys::load_or_create(path).value().public_key() == made.public_key());
    ::chmod(path.c_str(), 0640);
    CHECK(keys::load(path).error().code == Errc::refused);
    ::chmod(path.c_str(), 0600);
    std::ofstream{path} << "not a key";
    CHECK(keys::load_or_create(path).error().code == Errc::malformed);  // Never overwritten.
    CHECK(files::read_all(path).value() == "not a key");
}

TEST_CASE("files: atomic write replaces, keeps the mode, and leaves no half") {
    const TempDir dir;
    CHECK(files::write_atomic(dir / "f", "one", 0640).has_value());
    CHECK(files::write_atomic(dir / "f", "two", 0640).has_value());
    CHECK(files::read_all(dir / "f").value() == "two");
    CHECK(mode_of(dir / "f") == 0640);
    CHECK(!std::filesystem::exists(dir / "f.new"));
    CHECK(!files::write_atomic(dir / "no" / "f", "x"));
    CHECK(files::read_all(dir / "f", 2).error().code == Errc::too_large);
}

TEST_CASE("files: a lock has one holder") {
    const TempDir dir;
    auto first = files::lock(dir / "lock");
    REQUIRE(first.has_value());
    CHECK(files::lock(dir / "lock").error().code == Errc::conflict);
    first->reset();
    CHECK(files::lock(dir / "lock").has_value());
}

TEST_CASE("unix socket: its mode holds from the start; live ones and other files are left alone") {
    const TempDir dir;
    const auto path = dir / "s";
    auto door = unix_socket::listen(path, 0660);
    REQUIRE(door.has_value());
    CHECK(mode_of(path) == 0660);
    CHECK(unix_socket::listen(path, 0660).error().code == Errc::conflict);
    door->reset();
    CHECK(unix_socket::connect(path).error().code == Errc::unavailable);
    CHECK(unix_socket::listen(path, 0660).has_value());  // A stale name is replaced.
    std::ofstream{dir / "file"} << "x";
    CHECK(unix_socket::listen(dir / "file", 0660).error().code == Errc::conflict);
    CHECK(unix_socket::listen(dir / std::string(200, 'a'), 0660).error().code == Errc::too_large);
}

TEST_CASE("mqtt: an address that is none, and files that are not there, are told at once") {
    for (const char* url : {"", "127.0.0.1", "http://a", "mqtt://", "mqtt://a/b"}) {
        CAPTURE(url);
        MqttOptions options;
        options.url = url;
        CHECK_THROWS(MqttLink{options, {}});
    }
    MqttOptions options;
    options.url = "mqtts://localhost";
    options.cafile = "/nonexistent/ca.pem";
    CHECK_THROWS_WITH(MqttLink(options, {}), "MQTT CA file: cannot read /nonexistent/ca.pem");
}
