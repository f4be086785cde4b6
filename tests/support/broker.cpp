#include "tests/support/broker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/support/wait.hpp"

namespace gantry::testing {

bool port_answers(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool ok = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return ok;
}

Broker::Broker(std::filesystem::path dir, const Options& options) : dir_{std::move(dir)}, port_{free_port()} {
    std::filesystem::create_directories(dir_ / "data");
    std::string config =
        "listener " + std::to_string(port_) + " 127.0.0.1\nallow_anonymous true\nmax_queued_messages 10000\n";
    // As root, mosquitto would change to a user who cannot write here.
    if (::geteuid() == 0) config += "user root\n";
    if (options.persistence) config += "persistence true\npersistence_location " + (dir_ / "data").string() + "/\n";
    write_text(dir_ / "mosquitto.conf", config + options.extra_lines);
    start();
}

void Broker::start() {
    child_.emplace(std::vector<std::string>{"mosquitto", "-c", (dir_ / "mosquitto.conf").string()},
                   Child::Options{.log = dir_ / "mosquitto.log"});
    if (!wait_until([this] { return port_answers(port_) || !child_->running(); }) || !child_->running())
        throw std::runtime_error{"mosquitto did not start: " + read_text(dir_ / "mosquitto.log")};
}

std::string Broker::url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

void Broker::wipe_disk() {
    std::filesystem::remove_all(dir_ / "data");
    std::filesystem::create_directories(dir_ / "data");
}

}  // namespace gantry::testing
