#include "server/domain/rules/judge.hpp"

#include <algorithm>

#include "server/domain/rules/run.hpp"

namespace gantry::rules {
namespace {

void keep_latest(std::vector<Found>& found) {
    if (found.size() <= found_per_rule_max) return;
    std::ranges::stable_sort(found, std::greater{}, &Found::from_ms);
    found.resize(found_per_rule_max);
}

void settle_wanted(std::vector<std::int64_t>& wanted) {
    std::ranges::sort(wanted);
    const auto again = std::ranges::unique(wanted);
    wanted.erase(again.begin(), again.end());
    if (wanted.size() > wanted_hours_max) wanted.erase(wanted.begin(), wanted.end() - wanted_hours_max);
}

}  // namespace

Judged judge(const DeviceCase& device, const RulePack& pack) {
    const Signals signals{device};
    Judged out;
    for (const Rule& rule : pack.rules()) {
        if (rule.from_ms > device.now_ms) {
            out.next_due_ms = std::min(out.next_due_ms, rule.from_ms);
            continue;
        }
        Run run{device, pack, signals, rule};
        rule.function->judge(run);
        keep_latest(run.found_list());
        out.found.insert(out.found.end(), std::make_move_iterator(run.found_list().begin()),
                         std::make_move_iterator(run.found_list().end()));
        out.next_due_ms = std::min(out.next_due_ms, run.next_due_ms());
        out.wanted.insert(out.wanted.end(), run.wanted().begin(), run.wanted().end());
        if (run.judged_from_ms() > 0) {
            const auto [place, fresh] = out.judged_from_ms.emplace(rule.id, run.judged_from_ms());
            if (!fresh) place->second = std::min(place->second, run.judged_from_ms());
        }
    }
    settle_wanted(out.wanted);
    // Two versions of a rule may both see one thing that lasts: the earlier one found it.
    const auto name = [](const Found& f) { return std::tie(f.rule, f.key); };
    std::ranges::stable_sort(out.found, [&](const Found& a, const Found& b) {
        return std::tie(a.rule, a.key, a.from_ms) < std::tie(b.rule, b.key, b.from_ms);
    });
    const auto again =
        std::ranges::unique(out.found, [&](const Found& a, const Found& b) { return name(a) == name(b); });
    out.found.erase(again.begin(), again.end());
    return out;
}

std::vector<std::int64_t> wanted_hours(const DeviceCase& device, const RulePack& pack) {
    return judge(device, pack).wanted;
}

}  // namespace gantry::rules
