#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "common/core/schema.hpp"
#include "server/ingest/items.hpp"
#include "server/ingest/metrics.hpp"
#include "server/ingest/queue.hpp"

namespace gantry::ingest {

using Inbox = BoundedQueue<InboxItem>;
using WriterQueue = BoundedQueue<WriterItem>;

// Which key a device signs with.
class KeyTable {
public:
    struct Known {
        store::DevNo dev_no = 0;
        std::optional<PublicKey> key;
    };
    void put(const KeyUpdate& update) { known_.insert_or_assign(update.dev.text(), Known{update.dev_no, update.key}); }
    const Known* find(const DeviceId& dev) const {
        const auto found = known_.find(dev.text());
        return found == known_.end() ? nullptr : &found->second;
    }

private:
    std::unordered_map<std::string, Known> known_;
};

// Pure: topic and bytes to a checked message. None: from nobody we know, or a topic that is not a device's `up`; those
// are counted and not answered.
std::optional<VerifiedItem> verify_incoming(Incoming&& incoming, const KeyTable& keys, const Schema& schema,
                                            Metrics& metrics);

// The verifying thread: takes from the inbox, gives to the writer, in order.
class VerifierThread {
public:
    VerifierThread(Inbox& inbox, WriterQueue& out, const Schema& schema, Metrics& metrics)
        : inbox_{inbox}, out_{out}, schema_{schema}, metrics_{metrics} {}
    ~VerifierThread() { join(); }

    void start() {
        thread_ = std::thread{[this] { run(); }};
    }
    // Returns when the inbox is closed and empty.
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    void run();
    Inbox& inbox_;
    WriterQueue& out_;
    const Schema& schema_;
    Metrics& metrics_;
    KeyTable keys_;
    std::thread thread_;
};

}  // namespace gantry::ingest
