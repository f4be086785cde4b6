#include "tests/bench/city_score.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "firmware-sim/model/calendar.hpp"
#include "server/domain/rules/judge.hpp"
#include "server/judging/case_reader.hpp"
#include "server/store/read_findings.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::bench {
namespace {

constexpr std::int64_t slack_ms = sim::day_ms;
// A warning about a trend looks back over its window: what began it may be long past.
constexpr std::int64_t window_ms = 100 * sim::day_ms;
constexpr std::size_t findings_max = 1'000;

struct Found {
    std::string device, rule, key;
    std::int64_t from_ms = 0, to_ms = 0, told_ms = 0;
    bool withdrawn = false, by_fold = false;
};

struct Truth {
    std::string device;
    sim::Violation wrong;
};

// What the packs found, and what the fold found by the states alone.
std::vector<store::FindingRow> rows_of_rules(store::StoreReader& reader) {
    std::vector<store::FindingRow> out;
    for (const store::StoreReader::Device& device : reader.devices()) {
        const store::DevNo dev_no = device.row.dev_no;
        for (store::FindingRow& row : store::judged_findings(reader, dev_no)) out.push_back(std::move(row));
        const store::FindingFilter by_state{.devices = std::vector{dev_no}, .rules = {"V10", "V12", "V13", "V14"}};
        for (store::FindingRow& row : store::findings_page(reader, by_state, {}, findings_max))
            out.push_back(std::move(row));
    }
    return out;
}

std::vector<Found> all_findings(const CityWorld& world) {
    store::StoreReader reader{world.database()};
    std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> told;
    for (const Told& t : world.told()) told[{t.device, t.rule, t.key}] = t.first_ms;
    std::vector<Found> out;
    for (const store::FindingRow& row : rows_of_rules(reader)) {
        Found found{*reader.device_id(row.dev_no),
                    row.rule,
                    row.key,
                    row.first_at_ms,
                    row.last_at_ms,
                    0,
                    row.stage == "withdrawn",
                    row.rule_version == 0};
        if (found.by_fold)
            found.told_ms = reader.leaf(row.first_leaf)->row.recv_ms;
        else
            found.told_ms = told.at({found.device, found.rule, found.key});
        out.push_back(std::move(found));
    }
    return out;
}

std::vector<Truth> all_truth(const CityWorld& world) {
    std::vector<Truth> out;
    for (sim::Violation& wrong : world.fleet().planted())
        out.push_back({world.fleet().profile(wrong.device).id, std::move(wrong)});
    return out;
}

bool overlaps(const Found& found, const Truth& truth, std::int64_t after_ms) {
    return found.from_ms <= truth.wrong.to_ms + after_ms && found.to_ms >= truth.wrong.from_ms - slack_ms;
}

bool implied(const Found& found, const Truth& truth) {
    const bool named =
        std::ranges::any_of(truth.wrong.implies, [&](sim::Rule r) { return sim::code(r) == found.rule; });
    return named && overlaps(found, truth, found.rule.front() == 'W' ? window_ms : slack_ms);
}

std::string line(const Found& found) {
    return fmt::format("{} {} {} {} .. {}{}", found.rule, found.device, found.key, sim::rfc3339(found.from_ms),
                       sim::rfc3339(found.to_ms), found.withdrawn ? " withdrawn" : "");
}

void count_missed(const CityWorld& world, const std::vector<Found>& findings, const std::vector<Truth>& truth,
                  CityScore& out) {
    for (const Truth& one : truth) {
        const std::string rule{sim::code(one.wrong.rule)};
        RuleScore& score = out.rules[rule];
        ++score.planted;
        std::int64_t first_ms = INT64_MAX;
        for (const Found& found : findings)
            if (found.rule == rule && found.device == one.device && overlaps(found, one, slack_ms))
                first_ms = std::min(first_ms, found.told_ms);
        if (first_ms == INT64_MAX) {
            out.missed.push_back(fmt::format("{} {} {} .. {}", rule, one.device, sim::rfc3339(one.wrong.from_ms),
                                             sim::rfc3339(one.wrong.to_ms)));
            continue;
        }
        ++score.found;
        const std::int64_t begun_ms = std::max(one.wrong.from_ms, world.fleet().start_ms());
        score.delays_ms.push_back(std::max<std::int64_t>(0, first_ms - begun_ms));
    }
}

// Judged again from the store, every finding that stands must come out again; what lies before a rule's window is left
// as it was found.
void reproduce(const CityWorld& world, const std::vector<Found>& findings, CityScore& out) {
    store::StoreReader reader{world.database()};
    const judging::FleetFacts fleet = judging::read_fleet_facts(reader);
    for (std::uint32_t i = 0; i < world.fleet().size(); ++i) {
        const std::string& device = world.fleet().profile(i).id;
        const auto subject = judging::read_case(reader, device, fleet, *world.pack(), world.now_ms());
        const rules::Judged judged = rules::judge(*subject, *world.pack());
        std::set<std::pair<std::string, std::string>> again;
        for (const rules::Found& found : judged.found) again.emplace(found.rule, found.key);
        for (const Found& found : findings) {
            if (found.device != device || found.withdrawn || found.by_fold) continue;
            const auto from = judged.judged_from_ms.find(found.rule);
            if (from != judged.judged_from_ms.end() && found.from_ms < from->second) continue;
            RuleScore& score = out.rules[found.rule];
            ++score.to_reproduce;
            if (again.contains({found.rule, found.key}))
                ++score.reproduced;
            else
                out.unreproduced.push_back(line(found));
        }
    }
}

}  // namespace

std::int64_t RuleScore::delay_ms(double share) const {
    if (delays_ms.empty()) return 0;
    std::vector<std::int64_t> sorted = delays_ms;
    std::ranges::sort(sorted);
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

bool is_statistical(std::string_view rule) {
    // Medians, percentiles, profiles and drifts: a lawful department may look like one that is not.
    constexpr std::array<std::string_view, 9> weighed{"V20", "V39", "V40", "V41", "W02", "W03", "W04", "W05", "W06"};
    return std::ranges::find(weighed, rule) != weighed.end() || rule == "W09";
}

RuleScore CityScore::certain() const {
    RuleScore sum;
    for (const auto& [rule, score] : rules) {
        if (is_statistical(rule)) continue;
        sum.planted += score.planted;
        sum.found += score.found;
        sum.findings += score.findings;
        sum.justified += score.justified;
        sum.reproduced += score.reproduced;
        sum.to_reproduce += score.to_reproduce;
        sum.delays_ms.insert(sum.delays_ms.end(), score.delays_ms.begin(), score.delays_ms.end());
    }
    return sum;
}

CityScore score(const CityWorld& world) {
    CityScore out;
    const std::vector<Found> findings = all_findings(world);
    const std::vector<Truth> truth = all_truth(world);
    count_missed(world, findings, truth, out);
    for (const Found& found : findings) {
        RuleScore& score = out.rules[found.rule];
        ++score.findings;
        const bool justified = std::ranges::any_of(truth, [&](const Truth& one) {
            if (one.device != found.device) return false;
            return (sim::code(one.wrong.rule) == found.rule && overlaps(found, one, slack_ms)) || implied(found, one);
        });
        if (justified)
            ++score.justified;
        else
            out.unjustified.push_back(line(found));
    }
    reproduce(world, findings, out);
    return out;
}

}  // namespace gantry::bench
