#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gantry::testing {

// An intake that speaks the agent's line protocol: answers `ok` to every line and keeps it, or as it is told.
class FakeIntake {
public:
    enum class Mode { accept, full, refuse, silent };

    explicit FakeIntake(const std::filesystem::path& socket);
    ~FakeIntake();

    std::vector<std::string> lines() const;
    std::size_t count() const { return lines().size(); }
    std::atomic<Mode> mode{Mode::accept};

private:
    void run();
    void read_from(int peer, std::string& pending);

    std::filesystem::path socket_;
    int listener_ = -1;
    std::vector<int> peers_;
    std::atomic<bool> stop_{false};
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    std::thread thread_;
};

}  // namespace gantry::testing
