#include "tests/support/child.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

namespace gantry::testing {
namespace {

int open_for_append(const std::filesystem::path& path) {
    const std::string name = path.empty() ? "/dev/null" : path.string();
    return ::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

// Runs in the new process: only calls that are allowed between fork and exec.
[[noreturn]] void become(const std::vector<char*>& argv, pid_t parent, int out, int err) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);  // The parent died before the line above.
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, const Options& options) {
    std::vector<std::string> words;
    if (!options.env.empty()) {
        words.emplace_back("env");
        for (const auto& [name, value] : options.env) words.push_back(name + "=" + value);
    }
    words.insert(words.end(), argv.begin(), argv.end());
    std::vector<char*> raw;
    for (std::string& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);

    const int err = open_for_append(options.log);
    const int out = options.output.empty() ? err : open_for_append(options.output);
    if (err < 0 || out < 0) throw std::system_error{errno, std::generic_category(), "open the log of " + argv[0]};
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(raw, parent, out, err);
    const int error = errno;
    ::close(err);
    if (out != err) ::close(out);
    if (pid_ < 0) throw std::system_error{error, std::generic_category(), "fork"};
    ::setpgid(pid_, pid_);  // In both processes, so that it holds whoever runs first.
}

Child::~Child() { kill_now(); }

Child::Child(Child&& other) noexcept : pid_{std::exchange(other.pid_, -1)}, exit_{std::exchange(other.exit_, {})} {}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        kill_now();
        pid_ = std::exchange(other.pid_, -1);
        exit_ = std::exchange(other.exit_, {});
    }
    return *this;
}

void Child::reap(bool block) {
    if (pid_ < 0 || exit_) return;
    int status = 0;
    if (::waitpid(pid_, &status, block ? 0 : WNOHANG) != pid_) return;
    exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
}

bool Child::running() {
    reap(false);
    return pid_ > 0 && !exit_;
}

void Child::signal(int number) const {
    if (pid_ > 0) ::kill(-pid_, number);
}

void Child::kill_now() {
    if (pid_ < 0) return;
    signal(SIGKILL);  // Also after the leader ended: what it started may live on in its group.
    reap(true);
}

std::optional<Exit> Child::stop(std::chrono::milliseconds limit) {
    signal(SIGTERM);
    return wait(limit);
}

std::optional<Exit> Child::wait(std::chrono::milliseconds limit) {
    wait_until([this] { return !running(); }, limit);
    return exit_;
}

Ran run(const std::vector<std::string>& argv, std::chrono::milliseconds limit) {
    const TempDir dir;
    Child child{argv, {.log = dir / "err", .output = dir / "out"}};
    const auto exit = child.wait(limit);
    if (!exit) throw std::runtime_error{argv[0] + " did not end in time; stderr: " + read_text(dir / "err")};
    return {*exit, read_text(dir / "out"), read_text(dir / "err")};
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    if (in) text << in.rdbuf();
    return text.str();
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    if (!(out << text << std::flush)) throw std::runtime_error{"cannot write " + path.string()};
}

std::string program(const std::string& name) { return std::string{GANTRY_BIN_DIR} + "/" + name; }

std::filesystem::path source_dir() { return GANTRY_SOURCE_DIR; }

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool ok = socket >= 0 && ::bind(socket, generic, size) == 0 && ::getsockname(socket, generic, &size) == 0;
    const int error = errno;
    if (socket >= 0) ::close(socket);
    if (!ok) throw std::system_error{error, std::generic_category(), "no free port"};
    return ntohs(address.sin_port);
}

}  // namespace gantry::testing
