#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "common/core/crypto.hpp"
#include "common/core/ids.hpp"
#include "server/ingest/receipts.hpp"
#include "server/ingest/transport.hpp"

namespace gantry::ingest {

// The sending thread: signs what the writer decided and hands it to the transport, which it owns while it runs. Also
// keeps the collector's retained status.
class Sender {
public:
    Sender(ReceiptQueue& queue, Transport& transport, SigningKey receipt_key, CollectorId id, BootId boot,
           std::uint64_t gen, Metrics& metrics);
    ~Sender() { stop(); }

    void start();
    // Sends what waits (at most two seconds long), says goodbye, ends.
    void stop();
    // The transport can take more, or its connection changed. On any thread.
    void wake();

    // The last will that belongs to this sender.
    static std::string status_json(std::string_view state, std::uint64_t gen, const BootId& boot);

private:
    void run();
    void send(const Waiting& waiting);
    bool publish(const DeviceId& dev, MessageKind kind, const std::string& json);
    bool deliver(const std::string& topic, ByteView payload, bool retained);
    void keep_status();

    ReceiptQueue& queue_;
    Transport& transport_;
    SigningKey key_;
    CollectorId id_;
    BootId boot_;
    std::uint64_t gen_;
    Metrics& metrics_;
    bool status_told_ = false;
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> stop_at_ms_{0};
    std::thread thread_;
};

}  // namespace gantry::ingest
