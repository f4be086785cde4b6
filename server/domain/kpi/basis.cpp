#include "server/domain/kpi/basis.hpp"

#include <algorithm>
#include <chrono>
#include <set>

namespace gantry::kpi {
namespace {

using rules::clipped;
using rules::gaps_between;
using rules::merged;
using rules::ms_per_day;
using rules::ms_per_minute;

// Service before warranty before lease; of one kind the later beginning goes before.
int rank(const paper::Contract& contract) {
    return contract.kind == "service" ? 0 : contract.kind == "warranty" ? 1 : 2;
}

std::vector<const paper::Contract*> contracts_of(const DeviceCase& device) {
    std::vector<const paper::Contract*> out;
    for (const paper::Contract& contract : device.papers.contracts)
        if (contract.kind != "purchase") out.push_back(&contract);
    std::ranges::stable_sort(out, {}, [](const paper::Contract* c) { return std::pair{rank(*c), -c->from_ms}; });
    return out;
}

// Each device's own opening hours go before those of its site, wherever they are in force.
Spans roster_of(const DeviceCase& device, Span period, std::vector<std::string>& basis) {
    Spans own, own_valid, site;
    std::set<std::string> papers;
    for (const paper::OpeningHours& hours : device.papers.hours) {
        const Span valid{std::max(hours.from_ms, period.from_ms), std::min(hours.to_ms, period.to_ms)};
        if (valid.empty()) continue;
        papers.insert("opening_hours:" + hours.id);
        const Spans windows = local_windows(device, hours.from_minute, hours.to_minute, hours.weekdays, valid);
        Spans& into = hours.device.empty() ? site : own;
        into.insert(into.end(), windows.begin(), windows.end());
        if (!hours.device.empty()) own_valid.push_back(valid);
    }
    basis.assign(papers.begin(), papers.end());
    return either(merged(std::move(own)), without(merged(std::move(site)), merged(std::move(own_valid))));
}

std::vector<Cover> covers_of(const DeviceCase& device, Span period, const Spans& in_service, const Spans& roster) {
    std::vector<Cover> out;
    Spans taken;
    for (const paper::Contract* contract : contracts_of(device)) {
        const Span valid{std::max(contract->from_ms, period.from_ms), std::min(contract->to_ms, period.to_ms)};
        if (valid.empty()) continue;
        const Spans free = gaps_between(taken, valid);
        const Spans windows = local_windows(device, contract->cover_from_minute, contract->cover_to_minute,
                                            contract->cover_weekdays, valid);
        out.push_back({contract, both(both(windows, free), in_service)});
        taken.push_back(valid);
    }
    out.push_back({nullptr, both(both(roster, gaps_between(taken, period)), in_service)});
    return out;
}

// A declared partial fault lasts until a declaration ends it: a repair, a maintenance, another fault, another place.
Spans declared_partial(const DeviceCase& device) {
    Spans out;
    std::optional<std::int64_t> since;
    for (const rules::Declared& d : device.declared) {
        bool partial = false;
        if (d.event == "fault.reported") {
            const auto severity = d.data.find("severity");
            const auto* text = severity == d.data.end() ? nullptr : std::get_if<std::string>(&severity->second);
            partial = text && *text == "partial";
        } else if (d.event != "repair.completed" && d.event != "pm.completed" && d.event != "install.completed" &&
                   d.event != "transfer.received") {
            continue;
        }
        if (partial && !since) since = d.at_ms;
        if (!partial && since) {
            out.push_back({*since, d.at_ms});
            since.reset();
        }
    }
    if (since) out.push_back({*since, rules::forever_ms});
    return out;
}

UseSum use_of(const DeviceCase& device, Span period) {
    UseSum out;
    auto row = std::ranges::lower_bound(device.hours, period.from_ms, {}, &rules::UseHour::hour_ms);
    for (; row != device.hours.end() && row->hour_ms < period.to_ms; ++row) {
        out.exams += row->exams;
        out.exposures += row->exposures;
        out.exposure_ms += row->exposure_ms;
        out.unknown_duration += row->unknown_duration;
        out.ends.add(row->ends);
    }
    out.exams = std::max<std::int64_t>(0, out.exams - out.ends.aborted());
    return out;
}

}  // namespace

std::int64_t total_ms(const Spans& spans) {
    std::int64_t out = 0;
    for (const Span& span : spans) out += span.to_ms - span.from_ms;
    return out;
}

Spans both(const Spans& a, const Spans& b) {
    Spans out;
    for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
        const Span cut{std::max(left->from_ms, right->from_ms), std::min(left->to_ms, right->to_ms)};
        if (!cut.empty()) out.push_back(cut);
        left->to_ms < right->to_ms ? ++left : ++right;
    }
    return out;
}

Spans either(const Spans& a, const Spans& b) {
    Spans all = a;
    all.insert(all.end(), b.begin(), b.end());
    return merged(std::move(all));
}

