#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/core/bytes.hpp"
#include "common/core/crypto.hpp"
#include "common/core/frame.hpp"
#include "common/core/messages.hpp"

/// The collector's side of the protocol in as few lines as it takes: stores what continues a chain, answers with signed
/// receipts and states. One epoch a device. The tests choose what is lost, refused, restarted and restored.
class ScriptedCollector {
public:
    struct Device {
        std::optional<gantry::PublicKey> key;
        std::optional<gantry::EpochId> epoch;
        std::vector<std::string> records;
        std::vector<gantry::Hash> heads;  ///< heads[n] = chain value after record n.
        std::vector<gantry::Lost> lost;
        int hellos = 0;
        int beats = 0;
        int tombstones = 0;
        std::uint64_t frames = 0;
    };

    ScriptedCollector();
    void add(const gantry::DeviceId& dev, const gantry::PublicKey& key);
    /// What came on `up`; the answers for `down`.
    std::vector<gantry::Bytes> receive(const gantry::DeviceId& dev, gantry::ByteView message);
    /// A new process on the same database.
    void restart();
    /// The database as it was `keep` records into this device's history.
    void restore(const gantry::DeviceId& dev, std::size_t keep);
    gantry::Bytes ack(const gantry::DeviceId& dev, std::uint64_t seq, const gantry::SigningKey& key,
                      const gantry::BootId& boot) const;

    const gantry::PublicKey& receipt_key() const { return key_.public_key(); }
    const gantry::SigningKey& signing_key() const { return key_; }
    const gantry::BootId& boot() const { return boot_; }
    Device& device(const std::string& id) { return devices_.at(id); }
    std::map<std::string, Device>& devices() { return devices_; }

    std::uint32_t credit = 512;
    std::string refuse_type;  ///< Records holding this text are refused as `schema`.
    int problems = 0;         ///< Anything that an agent must never send.

private:
    std::vector<gantry::Bytes> take_frame(const gantry::DeviceId& dev, Device& device, gantry::ByteView bytes);
    gantry::Bytes answer_hello(const gantry::DeviceId& dev, Device& device, const gantry::Hello& hello);

    gantry::SigningKey key_;
    gantry::BootId boot_{};
    std::map<std::string, Device> devices_;
};
