#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/core/json.hpp"
#include "server/domain/fold.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::http {

// What was registered about a device. Empty: not told.
struct Entry {
    std::string name, maker, model, serial, modality, site, org, tz, udi;
};
Entry parse_entry(std::string_view json);

// All that a line of the device list is made of, as it was read; rendering it adds only the time.
struct DeviceView {
    store::DevNo dev_no = 0;
    std::string id;
    Entry entry;
    DeviceFold fold;
    std::int64_t seen_ms = 0;                   // last beat or record; 0: never
    std::vector<store::HourRow> hours;          // of the last 25 hours at least
    std::vector<store::IntervalRow> intervals;  // all lanes, touching the last 24 hours

    std::int64_t last_seen_ms() const { return std::max(seen_ms, fold.last_recv_ms); }
};

// The pseudo-devices that hold records which no route could tell.
bool is_pseudo_device(std::string_view id);

DeviceView device_view(const store::StoreReader::Device& row);
// With hours and intervals of the last day.
std::optional<DeviceView> load_device(store::StoreReader& reader, std::string_view id, std::int64_t now_ms);
// All but the pseudo-devices, by id.
std::vector<DeviceView> load_fleet(store::StoreReader& reader, std::int64_t now_ms);

inline constexpr std::int64_t half_hour_ms = 1'800'000;
inline constexpr int bands_per_day = 48;

struct BandCell {
    std::int64_t from_ms = 0;
    std::string_view state;  // use, on, off, fault, partial, pm, blocked, void
    std::optional<int> use_permille;
};
// The last 48 half hours, oldest first; the last is the one that `now` lies in.
std::vector<BandCell> bands_24h(const DeviceView& device, std::int64_t now_ms);

// Minutes of [from, to) in which somebody was watching, of one device's hours.
std::int64_t watched_minutes(const DeviceView& device, std::int64_t from_ms, std::int64_t to_ms, std::int64_t now_ms);

// Midnight at the site, in UTC ms; UTC's when the zone is not known.
std::int64_t site_midnight(std::string_view tz, std::int64_t now_ms);

// Exams and exposures since a midnight, out of hour rows. Where midnight lies inside a UTC hour (zones of half hours),
// the hour's second half counts; exams that began in that very hour count to the day before.
struct UseToday {
    std::int64_t exams = 0, exposures = 0;
};
UseToday use_since(std::span<const store::HourRow> hours, std::int64_t midnight_ms, std::int64_t now_ms);

// What changes from moment to moment, as members of an object that is open already.
void write_live_members(JsonWriter& json, const DeviceView& device, std::int64_t now_ms);
// All members of a list element.
void write_item_members(JsonWriter& json, const DeviceView& device, std::int64_t now_ms);

void write_time(JsonWriter& json, std::string_view name, std::int64_t ms);            // null for 0
void write_optional(JsonWriter& json, std::string_view name, std::string_view text);  // null for empty
void write_state(JsonWriter& json, std::string_view name, State state);               // null for none
std::string_view target_text(const TransitionRow& row);                               // a state, @cleared_to or @same

}  // namespace gantry::http
