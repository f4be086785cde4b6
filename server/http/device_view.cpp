#include "server/http/device_view.hpp"

#include <date/tz.h>

#include <algorithm>
#include <boost/json.hpp>

#include "server/http/text_form.hpp"
#include "server/store/read_fleet.hpp"

namespace gantry::http {
namespace {

constexpr std::int64_t day_ms = 24 * ms_per_hour;

// The latest folded state of a device may be unreadable only if a newer version wrote it: shown as nothing known.
DeviceFold fold_of(std::string_view json) {
    if (json.empty()) return {};
    auto fold = parse_device_fold(json);
    return fold ? std::move(*fold) : DeviceFold{};
}

std::uint64_t open_fault_count(const DeviceFold& fold) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(fold.faults, [](const FaultFold& f) { return f.open() && f.severity != "info"; }));
}

void write_today(JsonWriter& json, const DeviceView& device, std::int64_t now_ms) {
    const UseToday today = use_since(device.hours, site_midnight(device.entry.tz, now_ms), now_ms);
    json.field("exams_today", today.exams).field("exposures_today", today.exposures);
}

}  // namespace

UseToday use_since(std::span<const store::HourRow> hours, std::int64_t midnight_ms, std::int64_t now_ms) {
    UseToday sum;
    for (const store::HourRow& hour : hours) {
        if (hour.hour_ms > now_ms) continue;
        if (hour.hour_ms >= midnight_ms) {
            sum.exams += hour.cell.exams;
            sum.exposures += hour.cell.exposures;
        } else if (hour.hour_ms + ms_per_hour / 2 >= midnight_ms) {
            sum.exposures += hour.cell.half_exposures[1];
        }
    }
    return sum;
}

bool is_pseudo_device(std::string_view id) { return id == "unassigned" || id.starts_with("unassigned-"); }

Entry parse_entry(std::string_view json) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(boost::json::string_view{json.data(), json.size()}, error);
    Entry entry;
    if (error || !value.is_object()) return entry;
    const auto text = [&](const char* name) {
        const boost::json::value* member = value.get_object().if_contains(name);
        return member && member->is_string() ? std::string{member->get_string().c_str()} : std::string{};
    };
    entry.name = text("name");
    entry.maker = text("maker");
    entry.model = text("model");
    entry.serial = text("serial");
    entry.modality = text("modality");
    entry.site = text("site");
    entry.org = text("org");
    entry.tz = text("tz");
    entry.udi = text("udi");
    return entry;
}

DeviceView device_view(const store::StoreReader::Device& row) {
    return {.dev_no = row.row.dev_no,
            .id = row.row.id,
            .entry = parse_entry(row.row.entry),
            .fold = fold_of(row.fold),
            .seen_ms = row.seen.seen_ms,
            .hours = {},
            .intervals = {}};
}

std::optional<DeviceView> load_device(store::StoreReader& reader, std::string_view id, std::int64_t now_ms) {
    const auto row = reader.device(id);
    if (!row || is_pseudo_device(id)) return std::nullopt;
    DeviceView view = device_view(*row);
    view.hours = reader.hours(view.dev_no, hour_of(now_ms) - 25 * ms_per_hour, now_ms + ms_per_hour);
    for (const Lane lane : {Lane::lifecycle, Lane::operating, Lane::faults})
        for (store::IntervalRow& interval :
             reader.intervals(view.dev_no, lane, now_ms - day_ms - ms_per_hour, now_ms + 1))
            view.intervals.push_back(std::move(interval));
    return view;
}

std::vector<DeviceView> load_fleet(store::StoreReader& reader, std::int64_t now_ms) {
    const store::StoreReader::Snapshot one_state{reader};
    std::vector<DeviceView> fleet;
    std::map<store::DevNo, std::size_t> place;
    for (const store::StoreReader::Device& row : reader.devices()) {
        if (is_pseudo_device(row.row.id)) continue;
        place[row.row.dev_no] = fleet.size();
        fleet.push_back(device_view(row));
    }
    reader.each_hour(hour_of(now_ms) - 25 * ms_per_hour, now_ms + ms_per_hour,
                     [&](const store::StoreReader::DeviceHour& hour) {
                         if (const auto at = place.find(hour.dev_no); at != place.end())
                             fleet[at->second].hours.push_back(hour.row);
                     });
    store::each_interval(reader, now_ms - day_ms - ms_per_hour, now_ms + 1,
                         [&](store::DevNo dev_no, store::IntervalRow interval) {
                             if (const auto at = place.find(dev_no); at != place.end())
                                 fleet[at->second].intervals.push_back(std::move(interval));
                         });
    return fleet;
}

std::int64_t site_midnight(std::string_view tz, std::int64_t now_ms) {
    using namespace std::chrono;
    const date::sys_time<milliseconds> now{milliseconds{now_ms}};
    const std::int64_t utc = now_ms - now_ms % day_ms;
    if (tz.empty()) return utc;
    try {
        const date::time_zone* zone = date::locate_zone(std::string{tz});
        const auto day = date::floor<date::days>(zone->to_local(now));
        return duration_cast<milliseconds>(zone->to_sys(day, date::choose::earliest).time_since_epoch()).count();
    } catch (const std::runtime_error&) {
        return utc;  // The register holds a zone that this machine does not know.
    }
}

