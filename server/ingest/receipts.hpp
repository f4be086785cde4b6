#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/core/messages.hpp"
#include "server/ingest/metrics.hpp"
#include "server/store/rows.hpp"

namespace gantry::ingest {

// What waits to be told to one device.
struct Waiting {
    DeviceId dev;
    std::vector<Ack> acks;          // one an epoch: a newer receipt covers the older
    std::deque<Refusal> refusals;   // at most refusals_per_device_max; the sender of a lost one meets it again
    std::deque<StateReply> states;  // at most states_per_device_max: a hello that is not answered is said again
};

inline constexpr std::size_t states_per_device_max = 16;  // a hello of 1,024 epochs

// From the writer, after its commit, to the sender. Bounded by devices and their epochs: whatever the sender is too
// slow for becomes one newer receipt.
class ReceiptQueue {
public:
    explicit ReceiptQueue(Metrics& metrics) : metrics_{metrics} {}

    void put(store::DevNo dev_no, const DeviceId& dev, Ack ack);
    void put(store::DevNo dev_no, const DeviceId& dev, Refusal refusal);
    void put(store::DevNo dev_no, const DeviceId& dev, StateReply state);

    // The device that waits longest, or nothing within `wait`.
    std::optional<Waiting> take(std::chrono::milliseconds wait);
    void wake();
    std::size_t devices_waiting() const;

private:
    Waiting& waiting(store::DevNo dev_no, const DeviceId& dev);

    Metrics& metrics_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::unordered_map<store::DevNo, Waiting> waiting_;
    std::deque<store::DevNo> order_;
    bool woken_ = false;
};

}  // namespace gantry::ingest