Spans without(const Spans& a, const Spans& b) {
    Spans out;
    auto cut = b.begin();
    for (Span span : a) {
        while (cut != b.end() && cut->to_ms <= span.from_ms) ++cut;
        for (auto at = cut; at != b.end() && at->from_ms < span.to_ms; ++at) {
            if (at->from_ms > span.from_ms) out.push_back({span.from_ms, at->from_ms});
            span.from_ms = at->to_ms;
        }
        if (!span.empty()) out.push_back(span);
    }
    return out;
}

std::int64_t permille(std::int64_t part, std::int64_t whole) {
    return whole <= 0 ? 0 : static_cast<std::int64_t>(real(part) * 1000.0 / real(whole) + 0.5);
}

Spans local_windows(const DeviceCase& device, std::int64_t from_minute, std::int64_t to_minute, std::uint8_t weekdays,
                    Span within) {
    Spans out;
    for (std::size_t i = 0; i < device.offsets.size(); ++i) {
        const std::int64_t offset = device.offsets[i].offset_ms;
        const std::int64_t end = i + 1 < device.offsets.size() ? device.offsets[i + 1].from_ms : rules::forever_ms;
        const Span piece{std::max(within.from_ms, device.offsets[i].from_ms), std::min(within.to_ms, end)};
        if (piece.empty()) continue;
        for (std::int64_t day = rules::day_of(piece.from_ms + offset); day < piece.to_ms + offset; day += ms_per_day) {
            if (!(weekdays >> rules::weekday_of(day) & 1)) continue;
            const Span window{std::max(day + from_minute * ms_per_minute - offset, piece.from_ms),
                              std::min(day + to_minute * ms_per_minute - offset, piece.to_ms)};
            if (!window.empty()) out.push_back(window);
        }
    }
    return merged(std::move(out));
}

double years_of(const DeviceCase& device, Span span) {
    using namespace std::chrono;
    double out = 0;
    const auto offset = [&](std::int64_t at) {
        return rules::local_known(device, at) ? rules::local_ms(device, at) - at : 0;
    };
    for (std::int64_t at = span.from_ms; at < span.to_ms;) {
        const year_month_day day{sys_days{days{static_cast<int>(rules::day_of(at + offset(at)) / ms_per_day)}}};
        const auto start_of = [](year y) {
            return duration_cast<milliseconds>(sys_days{y / January / 1}.time_since_epoch()).count();
        };
        const std::int64_t first = start_of(day.year()), next = start_of(day.year() + years{1});
        const std::int64_t end = std::min(span.to_ms, next - offset(at));
        out += real(end - at) / real(next - first);
        at = end;
    }
    return out;
}

Spans Basis::states(std::initializer_list<State> list) const { return clipped(rules::spans_in(device, list), period); }

Basis::Basis(const DeviceCase& device_, Span asked, const Settings& settings_)
    : device{device_}, settings{settings_}, period{asked.from_ms, std::min(asked.to_ms, device_.now_ms)} {
    period.to_ms = std::max(period.to_ms, period.from_ms);
    watched = clipped(device.watched, period);
    used = clipped(device.used, period);
    known = either(watched, used);
    in_use = states({State::in_use});
    in_service = states({State::in_use, State::pm, State::fault, State::retest, State::suspended, State::sealed});
    local = rules::local_known(device, period.from_ms);
    if (local) roster = roster_of(device, period, roster_basis);
    if (local) covers = covers_of(device, period, in_service, roster);
    partial = declared_partial(device);
    for (const rules::FaultSpan& fault : device.faults) {
        if (fault.severity == "hard" || fault.severity == "safety") hard.push_back({fault.from_ms, fault.to_ms});
        if (fault.severity == "partial") partial.push_back({fault.from_ms, fault.to_ms});
    }
    hard = merged(std::move(hard));
    partial = merged(std::move(partial));
    use = use_of(device, period);
}

std::vector<Figure> figures(const DeviceCase& device, Span period, const Settings& settings) {
    const Basis basis{device, period, settings};
    Sheet out;
    add_time(basis, out);
    add_duty(basis, out);
    add_use(basis, out);
    add_exams(basis, out);
    add_money(basis, out);
    add_data(basis, out);
    return out.take();
}

Settings settings_of(const rules::RulePack& pack, std::int64_t at_ms, Settings base) {
    const auto table = [&](std::string_view id, std::string_view parameter, auto& into) {
        const rules::Rule* rule = pack.at(id, at_ms);
        if (!rule) return;
        const auto found = rule->parameters.find(parameter);
        const auto* levels = found == rule->parameters.end() ? nullptr : std::get_if<rules::Table>(&found->second);
        if (levels) into.insert(levels->begin(), levels->end());
    };
    table("V39", "ctdivol_p75_mgy", base.drl_ctdivol_mgy);
    table("V39", "dlp_p75_mgy_cm", base.drl_dlp_mgy_cm);
    table("V43", "plan_exposures", base.plan_exposures);
    return base;
}

}  // namespace gantry::kpi
