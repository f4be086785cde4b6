#include "common/io/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/io/clock.hpp"

namespace gantry::unix_socket {
namespace {

Error socket_error(const std::string& what, Errc code = Errc::io) { return {code, what + ": " + std::strerror(errno)}; }

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.empty() || text.size() >= sizeof address.sun_path)
        return Error{Errc::too_large, "socket path: got " + std::to_string(text.size()) + " bytes, want 1 to " +
                                          std::to_string(sizeof address.sun_path - 1) + ": " + text};
    std::memcpy(address.sun_path, text.data(), text.size());
    return address;
}

Result<UniqueFd> connect_to(const std::filesystem::path& path) {
    const auto address = address_of(path);
    if (!address) return address.error();
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!fd) return socket_error("socket");
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return socket_error("connect " + path.string(), errno == EACCES ? Errc::refused : Errc::unavailable);
    return fd;
}

}  // namespace

Result<UniqueFd> listen(const std::filesystem::path& path, unsigned mode, int backlog) {
    const auto address = address_of(path);
    if (!address) return address.error();
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) return Error{Errc::conflict, path.string() + ": exists and is not a socket"};
        if (connect_to(path)) return Error{Errc::conflict, path.string() + ": another process listens there"};
        ::unlink(path.c_str());
    }
    UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) return socket_error("socket");
    // The mode must hold from the moment the name exists; the kernel makes it 0777 without the umask.
    const mode_t before = ::umask(static_cast<mode_t>(0777 & ~mode));
    const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
    ::umask(before);
    if (bound != 0) return socket_error("bind " + path.string());
    if (::listen(fd.get(), backlog) != 0) return socket_error("listen " + path.string());
    return fd;
}

Result<UniqueFd> connect(const std::filesystem::path& path) { return connect_to(path); }

Result<std::string> ask(const std::filesystem::path& path, std::string_view line, std::chrono::milliseconds limit,
                        std::size_t answer_bytes_max) {
    auto fd = connect_to(path);
    if (!fd) return fd.error();
    const auto deadline_ms = clock::monotonic_ms() + limit.count();
    const auto wait_for = [&](short events) {
        pollfd waiting{fd->get(), events, 0};
        const auto left_ms = deadline_ms - clock::monotonic_ms();
        return left_ms > 0 && ::poll(&waiting, 1, static_cast<int>(left_ms)) > 0;
    };
    std::string out{line};
    out.push_back('\n');
    for (std::string_view rest{out}; !rest.empty();) {
        if (!wait_for(POLLOUT)) return Error{Errc::unavailable, path.string() + ": no answer in time"};
        const auto sent = ::send(fd->get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent < 0) return socket_error("send to " + path.string(), Errc::unavailable);
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    char buffer[8192];
    while (answer.size() <= answer_bytes_max) {
        if (!wait_for(POLLIN)) return Error{Errc::unavailable, path.string() + ": no answer in time"};
        const auto got = ::recv(fd->get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return Error{Errc::unavailable, path.string() + ": closed before an answer"};
        answer.append(buffer, static_cast<std::size_t>(got));
        if (const auto end = answer.find('\n'); end != std::string::npos) {
            answer.resize(end);
            return answer;
        }
    }
    return Error{Errc::too_large,
                 path.string() + ": answer of more than " + std::to_string(answer_bytes_max) + " bytes"};
}

std::optional<Peer> peer_of(int fd) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
    return Peer{credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace gantry::unix_socket
