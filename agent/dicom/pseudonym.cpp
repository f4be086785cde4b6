#include "agent/dicom/pseudonym.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "common/core/crypto.hpp"
#include "common/io/files.hpp"

namespace gantry::dicom {
namespace {

Hash random_key() {
    Hash key{};
    files::random_bytes(key);
    return key;
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
    throw std::system_error{errno, std::generic_category(), fmt::format("{}: {}", path.string(), what)};
}

Hash read_key(const std::filesystem::path& path, int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) fail(path, "stat");
    if ((status.st_mode & 077) != 0) throw std::runtime_error{path.string() + ": readable by others, want mode 0600"};
    char text[65] = {};
    const ssize_t size = ::read(fd, text, sizeof text);
    if (size < 64) throw std::runtime_error{path.string() + ": truncated key, want 64 hexadecimal digits"};
    auto key = hash_from_hex(std::string_view{text, 64});
    if (!key) throw std::runtime_error{path.string() + ": " + key.error().message};
    return *key;
}

// Written beside its place, synced, then linked: a crash leaves no key or a whole one, and two starters agree on one.
void make_key(const std::filesystem::path& path) {
    const std::filesystem::path fresh = path.string() + fmt::format(".{}", ::getpid());
    {
        const UniqueFd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        if (file.get() < 0) fail(fresh, "create");
        const std::string text = to_hex(random_key()) + "\n";
        if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail(fresh, "write");
        if (::fsync(file.get()) != 0) fail(fresh, "fsync");
    }
    const bool linked = ::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST;
    ::unlink(fresh.c_str());
    if (!linked) fail(path, "link");
    const UniqueFd folder{::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) fail(path.parent_path(), "fsync");
}

}  // namespace

Pseudonymiser Pseudonymiser::random() { return Pseudonymiser{random_key()}; }

Pseudonymiser Pseudonymiser::of_folder(const std::filesystem::path& state) {
    const std::filesystem::path path = state / "pseudonym.key";
    for (int attempt = 0; attempt < 2; ++attempt) {
        const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (file.get() >= 0) return Pseudonymiser{read_key(path, file.get())};
        if (errno != ENOENT) fail(path, "open");
        make_key(path);
    }
    fail(path, "open");
}

std::string Pseudonymiser::named(std::string_view domain, std::string_view text) const {
    return hash(fmt::format("{}|{}", domain, text));
}

std::string Pseudonymiser::hash(std::string_view text) const {
    return to_hex(ByteView{hmac_sha256(key_, as_bytes(text))}.first(16));
}

}  // namespace gantry::dicom
