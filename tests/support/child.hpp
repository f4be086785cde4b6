#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gantry::testing {

// How a process ended: `signal` is 0 when it returned `code` by itself.
struct Exit {
    int code = 0;
    int signal = 0;
    bool operator==(const Exit&) const = default;
};

// A process in its own process group, its stdout and stderr appended to a file. The whole group is killed when the
// object goes, and the process dies with the test program whatever happens to that.
class Child {
public:
    struct Options {
        std::filesystem::path log;                    // empty: thrown away
        std::map<std::string, std::string> env = {};  // added to the own environment
        std::filesystem::path output = {};            // stdout alone; empty: goes to the log too
    };
    // argv[0] is looked up in PATH. Throws when the process cannot be made; a program that is not there ends with code
    // 127.
    explicit Child(const std::vector<std::string>& argv, const Options& options);
    Child(const std::vector<std::string>& argv) : Child{argv, Options{}} {}
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) noexcept;

    pid_t pid() const { return pid_; }
    bool running();
    // To the process and all it started.
    void signal(int number) const;
    // SIGKILL to all of them, and waits for the end.
    void kill_now();
    // SIGTERM, then waits; nothing when it did not end in time.
    std::optional<Exit> stop(std::chrono::milliseconds limit = std::chrono::seconds{10});
    std::optional<Exit> wait(std::chrono::milliseconds limit = std::chrono::seconds{30});

private:
    void reap(bool block);

    pid_t pid_ = -1;
    std::optional<Exit> exit_;
};

// What a command printed on stdout, and how it ended; for short commands. Throws after `limit`.
struct Ran {
    Exit exit;
    std::string out;
    std::string err;
};
Ran run(const std::vector<std::string>& argv, std::chrono::milliseconds limit = std::chrono::seconds{60});

// The whole file; empty when it is not there.
std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);

// A program of this build: "gantry-agent", "gantry-collector" ...
std::string program(const std::string& name);
// The root of the sources, and the folder of a file in it.
std::filesystem::path source_dir();

// A TCP port of the loopback that nobody listens on now.
std::uint16_t free_port();

}  // namespace gantry::testing