std::int64_t watched_minutes(const DeviceView& device, std::int64_t from_ms, std::int64_t to_ms, std::int64_t now_ms) {
    constexpr std::int64_t minute_ms = 60'000;
    std::int64_t minutes = 0;
    for (const store::HourRow& hour : device.hours) {
        if (hour.cell.coverage == 0 || hour.hour_ms + ms_per_hour <= from_ms || hour.hour_ms >= to_ms) continue;
        for (int minute = 0; minute < 60; ++minute) {
            const std::int64_t at = hour.hour_ms + minute * minute_ms;
            if (at >= from_ms && at < to_ms && (hour.cell.coverage >> (59 - minute) & 1) != 0) ++minutes;
        }
    }
    // The agent tells an hour's map when the hour is over; until then being seen has to do.
    const std::int64_t told_through = device.fold.coverage_hour == 0 ? 0 : device.fold.coverage_hour + ms_per_hour;
    const std::int64_t begin = std::max({from_ms, told_through, hour_of(now_ms)});
    const std::int64_t end = std::min({to_ms, device.last_seen_ms(), now_ms});
    if (end > begin) minutes += (end - begin + minute_ms - 1) / minute_ms;
    return std::min(minutes, (to_ms - from_ms) / minute_ms);
}

void write_time(JsonWriter& json, std::string_view name, std::int64_t ms) {
    json.key(name);
    if (ms == 0)
        json.null();
    else
        json.value(time_text(ms));
}

void write_optional(JsonWriter& json, std::string_view name, std::string_view text) {
    json.key(name);
    if (text.empty())
        json.null();
    else
        json.value(text);
}

void write_state(JsonWriter& json, std::string_view label, State state) {
    json.key(label);
    if (state == State::none)
        json.null();
    else
        json.value(name(state));
}

std::string_view target_text(const TransitionRow& row) {
    switch (row.target) {
        case Target::state:
            return name(row.to);
        case Target::cleared_to:
            return "@cleared_to";
        case Target::same:
        case Target::baseline:  // the page knows these two as one: the declaration says where it leads
            break;
    }
    return "@same";
}

void write_live_members(JsonWriter& json, const DeviceView& device, std::int64_t now_ms) {
    const DeviceFold& fold = device.fold;
    const std::int64_t seen = device.last_seen_ms();
    const Operating operating = operating_at(fold, seen, now_ms);
    const std::vector<std::string> flags = overlays(fold, seen, now_ms);
    // Time alone may have changed the state: then it began when the last sign of life came.
    const std::int64_t operating_since = operating == fold.operating ? fold.operating_since_ms : seen;
    write_state(json, "state", fold.life.state);
    write_time(json, "state_since", fold.life.state == State::none ? 0 : fold.life.since_ms);
    json.field("op_state", name(operating));
    write_time(json, "op_since", operating_since);
    json.key("overlays").begin_array();
    for (const std::string& flag : flags) json.value(flag);
    json.end_array();
    write_time(json, "last_seen_at", seen);
    write_time(json, "last_record_at", fold.last_recv_ms);
    json.field("silent", std::ranges::find(flags, "silent") != flags.end());
    write_today(json, device, now_ms);
    json.field("coverage_24h_permille", watched_minutes(device, now_ms - day_ms, now_ms, now_ms) * 1000 / 1440);
    json.field("open_faults", open_fault_count(fold)).field("records", fold.records);
    json.field("missing_records", fold.missing_records).field("identity_alarm", fold.identity_alarm);
}

void write_item_members(JsonWriter& json, const DeviceView& device, std::int64_t now_ms) {
    const Entry& entry = device.entry;
    const IdentityFold& seen_identity = device.fold.identity;
    json.field("id", device.id).field("name", entry.name.empty() ? device.id : entry.name);
    write_optional(json, "maker", entry.maker.empty() ? seen_identity.maker : entry.maker);
    write_optional(json, "model", entry.model.empty() ? seen_identity.model : entry.model);
    write_optional(json, "serial", entry.serial.empty() ? seen_identity.serial : entry.serial);
    write_optional(json, "modality", entry.modality);
    write_optional(json, "site", entry.site);
    write_optional(json, "org", entry.org);
    write_optional(json, "site_tz", entry.tz);
    write_live_members(json, device, now_ms);
    json.key("bands_24h").begin_array();
    for (const BandCell& band : bands_24h(device, now_ms)) {
        json.begin_object().field("from", time_text(band.from_ms)).field("to", time_text(band.from_ms + half_hour_ms));
        json.field("state", band.state).key("use_permille");
        if (band.use_permille)
            json.value(*band.use_permille);
        else
            json.null();
        json.end_object();
    }
    json.end_array();
}

}  // namespace gantry::http
