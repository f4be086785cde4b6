#pragma once

#include <chrono>
#include <thread>

namespace gantry::testing {

// Asks `done` every 10 ms until it says true or the time is over; returns its last answer. Never sleeps longer than
// needed.
template <class Predicate>
bool wait_until(Predicate done, std::chrono::milliseconds limit = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= deadline) return done();
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return true;
}

}  // namespace gantry::testing
