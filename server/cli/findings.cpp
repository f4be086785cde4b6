#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "server/cli/context.hpp"
#include "server/http/due_view.hpp"
#include "server/http/finding_view.hpp"
#include "server/judging/case_reader.hpp"
#include "server/judging/rule_files.hpp"

// What was found and what comes next, as the log says it now. Works whether the collector runs or not.
namespace gantry::cli {
namespace {

constexpr std::size_t page = 500;

// The flags as the parameters of the list of the same name, so that both take and refuse the same.
http::Request request_of(const Args& args, std::initializer_list<std::string_view> names) {
    http::Request out;
    for (const std::string_view name : names)
        if (const std::string flag = "--" + std::string{name}; args.has(flag))
            out.query.emplace_back(name, name == "open" ? "true" : args.value(flag));
    return out;
}

int fail(const http::Problem& problem) {
    return cli::fail(problem.code == "not_found" ? exit_failed : exit_usage, problem.detail);
}

int no_store(const Context& context) {
    return cli::fail(exit_unavailable,
                     fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
}

void print_finding(const http::FindingView& view) {
    const store::FindingRow& row = view.row;
    std::printf("%s  %s  %s%s  %s  %s\n", view.device.c_str(), row.rule.c_str(),
                std::string{name(row.severity)}.c_str(), row.suspected ? " (suspected)" : "",
                row.open ? row.stage.c_str() : (row.stage + ", closed").c_str(), view.title_en.c_str());
    std::printf("    key       %s\n    from, to  %s, %s\n", row.key.c_str(), clock::rfc3339(row.since_ms).c_str(),
                view.to_ms ? clock::rfc3339(*view.to_ms).c_str() : "open");
    if (!row.measured.empty()) std::printf("    measured  %s; limit %s\n", row.measured.c_str(), row.limit.c_str());
    std::printf("    see it    %s\n", http::reproducing_command(view).c_str());
}

void print_due(const due::Entry& entry, std::int64_t now_ms) {
    std::printf("%s%s  %-24s %s%s%s\n", clock::rfc3339(entry.due.at_ms).substr(0, 10).c_str(),
                http::is_overdue(entry, now_ms) ? "!"
                : entry.due.estimated           ? "~"
                                                : " ",
                entry.device.c_str(), std::string{due::title(entry.due.kind, due::Language::en)}.c_str(),
                entry.due.what.empty() ? "" : ": ", entry.due.what.c_str());
}

// Judged here and now, device by device.
std::vector<due::Entry> due_now(store::StoreReader& reader, const Context& context, const http::Fleet& fleet,
                                const http::Scope& scope, std::int64_t now_ms) {
    const judging::RuleFiles rules = judging::read_rules(context.rules);
    const judging::FleetFacts facts = judging::read_fleet_facts(reader);
    std::vector<due::Entry> out;
    for (const http::DeviceView& device : *fleet) {
        if (!scope.admits(device)) continue;
        const auto read = judging::read_case(reader, device.id, facts, *rules.pack, now_ms);
        if (!read) continue;
        for (due::Due& due : due::due_list(*read)) out.push_back({device.id, read->name, std::move(due)});
    }
    std::ranges::sort(out, {}, [](const due::Entry& entry) {
        return std::tie(entry.due.at_ms, entry.device, entry.due.kind, entry.due.ref);
    });
    return out;
}

}  // namespace

int run_findings(const Context& context) {
    const Args& args = context.args;
    if (args.words.size() != 1) return cli::fail(exit_usage, "want: findings, and flags only");
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored)) return no_store(context);
    store::StoreReader reader{context.database()};
    const auto fleet = std::make_shared<const std::vector<http::DeviceView>>(http::load_fleet(reader, clock::utc_ms()));
    const http::Request request = request_of(args, {"device", "org", "site", "rule", "severity", "stage", "open"});
    const auto params = http::Params::of(request, {"device", "org", "site", "rule", "severity", "stage", "open"});
    if (!params) return fail(params.error());
    const auto filter = http::finding_filter(*params, fleet);
    if (!filter) return fail(filter.error());
    const auto pack = judging::read_rules(context.rules).pack;
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    std::size_t count = 0;
    std::optional<store::FindingPlace> after;
    while (true) {
        const auto rows = store::findings_page(reader, *filter, after, page);
        for (const store::FindingRow& row : rows) {
            if (args.has("--key") && row.key != args.value("--key")) continue;
            const http::FindingView view = http::finding_view(reader, fleet, *pack, row);
            ++count;
            if (!context.json) {
                print_finding(view);
                continue;
            }
            json.begin_object();
            http::write_finding_members(json, view);
            json.field("reproduce", http::reproducing_command(view)).end_object();
        }
        if (rows.size() < page) break;
        after = store::FindingPlace{rows.back().first_leaf, rows.back().dev_no, rows.back().rule, rows.back().key};
    }
    json.end_array();
    if (context.json)
        std::printf("%s\n", out.c_str());
    else
        std::printf("%zu findings\n", count);
    return exit_ok;
}

int run_due(const Context& context) {
    if (context.args.words.size() != 1) return cli::fail(exit_usage, "want: due, and flags only");
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored)) return no_store(context);
    store::StoreReader reader{context.database()};
    const std::int64_t now = clock::utc_ms();
    const auto fleet = std::make_shared<const std::vector<http::DeviceView>>(http::load_fleet(reader, now));
    const http::Request request = request_of(context.args, {"device", "org", "site"});
    const auto params = http::Params::of(request, {"device", "org", "site"});
    if (!params) return fail(params.error());
    const auto scope = http::scope_of(*params, fleet);
    if (!scope) return fail(scope.error());
    const auto entries = due_now(reader, context, fleet, *scope, now);
    if (context.args.has("--ics")) {
        std::printf("%s", due::icalendar("Gantry", entries, now, due::Language::en).c_str());
        return exit_ok;
    }
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const due::Entry& entry : entries) {
        if (!context.json) {
            print_due(entry, now);
            continue;
        }
        json.begin_object();
        http::write_due_members(json, entry, http::find_device(fleet, entry.device), now);
        json.end_object();
    }
    json.end_array();
    if (context.json)
        std::printf("%s\n", out.c_str());
    else if (entries.empty())
        std::printf("nothing is due: no schedule, permit, contract or test is on file\n");
    else
        std::printf("%zu dates; ! overdue, ~ estimated from the use of the last 28 days\n", entries.size());
    return exit_ok;
}

}  // namespace gantry::cli
