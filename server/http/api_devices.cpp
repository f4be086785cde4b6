#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "common/io/clock.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/http/api.hpp"
#include "server/http/known_life.hpp"

// Devices, one device, its timeline.
namespace gantry::http {
namespace {

constexpr std::int64_t day_ms = 24 * ms_per_hour;
constexpr std::size_t epochs_shown_max = 50;
constexpr std::size_t gaps_shown_max = 50;
constexpr std::int64_t fleet_age_ms = 2000;

Problem no_device(const std::string& id) {
    return {.code = "not_found", .detail = fmt::format("device: got \"{}\", want a registered one", id)};
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
    json.key(name).begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end_array();
}

// What may be declared now; several rows of one event (they differ in their guards) become one element.
void write_allowed_events(JsonWriter& json, const LifecycleTable& table, State state) {
    struct Allowed {
        std::vector<std::string> to, actors, guards, evidence;
    };
    const auto add = [](std::vector<std::string>& list, std::string text) {
        if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
    };
    json.key("allowed_events").begin_array();
    for (const std::string& event : table.allowed_events(state)) {
        Allowed allowed;
        for (const TransitionRow& row : table.rows()) {
            if (row.from != state || row.event != event) continue;
            add(allowed.to, std::string{target_text(row)});
            for (const Role role : row.actors) add(allowed.actors, std::string{name(role)});
            for (const std::string& guard : row.need) add(allowed.guards, guard);
            for (const std::string& kind : row.evidence) add(allowed.evidence, kind);
        }
        json.begin_object().field("event", event);
        write_texts(json, "to", allowed.to);
        write_texts(json, "actors", allowed.actors);
        write_texts(json, "guards", allowed.guards);
        write_texts(json, "evidence", allowed.evidence);
        json.end_object();
    }
    json.end_array();
}

// The signatures that declarations still owe: late from the deadline on, which counts from the receipt.
void write_outstanding(JsonWriter& json, const LifecycleTable& table, const LifecycleFold& life, std::int64_t now_ms) {
    json.key("outstanding").begin_array();
    for (const LifeEvent& event : life.events) {
        if (event.withdrawn) continue;
        for (std::size_t i = 0; i < role_count; ++i) {
            const Role role = static_cast<Role>(i);
            if (!(event.owes & role_bit(role))) continue;
            const std::int64_t due_ms = std::max(event.at_ms, event.recv_ms) + table.policy().countersign_days * day_ms;
            json.begin_object().field("event", event.event).field("log_index", event.leaf);
            json.field("role", name(role)).field("at", time_text(event.at_ms)).field("due_at", time_text(due_ms));
            json.field("overdue", now_ms > due_ms).end_object();
        }
    }
    json.end_array();
}

void write_lifecycle(JsonWriter& json, const LifecycleTable& tables, const LifecycleFold& life, std::int64_t now_ms) {
    const LifecycleTable& table = tables.at(now_ms);
    json.key("lifecycle").begin_object().key("table");
    if (!table.modality().empty())
        json.value(table.id());
    else
        json.null();
    write_state(json, "state", life.state);
    write_time(json, "since", life.state == State::none ? 0 : life.since_ms);
    write_state(json, "cleared_to", life.cleared_to);
    write_texts(json, "sealed_by", seal_names(life.sealed_by));
    json.key("flags").begin_array();
    for (const FlagSpan& flag : life.flags) {
        if (!flag.holds(now_ms)) continue;
        json.begin_object().field("flag", flag.flag).field("since", time_text(flag.from_ms));
        write_time(json, "until", flag.to_ms.value_or(0));
        json.field("log_index", flag.leaf_index).end_object();
    }
    json.end_array();
    write_outstanding(json, table, life, now_ms);
    write_allowed_events(json, table, life.state);
    json.end_object();
}

void write_faults(JsonWriter& json, const DeviceFold& fold) {
    std::vector<const FaultFold*> open;
    for (const FaultFold& fault : fold.faults)
        if (fault.open()) open.push_back(&fault);
    std::ranges::sort(open, [](const FaultFold* a, const FaultFold* b) { return a->raised_ms > b->raised_ms; });
    json.key("faults").begin_array();
    for (const FaultFold* fault : open) {
        json.begin_object().field("code", fault->code).field("severity", fault->severity);
        write_optional(json, "subsystem", fault->subsystem);
        json.field("since", time_text(fault->raised_ms)).field("log_index", fault->leaf_index).end_object();
    }
    json.end_array();
}

void write_number(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& value) {
    json.key(name);
    if (value)
        json.value(*value);
    else
        json.null();
}

void write_tubes(JsonWriter& json, const DeviceFold& fold) {
    json.key("tubes").begin_array();
    for (const TubeFold& tube : fold.tubes) {
        json.begin_object().field("id", tube.id);
        write_optional(json, "serial", tube.serial);
        json.field("exposures", tube.exposures)
            .field("exposure_ms", tube.exposure_ms)
            .field("mas", tube.charge_ua_ms / 1'000'000);
        write_time(json, "shown_at", tube.shown_at_ms);
        write_number(json, "shown_scan_ms", tube.shown_scan_ms);
        write_number(json, "shown_mas", tube.shown_mas);
        json.end_object();
    }
    json.end_array();
}

void write_dose(JsonWriter& json, const std::vector<store::HourRow>& hours, std::int64_t from_ms, std::int64_t to_ms) {
    HourCell sum;
    std::int64_t minutes = 0;
    for (const store::HourRow& hour : hours) {
        sum.exams += hour.cell.exams;
        sum.exposures += hour.cell.exposures;
        sum.patient_exposures += hour.cell.patient_exposures;
        sum.exposure_ms += hour.cell.exposure_ms;
        sum.unknown_duration += hour.cell.unknown_duration;
        sum.charge_ua_ms += hour.cell.charge_ua_ms;
        sum.dlp_ugy_cm += hour.cell.dlp_ugy_cm;
        sum.ctdivol.merge(hour.cell.ctdivol);
        minutes += hour.cell.coverage_minutes();
    }
    const auto as_number = [](std::optional<std::uint32_t> v) {
        return v ? std::optional<std::int64_t>{*v} : std::nullopt;
    };
    json.key("dose_30d").begin_object().field("from", time_text(from_ms)).field("to", time_text(to_ms));
    json.field("exams", sum.exams).field("exposures", sum.exposures).field("patient_exposures", sum.patient_exposures);
    json.field("exposure_ms", sum.exposure_ms).field("unknown_duration", sum.unknown_duration).field("mas", sum.mas());
    json.field("dlp_ugy_cm", sum.dlp_ugy_cm).field("ctdivol_n", sum.ctdivol.count());
    write_number(json, "ctdivol_p50_ugy", as_number(sum.ctdivol.percentile(500)));
    write_number(json, "ctdivol_p75_ugy", as_number(sum.ctdivol.percentile(750)));
    json.field("coverage_permille", std::min<std::int64_t>(1000, minutes * 1000 / ((to_ms - from_ms) / 60'000)))
        .end_object();
}

void write_epochs(JsonWriter& json, store::StoreReader& reader, store::DevNo dev_no) {
    std::vector<store::EpochRow> epochs = reader.epochs(dev_no);
    std::ranges::sort(epochs, [](const auto& a, const auto& b) { return a.last_leaf > b.last_leaf; });
    json.key("epochs").begin_array();
    for (std::size_t i = 0; i < std::min(epochs.size(), epochs_shown_max); ++i) {
        const store::EpochRow& epoch = epochs[i];
        const bool frozen = epoch.ledger.find("\"frozen\":true") != std::string::npos;
        const auto last = reader.leaf(epoch.last_leaf);
        json.begin_object()
            .field("epoch", to_hex(epoch.epoch))
            .field("status", frozen   ? "frozen"
                             : i == 0 ? "current"
                                      : "ended");
        json.field("last_seq", epoch.high);
        write_time(json, "last_recv_at", last ? last->row.recv_ms : 0);
        json.end_object();
    }
    json.end_array();
}

// A gap is told by a fact in the log; the finding leads to it.
void write_gap(JsonWriter& json, store::StoreReader& reader, const store::FindingRow& finding) {
    std::optional<std::int64_t> from, to, count;
    std::string epoch;
    if (const auto leaf = reader.leaf(finding.first_leaf); leaf && leaf->row.type == LeafType::fact) {
        if (const auto fact = parse_fact_leaf(as_text(leaf->row.bytes))) {
            const auto number = [&](const char* key) -> std::optional<std::int64_t> {
                const auto it = fact->more.find(key);
                const auto* value = it == fact->more.end() ? nullptr : std::get_if<std::int64_t>(&it->second);
                return value ? std::optional{*value} : std::nullopt;
            };
            from = number("from");
            to = number("to");
            count = number("count");
            if (const auto it = fact->more.find("epoch"); it != fact->more.end())
                if (const auto* text = std::get_if<std::string>(&it->second); text && text->size() == 32) epoch = *text;
        }
    }
    if (from && *from < 1) from.reset();
    if (!count && from && to && *to >= *from) count = *to - *from + 1;
    json.begin_object();
    write_optional(json, "epoch", epoch);
    write_number(json, "from_seq", from);
    write_number(json, "to_seq", to);
    json.field("count", count.value_or(static_cast<std::int64_t>(finding.count))).field("reason", finding.rule);
    write_time(json, "from", finding.first_at_ms);
    write_time(json, "to", finding.open ? 0 : finding.last_at_ms);
    json.field("log_index", finding.first_leaf).end_object();
}

void write_gaps(JsonWriter& json, store::StoreReader& reader, store::DevNo dev_no) {
    json.key("gaps").begin_array();
    for (const store::FindingRow& finding : reader.findings(dev_no, true, gaps_shown_max))
        if (finding.rule == "gap_open" || finding.rule == "records_lost" || finding.rule == "outbox_lost")
            write_gap(json, reader, finding);
    json.end_array();
}

// Exact figures of one step of the timeline.
struct StepSum {
    HourCell cell;
    int minutes = 0;
};

void write_steps(JsonWriter& json, const std::vector<store::HourRow>& hours, std::int64_t step_ms) {
    std::map<std::int64_t, StepSum> steps;
    for (const store::HourRow& hour : hours) {
        StepSum& step = steps[hour.hour_ms - hour.hour_ms % step_ms];
        step.cell.exams += hour.cell.exams;
        step.cell.exposures += hour.cell.exposures;
        step.cell.exposure_ms += hour.cell.exposure_ms;
        step.cell.charge_ua_ms += hour.cell.charge_ua_ms;
        step.cell.dlp_ugy_cm += hour.cell.dlp_ugy_cm;
        step.cell.unknown_duration += hour.cell.unknown_duration;
        step.minutes += hour.cell.coverage_minutes();
    }
    json.key("hours").begin_array();
    for (const auto& [at, step] : steps) {
        json.begin_object()
            .field("hour", time_text(at))
            .field("exams", step.cell.exams)
            .field("exposures", step.cell.exposures);
        json.field("exposure_ms", step.cell.exposure_ms)
            .field("mas", step.cell.mas())
            .field("dlp_ugy_cm", step.cell.dlp_ugy_cm);
        json.field("unknown_duration", step.cell.unknown_duration).field("coverage_minutes", step.minutes).end_object();
    }
    json.end_array();
}

void write_lane(JsonWriter& json, Lane lane, std::vector<store::IntervalRow> intervals,
                std::vector<std::string>& truncated) {
    if (intervals.size() > lane_intervals_max) {
        intervals.erase(intervals.begin(), intervals.end() - static_cast<std::ptrdiff_t>(lane_intervals_max));
        truncated.emplace_back(name(lane));
    }
    json.key(name(lane)).begin_array();
    for (const store::IntervalRow& interval : intervals) {
        json.begin_object().field("from", time_text(interval.from_ms)).key("to");
        if (interval.to_ms)
            json.value(time_text(*interval.to_ms));
        else
            json.null();
        if (lane == Lane::faults)
            json.field("code", interval.key).field("severity", interval.state);
        else
            json.field("state", interval.state);
        json.field("log_index", interval.leaf).end_object();
    }
    json.end_array();
}

}  // namespace

namespace {

// What was true at a moment, as it was known.
void write_as_of(JsonWriter& json, const KnownLife& known, std::int64_t at_ms, std::int64_t known_at_ms) {
    const auto step = known.standing(at_ms);
    write_state(json, "state", step.state);
    const auto operating = known.intervals(Lane::operating, at_ms, at_ms + 1);
    json.field("operating", operating.empty() ? name(Operating::no_data) : std::string_view{operating.back().state});
    json.key("overlays").begin_array();
    if (step.restricted) json.value("restricted_use");
    if (step.retest_due) json.value("retest_due");
    for (const FlagSpan& flag : step.flags)
        if (flag.holds(at_ms)) json.value(flag.flag);
    json.end_array().key("as_of").begin_object();
    json.field("at", time_text(at_ms)).field("known_at", time_text(known_at_ms)).end_object();
}

}  // namespace

Answer Api::devices(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"limit", "cursor"});
    if (!params) return params.error();
    const auto limit = params->limit();
    if (!limit) return limit.error();
    const auto after = cursor(*params, "devices");
    if (!after) return after.error();

    const auto fleet = fleet_.state(reader, clock::utc_ms(), fleet_age_ms);
    const std::vector<DeviceView>& devices = fleet->devices();
    auto at = devices.begin();
    if (*after)
        at = std::upper_bound(devices.begin(), devices.end(), **after,
                              [](const std::string& id, const DeviceView& d) { return id < d.id; });
    const std::vector<std::string>& shown = fleet->items();
    const auto first = static_cast<std::size_t>(at - devices.begin());
    const std::size_t end = std::min(first + *limit, devices.size());
    std::string items{"["};
    for (std::size_t i = first; i < end; ++i) {
        if (i > first) items.push_back(',');
        items += shown[i];
    }
    items.push_back(']');
    const bool more = end < devices.size() && end > first;
    return page_answer(request, std::move(items),
                       more ? std::optional{cursors_.encode("devices", devices[end - 1].id)} : std::nullopt);
}

Answer Api::device(const Request& request, store::StoreReader& reader) {
    if (const auto params = Params::of(request, {}); !params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const std::int64_t now = clock::utc_ms();
    const store::StoreReader::Snapshot one_state{reader};
    const auto view = load_device(reader, *id, now);
    if (!view) return no_device(*id);

    std::string text;
    JsonWriter json{text};
    json.begin_object();
    write_item_members(json, *view, now);
    write_optional(json, "udi", view->entry.udi);
    write_optional(json, "software", view->fold.identity.sw);
    const auto tables = config_.tables->get();
    write_lifecycle(json, tables->of(view->entry.modality), view->fold.life, now);
    write_faults(json, view->fold);
    write_tubes(json, view->fold);
    const std::int64_t from = hour_of(now) - 30 * day_ms;
    write_dose(json, reader.hours(view->dev_no, from, now + 1), from, now);
    write_epochs(json, reader, view->dev_no);
    write_gaps(json, reader, view->dev_no);
    json.end_object();
    return json_answer(std::move(text));
}

Answer Api::timeline(const Request& request, store::StoreReader& reader) {
    const auto params = Params::of(request, {"from", "to", "step", "at", "known_at"});
    if (!params) return params.error();
    const auto id = device_id_of(request.path_values.at(0));
    if (!id) return id.error();
    const auto from_wish = params->time("from");
    if (!from_wish) return from_wish.error();
    const auto to_wish = params->time("to");
    if (!to_wish) return to_wish.error();
    const auto at_wish = params->time("at");
    if (!at_wish) return at_wish.error();
    const auto known_wish = params->time("known_at");
    if (!known_wish) return known_wish.error();
    const std::string* step_text = params->find("step");
    if (step_text && *step_text != "hour" && *step_text != "day")
        return bad_parameter("step", fmt::format("got \"{}\", want hour or day", step_text->substr(0, 40)));
    const bool days = step_text && *step_text == "day";

    const std::int64_t to = to_wish->value_or(clock::utc_ms());
    const std::int64_t from = from_wish->value_or(std::max<std::int64_t>(0, to - 7 * day_ms));
    const std::int64_t days_max = days ? timeline_days_max : timeline_hours_days_max;
    if (from >= to)
        return bad_parameter("from", fmt::format("got {}, want earlier than to = {}", time_text(from), time_text(to)));
    if (to - from > days_max * day_ms)
        return bad_parameter("from", fmt::format("got {} days up to `to`, want at most {} with step={}",
                                                 (to - from) / day_ms, days_max, days ? "day" : "hour"));

    const store::StoreReader::Snapshot one_state{reader};
    const auto row = reader.device(*id);
    if (!row) return no_device(*id);
    std::string text;
    JsonWriter json{text};
    json.begin_object().field("device", *id).field("from", time_text(from)).field("to", time_text(to));
    json.field("step", days ? "day" : "hour");
    std::optional<KnownLife> known;
    if (*at_wish || *known_wish) {
        const std::int64_t known_at = known_wish->value_or(clock::utc_ms());
        const auto tables = config_.tables->get();
        known = life_as_known(reader, row->row.dev_no, tables->of(parse_entry(row->row.entry).modality), known_at);
        write_as_of(json, *known, at_wish->value_or(known_at), known_at);
    }
    json.key("lanes").begin_object();
    std::vector<std::string> truncated;
    for (const Lane lane : {Lane::lifecycle, Lane::operating, Lane::faults})
        write_lane(json, lane,
                   known ? known->intervals(lane, from, to) : reader.intervals(row->row.dev_no, lane, from, to),
                   truncated);
    if (!truncated.empty()) write_texts(json, "truncated", truncated);
    json.end_object();
    write_steps(json, reader.hours(row->row.dev_no, hour_of(from), to), days ? day_ms : ms_per_hour);
    json.end_object();
    return json_answer(std::move(text));
}

std::string device_note_json(const DeviceView& device, std::int64_t now_ms) {
    std::string text;
    JsonWriter json{text};
    json.begin_object().field("id", device.id);
    write_live_members(json, device, now_ms);
    json.end_object();
    return text;
}

}  // namespace gantry::http
