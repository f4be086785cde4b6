#include "server/domain/rules/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "server/domain/hour_cell.hpp"

namespace gantry::rules {

std::string Signal::text(std::string_view key) const {
    const auto* value = body.if_contains(key);
    return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<std::int64_t> Signal::number(std::string_view key) const {
    const auto* value = body.if_contains(key);
    return value && value->is_int64() ? std::optional{value->get_int64()} : std::nullopt;
}

std::optional<bool> Signal::flag(std::string_view key) const {
    const auto* value = body.if_contains(key);
    return value && value->is_bool() ? std::optional{value->get_bool()} : std::nullopt;
}

Signals::Signals(const DeviceCase& device) {
    for (const Moment& moment : device.moments) by_type_[moment.type].moments.push_back(&moment);
}

const std::vector<Signal>& Signals::of(std::string_view type) const {
    static const std::vector<Signal> none;
    const auto found = by_type_.find(type);
    if (found == by_type_.end()) return none;
    Group& group = found->second;
    for (const Moment* moment : group.moments) {
        boost::system::error_code bad;
        boost::json::value body = boost::json::parse(moment->body, bad);
        Signal signal{moment->at_ms, moment->leaf, {}};
        if (!bad && body.is_object()) signal.body = std::move(body.get_object());
        group.parsed.push_back(std::move(signal));
    }
    group.moments.clear();
    return group.parsed;
}

void Leaves::add(std::uint64_t leaf) {
    if (first_.size() < 8) {
        first_.push_back(leaf);
    } else if (last_.size() < 8) {
        last_.push_back(leaf);
    } else {
        last_[next_] = leaf;
        next_ = (next_ + 1) % last_.size();
    }
}

std::vector<std::uint64_t> Leaves::take() const {
    std::vector<std::uint64_t> out = first_;
    out.insert(out.end(), last_.begin(), last_.end());
    std::ranges::sort(out);
    const auto again = std::ranges::unique(out);
    out.erase(again.begin(), again.end());
    return out;
}

bool Run::is_gathering(bool any_filed) {
    if (any_filed || device_.registered_ms == 0) return false;
    const std::int64_t until_ms = add_days(device_.registered_ms, number("unfiled_grace_days"));
    if (now_ms() >= until_ms) return false;
    due_at(until_ms);
    return true;
}

std::int64_t Run::number(std::string_view name) const {
    return std::get<std::int64_t>(rule_.parameters.find(name)->second);
}
const Texts& Run::texts(std::string_view name) const { return std::get<Texts>(rule_.parameters.find(name)->second); }
const Table& Run::table(std::string_view name) const { return std::get<Table>(rule_.parameters.find(name)->second); }
const Words& Run::words(std::string_view name) const { return std::get<Words>(rule_.parameters.find(name)->second); }
bool Run::lists(std::string_view name, std::string_view text) const {
    const Texts& list = texts(name);
    return std::ranges::find(list, text) != list.end();
}

void Run::add(Found found) {
    found.rule = rule_.id;
    found_.push_back(std::move(found));
}

Found Run::found(std::string key, std::int64_t from_ms, std::int64_t to_ms, std::string measured,
                 std::string limit) const {
    Found out;
    out.key = std::move(key);
    out.severity = rule_.severity;
    out.suspected = false;
    out.from_ms = from_ms;
    out.to_ms = to_ms;
    out.measured = std::move(measured);
    out.limit = std::move(limit);
    return out;
}

void Run::due_at(std::int64_t at_ms) {
    if (at_ms > now_ms()) next_due_ms_ = std::min(next_due_ms_, at_ms);
}

PatientUse Run::patient_use(Span span) {
    PatientUse out;
    const auto count = [&](std::int64_t at_ms, std::int64_t exposures) {
        if (out.exposures == 0) out.first_ms = at_ms;
        out.last_ms = at_ms;
        out.exposures += exposures;
    };
    const auto& hours = device_.hours;
    auto hour = std::ranges::lower_bound(hours, hour_of(span.from_ms), {}, &UseHour::hour_ms);
    for (; hour != hours.end() && hour->hour_ms < span.to_ms; ++hour) {
        if (hour->patient_exposures == 0) continue;
        const std::int64_t end = hour->hour_ms + ms_per_hour;
        if (span.from_ms <= hour->hour_ms && end <= span.to_ms) {
            count(hour->hour_ms, hour->patient_exposures);
            if (hour->first_leaf != 0 || hour->last_leaf != 0) {
                out.leaves.add(hour->first_leaf);
                if (hour->last_leaf != hour->first_leaf) out.leaves.add(hour->last_leaf);
            }
            continue;
        }
        want(hour->hour_ms);
        auto use = std::ranges::lower_bound(device_.uses, std::max(hour->hour_ms, span.from_ms), {}, &UseEvent::at_ms);
        for (; use != device_.uses.end() && use->at_ms < std::min(end, span.to_ms); ++use) {
            if (!use->patient) continue;
            count(use->at_ms, 1);
            out.leaves.add(use->leaf);
        }
    }
    return out;
}

void Run::report_use(Span span, std::string key, Severity severity, std::string limit) {
    const PatientUse use = patient_use(span);
    if (use.exposures == 0) return;
    Found out =
        found(std::move(key), span.from_ms, span.to_ms, fmt::format("{} exposures", use.exposures), std::move(limit));
    out.severity = severity;
    out.suspected = true;  // of some exposures the purpose may not be known
    out.leaves = use.leaves.take();
    out.count = static_cast<std::uint64_t>(use.exposures);
    add(std::move(out));
}

void Run::want_hours(Span span) {
    const auto& hours = device_.hours;
    auto hour = std::ranges::lower_bound(hours, hour_of(span.from_ms), {}, &UseHour::hour_ms);
    for (; hour != hours.end() && hour->hour_ms < span.to_ms; ++hour) {
        if (hour->exposures > 0) want(hour->hour_ms);
    }
}

std::vector<const UseEvent*> Run::recent_uses(bool patients_only) {
    judged_from_ms_ = std::max(day_of(now_ms()) - events_window_days * ms_per_day, rule_.from_ms);
    const Span window{judged_from_ms_, std::min(now_ms() + 1, rule_.to_ms)};
    want_hours(window);
    std::vector<const UseEvent*> out;
    auto use = std::ranges::lower_bound(device_.uses, window.from_ms, {}, &UseEvent::at_ms);
    for (; use != device_.uses.end() && use->at_ms < window.to_ms; ++use) {
        if (use->patient || !patients_only) out.push_back(&*use);
    }
    return out;
}

std::vector<Late> find_late(Run& run, std::int64_t start_ms, const std::vector<std::int64_t>& done,
                            std::int64_t interval_ms, const Spans& duty) {
    std::vector<Late> out;
    std::int64_t anchor = start_ms;
    for (std::size_t i = 0; i <= done.size(); ++i) {
        const bool last = i == done.size();
        if (!last && done[i] <= anchor) {
            continue;  // before it counted, or twice on one day
        }
        Late late{anchor, anchor >= forever_ms - interval_ms ? forever_ms : anchor + interval_ms,
                  last ? forever_ms : done[i]};
        if (last) run.due_at(late.due_ms + 1);
        anchor = late.end_ms;
        // A shorter interval than before begins with its own version, not in the past.
        const std::int64_t from = std::max(late.due_ms, run.rule().from_ms);
        if (from >= late.end_ms || from >= run.rule().to_ms || from >= run.now_ms()) continue;
        const Spans held = clipped(duty, {from, late.end_ms});
        if (held.empty() || held.front().from_ms >= run.now_ms()) continue;
        late.late_from_ms = held.front().from_ms;
        late.late_to_ms = held.back().to_ms;
        out.push_back(late);
    }
    return out;
}

std::int64_t declared_ms(const Declared& declared) { return std::max(declared.at_ms, declared.recv_ms); }

const std::string* text_of(const Declared& declared, std::string_view key) {
    const auto found = declared.data.find(key);
    return found == declared.data.end() ? nullptr : std::get_if<std::string>(&found->second);
}

std::optional<bool> flag_of(const Declared& declared, std::string_view key) {
    const auto found = declared.data.find(key);
    const bool* value = found == declared.data.end() ? nullptr : std::get_if<bool>(&found->second);
    return value ? std::optional{*value} : std::nullopt;
}

bool names_device(const std::vector<std::string>& devices, std::string_view device) {
    return devices.empty() || std::ranges::find(devices, device) != devices.end();
}

namespace {

// Serials of digits only are compared as numbers: "9" comes before "10".
bool serial_less(std::string_view a, std::string_view b) {
    const auto digits = [](std::string_view text) {
        return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!digits(a) || !digits(b)) return a < b;
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

bool matches(const paper::Recall& recall, const DeviceCase& device) {
    if (std::ranges::find(recall.devices, device.device) != recall.devices.end()) return true;
    const paper::DeviceSheet& sheet = device.papers.sheet;
    if (recall.maker.empty() && recall.model.empty()) return false;
    if (!recall.maker.empty() && recall.maker != sheet.maker) return false;
    if (!recall.model.empty() && recall.model != sheet.model) return false;
    const bool ranged = !recall.serial_from.empty() || !recall.serial_to.empty();
    if (ranged && sheet.serial.empty()) return false;
    if (!recall.serial_from.empty() && serial_less(sheet.serial, recall.serial_from)) return false;
    return recall.serial_to.empty() || !serial_less(recall.serial_to, sheet.serial);
}

std::optional<std::int64_t> recall_closed_ms(const DeviceCase& device, const paper::Recall& recall) {
    std::optional<std::int64_t> closed;
    for (const paper::RecallAnswer& answer : device.papers.recall_answers) {
        if (answer.recall == recall.id && answer.device == device.device && answer.closed_ms)
            closed = std::min(closed.value_or(forever_ms), *answer.closed_ms);
    }
    return closed;
}

std::string modality_of(const DeviceCase& device) {
    return device.papers.sheet.modality.empty() ? device.modality : device.papers.sheet.modality;
}

bool ionising(const DeviceCase& device) {
    const std::string modality = modality_of(device);
    return !modality.empty() && modality != "MRI" && modality != "OTHER";
}

}  // namespace gantry::rules
