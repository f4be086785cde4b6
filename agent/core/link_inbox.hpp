#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/io/files.hpp"

namespace gantry::agent {

// What comes from MQTT's threads, for the one thread of the agent. Pushing never waits for work: a full inbox drops and
// counts (the collector says it again, or is asked again).
class LinkInbox {
public:
    // A receipt is under 1 KiB and a state of 64 epochs under 16 KiB: 256 messages are at most 4 MiB, in practice a few
    // kilobytes.
    static constexpr std::size_t messages_max = 256;
    static constexpr std::size_t message_bytes_max = 64 * 1024;

    struct Message {
        std::string topic;
        Bytes payload;
    };
    struct Taken {
        std::vector<Message> messages;
        std::optional<bool> connection;  // the newest state, when it changed
        bool was_down = false;           // it went down since the last take, whatever it is now
        std::string why;
        std::optional<int> refused_publish;  // a PUBACK reason >= 0x80
    };

    LinkInbox();

    // On MQTT's threads.
    void push_message(std::string_view topic, ByteView payload);
    void push_connection(bool up, std::string_view why);
    void push_puback(int reason);
    // On the agent's thread. `fd` is readable when there is something to take.
    int fd() const { return wake_.get(); }
    Taken take();
    std::uint64_t dropped() const { return dropped_.load(); }

private:
    void wake();
    UniqueFd wake_;
    std::mutex mutex_;
    std::deque<Message> messages_;
    Taken other_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace gantry::agent
