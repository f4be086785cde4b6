#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace gantry::ingest {

// A queue of values between threads, bounded by count and by the bytes that its items hold. Any number of pushers, one
// taker.
template <class T>
class BoundedQueue {
public:
    BoundedQueue(std::size_t count_max, std::size_t bytes_max) : count_max_{count_max}, bytes_max_{bytes_max} {}

    // False when it is full or closed: nothing was taken. Never waits (but for the lock, which is held for a few
    // instructions).
    bool try_push(T&& item, std::size_t bytes) {
        {
            const std::lock_guard guard{mutex_};
            if (closed_ || items_.size() >= count_max_ || bytes_ + bytes > bytes_max_) return false;
            put(std::move(item), bytes);
        }
        filled_.notify_one();
        return true;
    }

    // Waits for room. False when the queue is closed.
    bool push(T&& item, std::size_t bytes) {
        {
            std::unique_lock lock{mutex_};
            // An item larger than the whole queue must still pass once the queue is empty.
            room_.wait(lock, [&] {
                return closed_ || items_.empty() || (items_.size() < count_max_ && bytes_ + bytes <= bytes_max_);
            });
            if (closed_) return false;
            put(std::move(item), bytes);
        }
        filled_.notify_one();
        return true;
    }

    // For the few things that must not be lost and are bounded elsewhere. False only when closed.
    bool push_over_limit(T&& item) {
        {
            const std::lock_guard guard{mutex_};
            if (closed_) return false;
            put(std::move(item), 0);
        }
        filled_.notify_one();
        return true;
    }

    // Waits until there is something, the deadline passes or the queue is closed; then moves up to `most` items into
    // `out` as long as `take` says yes to the next. Returns false when closed and empty.
    template <class Take>
    bool take(std::vector<T>& out, std::size_t most, std::optional<std::chrono::steady_clock::time_point> until,
              Take take_next) {
        {
            std::unique_lock lock{mutex_};
            const auto ready = [&] { return closed_ || !items_.empty() || woken_; };
            if (until)
                filled_.wait_until(lock, *until, ready);
            else
                filled_.wait(lock, ready);
            woken_ = false;
            if (closed_ && items_.empty()) return false;
            while (!items_.empty() && out.size() < most && take_next(items_.front().first)) {
                bytes_ -= items_.front().second;
                out.push_back(std::move(items_.front().first));
                items_.pop_front();
            }
        }
        room_.notify_all();
        return true;
    }

    // Makes the taker return from its wait.
    void wake() {
        {
            const std::lock_guard guard{mutex_};
            woken_ = true;
        }
        filled_.notify_one();
    }

    // Nothing more goes in; what is inside can still be taken.
    void close() {
        {
            const std::lock_guard guard{mutex_};
            closed_ = true;
        }
        filled_.notify_all();
        room_.notify_all();
    }

    std::size_t size() const {
        const std::lock_guard guard{mutex_};
        return items_.size();
    }
    std::size_t bytes() const {
        const std::lock_guard guard{mutex_};
        return bytes_;
    }
    // The fuller of the two limits, in 1/1000.
    unsigned fill_permille() const {
        const std::lock_guard guard{mutex_};
        return static_cast<unsigned>(std::max(items_.size() * 1000 / count_max_, bytes_ * 1000 / bytes_max_));
    }

private:
    void put(T&& item, std::size_t bytes) {
        items_.emplace_back(std::move(item), bytes);
        bytes_ += bytes;
    }

    const std::size_t count_max_;
    const std::size_t bytes_max_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable room_;
    std::deque<std::pair<T, std::size_t>> items_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
    bool woken_ = false;
};

}  // namespace gantry::ingest
