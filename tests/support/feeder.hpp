#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/gantry.hpp"

namespace gantry::testing {

// An adapter as it should be: pushes lines at an agent's intake from a thread of its own, several waiting for their
// answers at once, and sends again what got no answer when the agent dies. Remembers every promise.
class Feeder {
public:
    // Marks count up from `first_mark`. At most `in_flight` lines wait; `pause` after each batch of answers holds the
    // rate down.
    Feeder(std::string device, std::filesystem::path intake, std::uint64_t first_mark, std::size_t in_flight,
           std::chrono::milliseconds pause);
    ~Feeder();

    // Waits for the answers that are still due, then ends.
    void stop();
    std::vector<Promised> promises() const;
    std::size_t promised() const { return promised_.load(); }
    // Answers that were neither a promise nor a loss of the connection.
    std::vector<std::string> refusals() const;

private:
    void run();
    // Talks until the connection breaks or stop().
    void talk(LineClient& intake);
    bool take_answer(LineClient& intake);

    std::string device_;
    std::filesystem::path intake_;
    std::uint64_t next_mark_;
    std::size_t in_flight_;
    std::chrono::milliseconds pause_;
    std::deque<std::uint64_t> unanswered_;
    std::atomic<bool> stop_ = false;
    std::atomic<std::size_t> promised_ = 0;
    mutable std::mutex mutex_;
    std::vector<Promised> promises_;
    std::vector<std::string> refusals_;
    std::thread thread_;  // last: starts when everything else is there
};

// Sends lines with marks first … first + count - 1 and waits for all answers; returns the promises. At most `in_flight`
// wait at once.
std::vector<Promised> feed(const Agent& agent, std::uint64_t first, std::size_t count, std::size_t in_flight = 64);

}  // namespace gantry::testing
