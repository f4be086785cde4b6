#include "server/ingest/receipts.hpp"

#include <algorithm>

#include "server/ingest/limits.hpp"

namespace gantry::ingest {

Waiting& ReceiptQueue::waiting(store::DevNo dev_no, const DeviceId& dev) {
    const auto [at, added] = waiting_.try_emplace(dev_no, Waiting{dev, {}, {}, {}});
    if (added) order_.push_back(dev_no);
    return at->second;
}

void ReceiptQueue::put(store::DevNo dev_no, const DeviceId& dev, Ack ack) {
    {
        const std::lock_guard guard{mutex_};
        auto& acks = waiting(dev_no, dev).acks;
        const auto older = std::ranges::find(acks, ack.epoch, &Ack::epoch);
        if (older == acks.end()) {
            acks.push_back(std::move(ack));
        } else {
            *older = std::move(ack);
            ++metrics_.receipts_coalesced;
        }
    }
    filled_.notify_one();
}

void ReceiptQueue::put(store::DevNo dev_no, const DeviceId& dev, Refusal refusal) {
    {
        const std::lock_guard guard{mutex_};
        auto& refusals = waiting(dev_no, dev).refusals;
        refusals.push_back(std::move(refusal));
        if (refusals.size() > refusals_per_device_max) refusals.pop_front();
    }
    filled_.notify_one();
}

void ReceiptQueue::put(store::DevNo dev_no, const DeviceId& dev, StateReply state) {
    {
        const std::lock_guard guard{mutex_};
        auto& states = waiting(dev_no, dev).states;
        states.push_back(std::move(state));
        if (states.size() > states_per_device_max) states.pop_front();
    }
    filled_.notify_one();
}

std::optional<Waiting> ReceiptQueue::take(std::chrono::milliseconds wait) {
    std::unique_lock lock{mutex_};
    filled_.wait_for(lock, wait, [&] { return !order_.empty() || woken_; });
    woken_ = false;
    if (order_.empty()) return std::nullopt;
    const auto found = waiting_.find(order_.front());
    order_.pop_front();
    Waiting out = std::move(found->second);
    waiting_.erase(found);
    return out;
}

void ReceiptQueue::wake() {
    {
        const std::lock_guard guard{mutex_};
        woken_ = true;
    }
    filled_.notify_one();
}

std::size_t ReceiptQueue::devices_waiting() const {
    const std::lock_guard guard{mutex_};
    return order_.size();
}

}  // namespace gantry::ingest
