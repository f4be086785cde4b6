#include "tests/bench/load.hpp"

#include <fmt/format.h>

#include <random>

#include "common/core/chain.hpp"
#include "common/core/record.hpp"
#include "common/core/topics.hpp"

namespace gantry::bench {
namespace {

constexpr std::int64_t begin_ms = 1'790'000'000'000;

Hash derived(std::string_view what, const LoadOptions& options, std::uint32_t device) {
    return sha256(as_bytes(fmt::format("{} {} {}", what, options.seed, device)));
}

std::string exposure_body(std::mt19937& random) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution{low, high}(random); };
    const auto hex = [&] { return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random()); };
    return fmt::format(
        R"({{"event_h":"{}","exam_h":"{}","acq":"spiral","n":{},"duration_ms":{},"kvp_v":{},"ctdivol_ugy":{},"dlp_ugy_cm":{},"region":"chest","proto_group":"chest","sources":[{{"id":"A","kv_v":120000,"ma_mean_ua":{},"rot_ms":500}}]}})",
        hex(), hex(), pick(1, 8), pick(500, 20'000), pick(8, 14) * 10'000, pick(1'000, 60'000), pick(20'000, 1'500'000),
        pick(50'000, 400'000));
}

std::string open_body(const Hash& host) {
    return fmt::format(
        R"({{"parent":null,"reason":"install","host":"{}","host_parts":["machine_id"],"agent":"bench"}})",
        to_hex(host));
}

void add_frames(LoadDevice& device, const LoadOptions& options, std::uint32_t index) {
    std::mt19937 random{options.seed * 1'000'003U + index};
    Hash head = chain_start(device.id, device.epoch, zero_hash);
    std::uint64_t seq = 0;
    for (std::uint32_t f = 0; f < options.frames; ++f) {
        std::vector<std::string> records;
        for (std::uint32_t r = 0; r < options.records; ++r) {
            ++seq;
            const bool open = seq == 1;
            const auto at = begin_ms + static_cast<std::int64_t>(seq) * 60'000;
            const RecordHead record{.seq = seq,
                                    .t_ms = at + 1000,
                                    .mono_ms = static_cast<std::int64_t>(seq) * 60'000,
                                    .boot = "bench",
                                    .clk = ClockState::sync,
                                    .src = open ? Source::agent : Source::rdsr,
                                    .at_ms = open ? std::nullopt : std::optional{at},
                                    .type = open ? "epoch_open" : "usage.exposure"};
            records.push_back(
                encode_record(record, open ? open_body(derived("host", options, index)) : exposure_body(random)));
        }
        std::vector<FrameEntry> entries;
        for (const std::string& record : records) entries.push_back(FrameEntry::of_record(as_bytes(record)));
        device.frames.push_back(
            encode_frame(device.id, device.epoch, seq - options.records + 1, head, entries, device.key));
        for (const std::string& record : records) head = chain_next(head, as_bytes(record));
    }
}

}  // namespace

std::vector<LoadDevice> make_load(const LoadOptions& options, bool with_frames) {
    std::vector<LoadDevice> devices;
    devices.reserve(options.devices);
    for (std::uint32_t i = 0; i < options.devices; ++i) {
        const DeviceId id = DeviceId::parse(fmt::format("bench-{:05}", i)).value();
        LoadDevice device{.id = id,
                          .key = SigningKey::from_seed(derived("key", options, i)),
                          .epoch = {},
                          .topic = device_topic(id, Channel::up),
                          .frames = {}};
        const Hash epoch = derived("epoch", options, i);
        std::copy_n(epoch.begin(), device.epoch.size(), device.epoch.begin());
        if (with_frames) add_frames(device, options, i);
        devices.push_back(std::move(device));
    }
    return devices;
}

std::string register_lines(const std::vector<LoadDevice>& devices) {
    std::string out;
    for (const LoadDevice& device : devices) {
        out += fmt::format(
            R"({{"id":"{0}","record_key":"{1}","maker":"Bench","model":"CT","serial":"{0}","site":"bench","tz":"UTC","modality":"CT","name":"{0}"}})"
            "\n",
            device.id.text(), to_hex(device.key.public_key()));
    }
    return out;
}

}  // namespace gantry::bench
