#include "tests/support/feeder.hpp"

#include <stdexcept>
#include <utility>

namespace gantry::testing {

Feeder::Feeder(std::string device, std::filesystem::path intake, std::uint64_t first_mark, std::size_t in_flight,
               std::chrono::milliseconds pause)
    : device_{std::move(device)},
      intake_{std::move(intake)},
      next_mark_{first_mark},
      in_flight_{in_flight},
      pause_{pause},
      thread_{[this] { run(); }} {}

Feeder::~Feeder() { stop(); }

void Feeder::stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

std::vector<Promised> Feeder::promises() const {
    const std::lock_guard lock{mutex_};
    return promises_;
}

std::vector<std::string> Feeder::refusals() const {
    const std::lock_guard lock{mutex_};
    return refusals_;
}

void Feeder::run() {
    while (!stop_) {
        auto intake = LineClient::connect(intake_);
        if (intake) talk(*intake);
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

void Feeder::talk(LineClient& intake) {
    // What the last connection left without an answer may or may not be stored: only sending it again makes it sure.
    for (const std::uint64_t n : unanswered_) {
        if (!intake.send(exposure_line(n))) return;
    }
    while (!stop_ || !unanswered_.empty()) {
        while (!stop_ && unanswered_.size() < in_flight_) {
            unanswered_.push_back(next_mark_++);
            if (!intake.send(exposure_line(unanswered_.back()))) return;
        }
        for (std::size_t left = unanswered_.size(); left > 0; --left) {
            if (!take_answer(intake)) return;
        }
        std::this_thread::sleep_for(pause_);
    }
}

bool Feeder::take_answer(LineClient& intake) {
    const auto answer = intake.receive(std::chrono::seconds{5});
    if (!answer) return false;
    const std::uint64_t n = unanswered_.front();
    unanswered_.pop_front();
    const std::lock_guard lock{mutex_};
    if (const auto promise = parse_ok(*answer)) {
        promises_.push_back({.device = device_, .promise = *promise, .n = n});
        ++promised_;
    } else {
        refusals_.push_back(*answer);
    }
    return true;
}

std::vector<Promised> feed(const Agent& agent, std::uint64_t first, std::size_t count, std::size_t in_flight) {
    auto intake = LineClient::connect(agent.intake());
    if (!intake) throw std::runtime_error{"no intake at " + agent.intake().string()};
    std::vector<Promised> promises;
    std::size_t sent = 0;
    for (std::size_t answered = 0; answered < count; ++answered) {
        for (; sent < count && sent - answered < in_flight; ++sent) intake->send(exposure_line(first + sent));
        const auto answer = intake->receive();
        const auto promise = parse_ok(answer.value_or(""));
        if (!promise)
            throw std::runtime_error{"intake of " + agent.device() + ": got " + answer.value_or("no answer") +
                                     ", want ok"};
        promises.push_back({.device = agent.device(), .promise = *promise, .n = first + answered});
    }
    return promises;
}

}  // namespace gantry::testing
