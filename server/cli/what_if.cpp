#include <fmt/format.h>

#include <cstdio>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "server/cli/context.hpp"
#include "server/domain/fleet/what_if.hpp"
#include "server/judging/case_reader.hpp"
#include "server/judging/rule_files.hpp"

// gantry whatif: the history that is in the log, judged by a proposal beside the rules in force. Changes nothing.
namespace gantry::cli {
namespace {

void print_flips(const char* what, const std::vector<fleet::Flip>& flips) {
    for (const fleet::Flip& flip : flips)
        std::printf("  %-8s %s  %s  %s  from %s  measured %s, limit %s\n", what, flip.device.c_str(),
                    flip.found.rule.c_str(), std::string{name(flip.found.severity)}.c_str(),
                    clock::rfc3339(flip.found.from_ms).c_str(), flip.found.measured.c_str(), flip.found.limit.c_str());
}

void print_text(const fleet::WhatIf& result, std::size_t devices) {
    for (const auto& [rule, count] : result.by_rule)
        std::printf("%s  %zu now, %zu proposed\n", rule.c_str(), count.baseline, count.proposal);
    print_flips("new", result.added);
    print_flips("gone", result.removed);
    print_flips("changed", result.changed);
    std::printf("%zu devices: %zu new, %zu gone, %zu of another severity, %zu unchanged\n", devices,
                result.added.size(), result.removed.size(), result.changed.size(), result.unchanged);
}

void write_flips(JsonWriter& json, std::string_view label, const std::vector<fleet::Flip>& flips) {
    json.key(label).begin_array();
    for (const fleet::Flip& flip : flips)
        json.begin_object()
            .field("device", flip.device)
            .field("rule", flip.found.rule)
            .field("key", flip.found.key)
            .field("severity", name(flip.found.severity))
            .field("from", clock::rfc3339(flip.found.from_ms))
            .field("measured", flip.found.measured)
            .field("limit", flip.found.limit)
            .end_object();
    json.end_array();
}

void print_json(const fleet::WhatIf& result, std::size_t devices) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("devices", devices).field("unchanged", result.unchanged);
    write_flips(json, "added", result.added);
    write_flips(json, "removed", result.removed);
    write_flips(json, "changed", result.changed);
    json.key("rules").begin_object();
    for (const auto& [rule, count] : result.by_rule)
        json.key(rule).begin_object().field("baseline", count.baseline).field("proposal", count.proposal).end_object();
    json.end_object().end_object();
    std::printf("%s\n", out.c_str());
}

}  // namespace

int run_whatif(const Context& context) {
    if (context.args.words.size() != 2)
        return fail(exit_usage, "want: whatif DIR, the folder with the proposed rule packs");
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored))
        return fail(exit_unavailable,
                    fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
    const std::filesystem::path folder = context.args.words[1];
    if (!std::filesystem::is_directory(folder, ignored))
        return fail(exit_usage, fmt::format("{}: got no folder, want one with rule packs (*.toml)", folder.string()));
    const judging::RuleFiles baseline = judging::read_rules(context.rules);
    const judging::RuleFiles proposal = judging::read_rules(folder);
    store::StoreReader reader{context.database()};
    const judging::FleetFacts facts = judging::read_fleet_facts(reader);
    const std::int64_t now_ms = clock::utc_ms();
    fleet::WhatIf result;
    std::size_t devices = 0;
    for (const store::StoreReader::Device& device : reader.devices()) {
        if (context.args.has("--device") && context.args.value("--device") != device.row.id) continue;
        // Each pack asks for the single exposures that its own limits need.
        const auto before = judging::read_case(reader, device.row.id, facts, *baseline.pack, now_ms);
        const auto after = judging::read_case(reader, device.row.id, facts, *proposal.pack, now_ms);
        if (!before || !after) continue;
        ++devices;
        fleet::compare(result, device.row.id, rules::judge(*before, *baseline.pack),
                       rules::judge(*after, *proposal.pack));
    }
    if (context.args.has("--device") && devices == 0)
        return fail(exit_failed, fmt::format("device {}: not in the register", context.args.value("--device")));
    context.json ? print_json(result, devices) : print_text(result, devices);
    return exit_ok;
}

}  // namespace gantry::cli
