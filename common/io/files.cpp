#include "common/io/files.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace gantry {

void UniqueFd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

namespace files {
namespace {

Error system_error(const std::string& what, Errc code = Errc::io) { return {code, what + ": " + std::strerror(errno)}; }

Result<void> write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error("write " + name);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

Result<std::string> read_all(const std::filesystem::path& path, std::size_t bytes_max) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return system_error("read " + path.string(), errno == ENOENT ? Errc::not_found : Errc::io);
    std::string content;
    char buffer[8192];
    while (true) {
        const auto got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("read " + path.string());
        if (got == 0) return content;
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > bytes_max)
            return Error{Errc::too_large, path.string() + ": got more than " + std::to_string(bytes_max) + " bytes"};
    }
}

Result<void> write_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const std::string temporary = path.string() + ".new";
    ::unlink(temporary.c_str());
    {
        const UniqueFd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
        if (!fd) return system_error("create " + temporary);
        if (auto written = write_all(fd.get(), content, temporary); !written) return written;
        if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) return system_error("sync " + temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error("rename to " + path.string());
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
    const UniqueFd dir{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!dir || ::fsync(dir.get()) != 0) return system_error("sync " + folder.string());
    return {};
}

void random_bytes(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw std::runtime_error{std::string{"getrandom: "} + std::strerror(errno)};
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

Result<UniqueFd> lock(const std::filesystem::path& path) {
    UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) return system_error("lock " + path.string());
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return Error{errno == EWOULDBLOCK ? Errc::conflict : Errc::io,
                     "lock " + path.string() + ": " + std::strerror(errno)};
    return fd;
}

}  // namespace files

namespace keys {

Result<SigningKey> load(const std::filesystem::path& path) {
    auto text = files::read_all(path, 256);
    if (!text) return text.error();
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
        return Error{Errc::refused, path.string() + ": got a key that others may read, want mode 0600"};
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    auto seed = array_from_hex<32>(*text);
    OPENSSL_cleanse(text->data(), text->size());
    if (!seed) return Error{Errc::malformed, path.string() + ": want a key of 64 lower-case hexadecimal digits"};
    auto key = SigningKey::from_seed(*seed);
    OPENSSL_cleanse(seed->data(), seed->size());
    return key;
}

Result<SigningKey> load_or_create(const std::filesystem::path& path) {
    auto existing = load(path);
    if (existing || existing.error().code != Errc::not_found) return existing;
    KeySeed seed{};
    files::random_bytes(seed);
    const auto key = SigningKey::from_seed(seed);
    std::string text = to_hex(seed) + "\n";
    auto written = files::write_atomic(path, text, 0600);
    OPENSSL_cleanse(text.data(), text.size());
    OPENSSL_cleanse(seed.data(), seed.size());
    if (!written) return written.error();
    auto public_path = path;
    public_path.replace_extension(".pub");
    if (auto done = files::write_atomic(public_path, to_hex(key.public_key()) + "\n", 0644); !done) return done.error();
    return key;
}

}  // namespace keys
}  // namespace gantry
