#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/core/link_inbox.hpp"
#include "agent/core/outbox.hpp"
#include "agent/core/settings.hpp"
#include "agent/domain/delivery.hpp"
#include "common/core/crypto.hpp"
#include "common/io/mqtt_link.hpp"

namespace gantry::agent {

// Counters of what was not believed, for the status.
struct SenderCounts {
    std::uint64_t forged = 0;   // wrong signature
    std::uint64_t foreign = 0;  // malformed, unknown kind, not for this device
    std::uint64_t alarms = 0;
};

// Carries out what the delivery state machine decides: reads the outbox, signs, publishes; verifies what comes back.
class Sender {
public:
    struct Identity {
        DeviceId device;
        SigningKey key;
        Provisioning trust;
        EpochOpening opening;  // for epochs that open while running; the reason is set here
    };
    // `link` may be null: then nothing is sent, for ever (no broker configured).
    Sender(Identity identity, Outbox& outbox, MqttLink* link, std::uint64_t seed);

    // What MQTT's threads left.
    void take(const LinkInbox::Taken& taken, std::int64_t now_ms);
    // After a commit that appended.
    void appended(bool urgent, std::int64_t now_ms);
    void pruned(const EpochId& epoch, std::uint64_t seq) { delivery_.pruned(epoch, seq); }
    // Does all there is to do now. Throws sql::SqlError only when the outbox is broken; a full disk is tried again
    // later.
    void pump(std::int64_t now_ms, const Stamp& stamp);
    // Puts the receipted places into a commit that happens anyway: a lost mark costs a resend, never a record.
    void write_marks(Outbox::Batch& batch);
    void marks_written() { marks_.clear(); }
    bool marks_are_due(std::int64_t now_ms) const;
    void send_beat(const Beat& beat);
    void publish_status(std::string_view state);

    std::int64_t next_wakeup(std::int64_t now_ms) const;
    const Delivery& delivery() const { return delivery_; }
    const SenderCounts& counts() const { return counts_; }
    std::uint64_t acked(const EpochId& epoch) const;
    // Receipted records still in the outbox, by the newest receipts.
    std::uint64_t tail_records() const;
    bool connected() const { return link_ && link_->connected(); }

private:
    void receive(const LinkInbox::Message& message, std::int64_t now_ms);
    void receive_signed(const Envelope& envelope, std::int64_t now_ms);
    void receive_settings(const gantry::Settings& settings);
    void receive_rekey(const Envelope& envelope);
    void load_trust();
    bool perform(const Action& action, std::int64_t now_ms, const Stamp& stamp);
    bool perform(const SendHello& hello, const Stamp& stamp);
    bool perform(const SendFrame& frame, std::int64_t now_ms);
    bool perform(const SendLost& lost);
    void open_epoch(std::string_view reason, const EpochId* rehome, std::int64_t now_ms, const Stamp& stamp);
    void poison(const Poison& poison, std::int64_t now_ms, const Stamp& stamp);
    bool send(MessageKind kind, std::string_view json);
    int slots() const;

    Identity identity_;
    Outbox& outbox_;
    MqttLink* link_;
    std::string up_topic_, down_topic_, status_topic_, collector_topic_;
    PublicKey receipt_key_;
    PublicKey recovery_key_;
    Delivery delivery_;
    std::map<EpochId, std::uint64_t> marks_;  // receipted places not yet in the database; one an epoch
    std::int64_t marks_since_ms_ = 0;
    std::optional<Action> stuck_;  // a local action that the disk had no room for
    std::int64_t stuck_until_ms_ = 0;
    std::int64_t quiet_until_ms_ = 0;  // a publish failed: nothing is sent before
    SenderCounts counts_;
};

}  // namespace gantry::agent
