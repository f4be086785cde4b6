#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/core/chain.hpp"
#include "common/core/frame.hpp"
#include "common/core/json.hpp"
#include "common/core/messages.hpp"
#include "common/core/record.hpp"
#include "common/core/topics.hpp"

namespace gantry::testing {

// An agent's history in memory: it writes records, and signs whatever part of them a test wants to send. A copy of it
// is a clone.
class TestAgent {
public:
    explicit TestAgent(const std::string& id, std::uint8_t seed = 1)
        : dev{DeviceId::parse(id).value()}, key{SigningKey::from_seed(KeySeed{seed})}, host_(64, 'a') {
        open("install");
    }

    DeviceId dev;
    SigningKey key;

    struct Epoch {
        EpochId id{};
        std::optional<EpochParent> parent;
        std::vector<std::string> records;
        std::vector<Hash> heads;  // heads[n] = chain value after n records
    };
    std::vector<Epoch> epochs;
    Epoch& epoch() { return epochs.back(); }

    // Every start of an agent opens an epoch that goes on where the last one ended.
    void open(std::string_view reason) {
        Epoch next;
        next.id = EpochId{static_cast<std::uint8_t>(epochs.size() + 1)};
        for (std::size_t i = 0; i < 8 && i < dev.text().size(); ++i)
            next.id[8 + i] = static_cast<std::uint8_t>(dev.text()[i]);
        next.id[7] = branch_;
        if (!epochs.empty()) next.parent = EpochParent{epoch().id, epoch().records.size(), epoch().heads.back()};
        next.heads.push_back(chain_start(dev, next.id, next.parent ? next.parent->last_head : zero_hash));
        epochs.push_back(std::move(next));
        std::string body;
        JsonWriter json{body};
        json.begin_object().key("parent");
        if (const auto& parent = epoch().parent)
            json.begin_object()
                .field("epoch", to_hex(parent->epoch))
                .field("last_seq", parent->last_seq)
                .field("last_head", to_hex(parent->last_head))
                .end_object();
        else
            json.null();
        json.field("reason", reason)
            .field("host", host_)
            .key("host_parts")
            .begin_array()
            .value("machine_id")
            .end_array();
        json.field("agent", "0.1.0").end_object();
        append("epoch_open", body, std::nullopt, Source::agent);
    }
    // From now on epochs get other ids, as on another machine.
    void branch_off(char host) {
        ++branch_;
        host_.assign(64, host);
    }

    void append(std::string_view type, std::string_view body, std::optional<std::int64_t> at_ms = std::nullopt,
                Source src = Source::rdsr) {
        RecordHead head;
        head.seq = epoch().records.size() + 1;
        head.t_ms = clock_ms++;
        head.mono_ms = clock_ms - start_ms;
        head.boot = "b1";
        head.clk = ClockState::sync;
        head.src = src;
        head.at_ms = at_ms;
        head.type = type;
        append_bytes(encode_record(head, body));
    }
    void append_bytes(std::string bytes) {
        epoch().heads.push_back(chain_next(epoch().heads.back(), as_bytes(bytes)));
        epoch().records.push_back(std::move(bytes));
    }
    // `n` makes the exposure one of its kind.
    void expose(std::uint64_t n, std::int64_t at_ms) {
        std::string hash = to_hex(sha256(as_bytes(dev.text() + std::to_string(n)))).substr(0, 32);
        append("usage.exposure",
               R"({"event_h":")" + hash + R"(","exam_h":")" + std::string(31, '0') + std::to_string(n % 10) +
                   R"(","acq":"spiral","duration_ms":2000,"ctdivol_ugy":12000,"dlp_ugy_cm":300000,)"
                   R"("sources":[{"id":"A","kv_v":120000,"ma_mean_ua":200000}]})",
               at_ms);
    }

    // Records first … last of an epoch as they fly; `poisoned` flies as a tombstone.
    Bytes frame(const Epoch& from, std::uint64_t first, std::uint64_t last, std::uint64_t poisoned = 0) const {
        std::vector<FrameEntry> entries;
        for (std::uint64_t seq = first; seq <= last; ++seq) {
            FrameEntry entry = FrameEntry::of_record(as_bytes(from.records[seq - 1]));
            if (seq == poisoned) entry = FrameEntry::of_tombstone(entry.length, entry.digest);
            entries.push_back(entry);
        }
        return encode_frame(dev, from.id, first, from.heads[first - 1], entries, key);
    }
    Bytes frame(std::uint64_t first, std::uint64_t last, std::uint64_t poisoned = 0) {
        return frame(epoch(), first, last, poisoned);
    }
    Bytes all() { return frame(1, epoch().records.size()); }

    Bytes hello(const std::string& nonce) const {
        Hello hello{.nonce = nonce, .t_ms = clock_ms, .mono_ms = 1, .boot_agent = "b1", .epochs = {}};
        for (const Epoch& known : epochs)
            hello.epochs.push_back({known.id, known.parent, known.records.size(), known.heads.back()});
        return seal_message(MessageKind::hello, dev, encode_body(hello), key);
    }
    Bytes lost(const Epoch& from, std::uint64_t first, std::uint64_t last) const {
        Lost lost{.epoch = from.id,
                  .parent = from.parent,
                  .from = first,
                  .to = last,
                  .head_at_to = from.heads[last],
                  .host = {},
                  .host_parts = 1};
        lost.host.fill(0xaa);
        return seal_message(MessageKind::lost, dev, encode_body(lost), key);
    }
    Bytes beat() const {
        return seal_message(
            MessageKind::beat, dev,
            encode_body(Beat{.t_ms = clock_ms, .mono_ms = 1, .pending = 3, .outbox_bytes = 1, .version = "0.1.0"}),
            key);
    }
    std::string topic() const { return device_topic(dev, Channel::up); }

    static constexpr std::int64_t start_ms = 1'795'000'000'000;
    std::int64_t clock_ms = start_ms;

private:
    std::string host_;
    std::uint8_t branch_ = 0;
};

}  // namespace gantry::testing
