#include "server/http/live_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/io/clock.hpp"
#include "common/io/log.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t replay_rows = 500;         // of one read
constexpr std::size_t devices_per_reload = 200;  // one note takes about 1 ms and 600 bytes
constexpr std::int64_t fleet_age_ms = 5000;

// The members of a note that are worth a message when only time has passed.
std::string essence(const DeviceView& device, std::int64_t now_ms) {
    const std::int64_t seen = device.last_seen_ms();
    std::string out{name(operating_at(device.fold, seen, now_ms))};
    for (const std::string& flag : overlays(device.fold, seen, now_ms)) out += ' ' + flag;
    return out + ' ' + std::to_string(site_midnight(device.entry.tz, now_ms));
}

std::string record_event(std::uint64_t index, std::string_view json) { return sse_text({index, "record", json}); }

Replay read_replay(store::StoreReader& reader, std::uint64_t last_id, bool first, std::uint64_t entries_max) {
    const store::StoreReader::Snapshot one_state{reader};
    Replay out;
    const auto log = reader.log_state();
    out.log_size = log ? log->size : 0;
    out.through = last_id;
    if (first && replay_from(last_id, out.log_size, entries_max) == ReplayFrom::reset) {
        out.reset = true;
        return out;
    }
    const auto leaves = reader.leaves_from(last_id + 1, replay_rows);
    std::unordered_map<store::DevNo, std::string> ids;
    for (const store::StoreReader::Leaf& leaf : leaves) {
        std::string& id = ids[leaf.row.dev_no];
        if (id.empty()) id = reader.device_id(leaf.row.dev_no).value_or("collector");
        out.text += record_event(leaf.row.idx, record_note_json(leaf, id));
        out.through = leaf.row.idx;
    }
    out.more = leaves.size() == replay_rows;
    return out;
}

}  // namespace

LiveHub::LiveHub(Api& api, LiveBus& bus, ReaderPool& pool, Post post, const HttpLimits& limits, HttpCounters& counters)
    : api_{api}, bus_{bus}, pool_{pool}, post_{std::move(post)}, limits_{limits}, counters_{counters} {}

std::shared_ptr<StreamClient> LiveHub::join() {
    if (clients_.size() >= limits_.streams_max) return nullptr;
    auto client = std::make_shared<StreamClient>(limits_.stream_bytes_max);
    clients_.insert(client);
    counters_.streams = clients_.size();
    return client;
}

void LiveHub::leave(const std::shared_ptr<StreamClient>& client) {
    clients_.erase(client);
    counters_.streams = clients_.size();
}

void LiveHub::close_all() {
    for (const auto& client : clients_) {
        client->closed = true;
        client->wake();
    }
}

void LiveHub::tell(const std::string& text, std::optional<std::uint64_t> id) {
    for (const auto& client : clients_) {
        if (client->closed) continue;
        client->queue.push(text, id);
        if (client->queue.overflowed()) {
            client->closed = true;
            ++counters_.streams_dropped;
        }
        client->wake();
    }
}

void LiveHub::tell_records(const std::vector<LiveNote>& notes) {
    std::vector<const LiveNote*> records;
    for (const LiveNote& note : notes)
        if (note.log_index) records.push_back(&note);
    if (records.empty() || clients_.empty()) return;
    // Under load the newest are told; the gap in the ids says that there were more.
    const std::size_t first =
        records.size() > limits_.notes_per_tick_max ? records.size() - limits_.notes_per_tick_max : 0;
    for (std::size_t i = first; i < records.size(); ++i) {
        const LiveNote& note = *records[i];
        const std::string json =
            record_note_json(*note.log_index, note.device, note.kind, note.type, note.at_ms, note.recv_ms);
        tell(record_event(*note.log_index, json), *note.log_index);
    }
}

void LiveHub::tick(std::int64_t now_ms) {
    const std::vector<LiveNote> notes = bus_.drain();
    tell_records(notes);
    if (clients_.empty()) {
        changed_.clear();  // whoever comes next loads everything first
        return;
    }
    for (const LiveNote& note : notes)
        if (!note.device.empty() && !is_pseudo_device(note.device)) changed_.insert(note.device);
    if (!changed_.empty()) reload_devices(now_ms);
}

void LiveHub::reload_devices(std::int64_t now_ms) {
    if (reloading_) return;  // the rest joins the next one
    std::vector<std::string> batch;
    while (!changed_.empty() && batch.size() < devices_per_reload)
        batch.push_back(std::move(changed_.extract(changed_.begin()).value()));
    const bool posted = pool_.try_post([this, batch, now_ms](store::StoreReader& reader) {
        std::vector<std::string> notes;
        try {
            const store::StoreReader::Snapshot one_state{reader};
            for (const std::string& device : batch)
                if (const auto view = load_device(reader, device, now_ms))
                    notes.push_back(device_note_json(*view, now_ms));
        } catch (const std::exception& failure) {
            log::warn("live: devices not read", {{"error", failure.what()}});
        }
        post_([this, notes = std::move(notes)] {
            reloading_ = false;
            tell_devices(notes);
        });
    });
    if (posted)
        reloading_ = true;
    else
        changed_.insert(batch.begin(), batch.end());
}

void LiveHub::tell_devices(const std::vector<std::string>& notes) {
    // Without an id: a stream that is cut right after it resumes from the last record it saw.
    for (const std::string& note : notes) tell(sse_text({std::nullopt, "device", note}), std::nullopt);
}

void LiveHub::sweep(std::int64_t now_ms) {
    if (clients_.empty()) return;
    pool_.try_post([this, now_ms](store::StoreReader& reader) {
        std::vector<std::pair<std::string, std::string>> now_essences;
        try {
            for (const DeviceView& view : *api_.fleet().get(reader, now_ms, fleet_age_ms))
                now_essences.emplace_back(view.id, essence(view, now_ms));
        } catch (const std::exception& failure) {
            log::warn("live: fleet not read", {{"error", failure.what()}});
        }
        post_([this, now_essences = std::move(now_essences)] {
            for (const auto& [device, text] : now_essences) {
                std::string& told = told_[device];
                if (!told.empty() && told != text) changed_.insert(device);
                told = text;
            }
        });
    });
}

void LiveHub::replay(std::uint64_t last_id, bool first, std::function<void(Replay)> done) {
    const std::uint64_t entries_max = limits_.replay_entries_max;
    const bool posted = pool_.try_post([this, last_id, first, entries_max, done](store::StoreReader& reader) {
        Replay replay;
        try {
            replay = read_replay(reader, last_id, first, entries_max);
        } catch (const std::exception& failure) {
            log::warn("live: replay failed", {{"error", failure.what()}});
            replay.failed = true;
        }
        post_([done, replay = std::move(replay)] { done(replay); });
    });
    if (!posted) {
        Replay busy;
        busy.failed = true;
        done(std::move(busy));
    }
}

}  // namespace gantry::http
