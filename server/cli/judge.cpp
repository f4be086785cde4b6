#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "server/cli/context.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/judging/case_reader.hpp"
#include "server/judging/rule_files.hpp"

// gantry judge: the rules over what the log holds, without changing anything. It is how a finding is reproduced.
namespace gantry::cli {
namespace {

struct Wanted {
    std::string rule, key;
    std::int64_t now_ms = 0;
    bool admits(const rules::Found& found) const {
        return (rule.empty() || rule == found.rule) && (key.empty() || key == found.key);
    }
};

std::string time_or_open(std::int64_t ms) { return ms == paper::forever_ms ? "open" : clock::rfc3339(ms); }

void print_text(const std::string& device, const rules::Found& found, const rules::RulePack& pack) {
    const rules::Rule* rule = pack.at(found.rule, found.from_ms);
    if (!rule) rule = pack.latest(found.rule);
    std::printf("%s  %s v%lld  %s%s  %s\n", device.c_str(), found.rule.c_str(),
                static_cast<long long>(rule ? rule->version : 0), std::string{name(found.severity)}.c_str(),
                found.suspected ? " (suspected)" : "", rule ? rule->title_en.c_str() : "");
    std::printf("    key       %s\n    from, to  %s, %s\n    measured  %s\n    limit     %s\n", found.key.c_str(),
                clock::rfc3339(found.from_ms).c_str(), time_or_open(found.to_ms).c_str(), found.measured.c_str(),
                found.limit.c_str());
    std::printf("    records   %llu; log indexes %s\n", static_cast<unsigned long long>(found.count),
                finding::leaves_text(found.leaves).c_str());
    if (rule) std::printf("    basis     %s (%s)\n", rule->basis.c_str(), rule->place.c_str());
}

void write_json(JsonWriter& json, const std::string& device, const rules::Found& found) {
    json.begin_object().field("device", device).field("rule", found.rule).field("key", found.key);
    json.field("severity", name(found.severity)).field("suspected", found.suspected);
    json.field("from", clock::rfc3339(found.from_ms)).key("to");
    if (found.to_ms == paper::forever_ms)
        json.null();
    else
        json.value(clock::rfc3339(found.to_ms));
    json.field("count", found.count).field("measured", found.measured).field("limit", found.limit);
    json.key("records").begin_array();
    for (const std::uint64_t leaf : found.leaves) json.value(leaf);
    json.end_array().end_object();
}

std::optional<std::int64_t> time_of(const Context& context) {
    if (!context.args.has("--at")) return clock::utc_ms();
    const std::string text = context.args.value("--at");
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{ms} : std::nullopt;
}

}  // namespace

int run_judge(const Context& context) {
    if (context.args.words.size() != 1) return fail(exit_usage, "want: judge, and flags only");
    const auto now_ms = time_of(context);
    if (!now_ms) return fail(exit_usage, "--at: want UTC milliseconds");
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored))
        return fail(exit_unavailable,
                    fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
    const judging::RuleFiles files = judging::read_rules(context.rules);
    store::StoreReader reader{context.database()};
    std::vector<std::string> devices;
    if (context.args.has("--device"))
        devices.push_back(context.args.value("--device"));
    else
        for (const store::StoreReader::Device& device : reader.devices()) devices.push_back(device.row.id);
    const Wanted wanted{context.args.value("--rule"), context.args.value("--key"), *now_ms};
    const judging::FleetFacts fleet = judging::read_fleet_facts(reader);
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    std::size_t count = 0;
    for (const std::string& device : devices) {
        const auto read = judging::read_case(reader, device, fleet, *files.pack, wanted.now_ms);
        if (!read && context.args.has("--device"))
            return fail(exit_failed, fmt::format("device {}: not in the register", device));
        if (!read) continue;
        for (const rules::Found& found : rules::judge(*read, *files.pack).found) {
            if (!wanted.admits(found)) continue;
            ++count;
            if (context.json)
                write_json(json, device, found);
            else
                print_text(device, found, *files.pack);
        }
    }
    json.end_array();
    if (context.json) std::printf("%s\n", out.c_str());
    if (!context.json) std::printf("%zu findings as of %s\n", count, clock::rfc3339(wanted.now_ms).c_str());
    return exit_ok;
}

}  // namespace gantry::cli
