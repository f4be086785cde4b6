#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "server/cli/context.hpp"
#include "server/domain/finding/finding_life.hpp"
#include "server/domain/fleet/age_profile.hpp"
#include "server/domain/fleet/risk_score.hpp"
#include "server/judging/case_reader.hpp"
#include "server/store/read_findings.hpp"

// gantry fleet: how old the devices are, hospital by hospital, and where an inspector's day helps most. Changes
// nothing.
namespace gantry::cli {
namespace {

constexpr std::size_t findings_of_device_max = 2'000;  // the newest; older ones weigh next to nothing
constexpr std::int64_t silent_after_ms = 86'400'000;

bool is_expected_to_speak(State state) {
    constexpr State speaking[] = {State::installed, State::acceptance, State::ready,  State::in_use,
                                  State::pm,        State::fault,      State::retest, State::suspended};
    return std::ranges::find(speaking, state) != std::end(speaking);
}

fleet::RiskDevice risk_of(store::StoreReader& reader, store::DevNo dev_no, const rules::DeviceCase& device) {
    fleet::RiskDevice out;
    out.device = device.device;
    out.org = device.org;
    out.site = device.site;
    out.made_ms = device.papers.sheet.manufactured_ms;
    out.missing_records = device.fold.missing_records;
    if (device.last_seen_ms > 0 && is_expected_to_speak(device.fold.life.state) &&
        device.now_ms - device.last_seen_ms > silent_after_ms)
        out.silent_since_ms = device.last_seen_ms;
    for (const store::FindingRow& row :
         store::findings_page(reader, {.devices = std::vector{dev_no}}, {}, findings_of_device_max)) {
        const auto stage = finding::stage_from(row.stage).value_or(finding::Stage::suspected);
        const bool counts = stage != finding::Stage::dismissed && stage != finding::Stage::withdrawn;
        out.findings.push_back({row.severity, row.open, counts, row.last_at_ms});
    }
    return out;
}

std::string_view name_of(fleet::AgeBreach breach) {
    switch (breach) {
        case fleet::AgeBreach::too_few_young:
            return "fewer than 60 % up to 5 years";
        case fleet::AgeBreach::too_many_middle:
            return "more than 30 % of 6 to 10 years";
        case fleet::AgeBreach::too_many_old:
            return "more than 10 % over 10 years";
    }
    return "";
}

using Ages = std::map<std::string, std::vector<std::optional<std::int64_t>>>;

void print_text(const std::vector<fleet::SiteRisk>& ranked, const Ages& ages, std::int64_t now_ms) {
    std::printf("points  open  past   age  silent  missing  devices  site\n");
    for (const fleet::SiteRisk& site : ranked)
        std::printf("%6lld %5lld %5lld %5lld %7lld %8lld %8zu  %s / %s\n", static_cast<long long>(site.total()),
                    static_cast<long long>(site.open_findings), static_cast<long long>(site.past_findings),
                    static_cast<long long>(site.age), static_cast<long long>(site.silence),
                    static_cast<long long>(site.missing), site.devices, site.org.c_str(), site.site.c_str());
    std::printf(
        "\nyoung  middle  old  unknown  organisation (COCIR: 60 %% up to 5 y, 30 %% of 6 to 10 y, 10 %% older)\n");
    for (const auto& [org, made] : ages) {
        const fleet::AgeProfile profile = fleet::age_profile(made, now_ms);
        std::string broken;
        for (const fleet::AgeBreach breach : fleet::breaches(profile))
            broken += (broken.empty() ? ": " : ", ") + std::string{name_of(breach)};
        std::printf("%5zu %7zu %4zu %8zu  %s%s\n", profile.young, profile.middle, profile.old, profile.unknown,
                    org.empty() ? "(none)" : org.c_str(), broken.c_str());
    }
}

void print_json(const std::vector<fleet::SiteRisk>& ranked, const Ages& ages, std::int64_t now_ms) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("sites").begin_array();
    for (const fleet::SiteRisk& site : ranked)
        json.begin_object()
            .field("org", site.org)
            .field("site", site.site)
            .field("devices", site.devices)
            .field("points", site.total())
            .field("open_findings", site.open_findings)
            .field("past_findings", site.past_findings)
            .field("age", site.age)
            .field("silence", site.silence)
            .field("missing_records", site.missing)
            .end_object();
    json.end_array().key("ages").begin_array();
    for (const auto& [org, made] : ages) {
        const fleet::AgeProfile profile = fleet::age_profile(made, now_ms);
        json.begin_object().field("org", org).field("young", profile.young).field("middle", profile.middle);
        json.field("old", profile.old).field("unknown", profile.unknown).key("breaches").begin_array();
        for (const fleet::AgeBreach breach : fleet::breaches(profile)) json.value(name_of(breach));
        json.end_array().end_object();
    }
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
}

}  // namespace

int run_fleet(const Context& context) {
    if (context.args.words.size() != 1) return fail(exit_usage, "want: fleet, and flags only");
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored))
        return fail(exit_unavailable,
                    fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
    store::StoreReader reader{context.database()};
    const judging::FleetFacts facts = judging::read_fleet_facts(reader);
    const std::int64_t now_ms = clock::utc_ms();
    std::vector<fleet::RiskDevice> devices;
    Ages ages;
    for (const store::StoreReader::Device& device : reader.devices()) {
        const auto read = judging::read_case(reader, device.row.id, facts, rules::RulePack{}, now_ms);
        if (!read) continue;
        devices.push_back(risk_of(reader, device.row.dev_no, *read));
        ages[read->org].push_back(read->papers.sheet.manufactured_ms);
    }
    const std::vector<fleet::SiteRisk> ranked = fleet::rank_sites(devices, now_ms);
    context.json ? print_json(ranked, ages, now_ms) : print_text(ranked, ages, now_ms);
    return exit_ok;
}

}  // namespace gantry::cli
