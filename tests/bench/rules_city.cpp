// bench_rules_city: a simulated city with planted wrongs against the rules. Scanners, declarations, collector, store
// and rules in one process under simulated receive time; what the rules found is compared with what was planted.
//   bench_rules_city --devices N --hospitals N --days N [--block N] [--seed N] [--from DATE] [--rules off] [--json
//   FILE]
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include "common/io/args.hpp"
#include "firmware-sim/model/wrong.hpp"
#include "server/ingest/rebuild.hpp"
#include "tests/bench/city_score.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::bench;

namespace {

constexpr Flag flags[] = {
    {"--devices", "N", "", "scanners (default 50)"},
    {"--hospitals", "N", "", "hospitals (default half as many)"},
    {"--days", "N", "", "days (default 60)"},
    {"--block", "N", "", "each wrong once in every N devices (default 10)"},
    {"--seed", "N", "", "same seed, same city (default 1)"},
    {"--from", "DATE", "", "first day (default 2026-03-01)"},
    {"--violations", "LIST", "", "all, none or codes (default all)"},
    {"--rules", "on|off", "", "off: nothing is judged, for comparison (default on)"},
    {"--slice-hours", "N", "", "receive times are this far apart (default 6)"},
    {"--least", "N", "", "fail when a rule that can be planted was planted fewer times (default 0)"},
    {"--json", "FILE", "", "the figures for machines"},
    {"--help", "", "", "this text"},
};

std::int64_t number(const Args& args, std::string_view flag, std::int64_t fallback) {
    if (!args.has(flag)) return fallback;
    const std::string text = args.value(flag);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0)
        throw std::invalid_argument{fmt::format("{}: got '{}', want a number", flag, text)};
    return value;
}

sim::FleetOptions options_of(const Args& args) {
    sim::FleetOptions out;
    out.devices = static_cast<std::uint32_t>(number(args, "--devices", 50));
    out.hospitals =
        static_cast<std::uint32_t>(number(args, "--hospitals", std::max<std::uint32_t>(out.devices / 2, 1)));
    out.days = static_cast<int>(number(args, "--days", 60));
    out.seed = static_cast<std::uint64_t>(number(args, "--seed", 1));
    out.violation_block = static_cast<std::uint32_t>(number(args, "--block", 10));
    const std::string from = args.has("--from") ? args.value("--from") : "2026-03-01";
    const auto from_ms = sim::parse_date(from);
    if (!from_ms) throw std::invalid_argument{fmt::format("--from: got '{}', want YYYY-MM-DD", from)};
    out.from_ms = *from_ms;
    const std::string list = args.has("--violations") ? args.value("--violations") : "all";
    if (const auto wrong = sim::select_violations(list, out); !wrong.empty())
        throw std::invalid_argument{"--violations: " + wrong};
    return out;
}

double days(std::int64_t ms) { return static_cast<double>(ms) / static_cast<double>(sim::day_ms); }

void print_table(const CityScore& score) {
    fmt::print("{:5} {:>8} {:>7} {:>9} {:>7} {:>9} {:>11} {:>11} {:>12}\n", "rule", "planted", "recall", "findings",
               "prec.", "reproduce", "delay p50 d", "delay max d", "");
    for (const auto& [rule, s] : score.rules)
        fmt::print("{:5} {:8} {:7.3f} {:9} {:7.3f} {:>9} {:11.2f} {:11.2f} {:>12}\n", rule, s.planted, s.recall(),
                   s.findings, s.precision(), fmt::format("{}/{}", s.reproduced, s.to_reproduce), days(s.delay_ms(0.5)),
                   days(s.delay_ms(1.0)), is_statistical(rule) ? "statistical" : "");
    const auto list = [](const char* what, const std::vector<std::string>& lines) {
        if (!lines.empty()) fmt::print("\n{} ({}):\n", what, lines.size());
        for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 60); ++i) fmt::print("  {}\n", lines[i]);
    };
    list("missed", score.missed);
    list("not justified", score.unjustified);
    list("not reproduced", score.unreproduced);
}

void write_json(const std::string& path, const CityScore& score, const CityTally& tally) {
    std::ofstream out{path};
    out << "{\"rules\":[";
    bool first = true;
    for (const auto& [rule, s] : score.rules) {
        out << fmt::format(
            R"({}{{"rule":"{}","planted":{},"recall":{:.4f},"findings":{},"precision":{:.4f},"delay_p50_s":{},"delay_max_s":{},"statistical":{}}})",
            first ? "" : ",", rule, s.planted, s.recall(), s.findings, s.precision(), s.delay_ms(0.5) / 1'000,
            s.delay_ms(1.0) / 1'000, is_statistical(rule));
        first = false;
    }
    const RuleScore all = score.certain();
    out << fmt::format(
        R"(],"recall":{:.6f},"precision":{:.6f},"reproduced":{},"to_reproduce":{},"records":{},"declarations":{},"refused":{},"ingest_s":{:.3f},"judge_s":{:.3f},"judged":{}}})"
        "\n",
        all.recall(), all.precision(), all.reproduced, all.to_reproduce, tally.records, tally.declarations,
        tally.refused, tally.ingest_s, tally.judge_s, tally.judged);
}

int run(const Args& args) {
    const testing::TempDir folder;
    const bool judged = args.value("--rules") != "off";
    CityWorld world{options_of(args), folder.path(), judged};
    const std::int64_t slice_ms = number(args, "--slice-hours", 6) * sim::hour_ms;
    std::int64_t judged_ms = world.fleet().start_ms();
    for (std::int64_t at = world.fleet().start_ms(); at < world.fleet().end_ms();) {
        at = std::min(at + slice_ms, world.fleet().end_ms());
        world.live_until(at);
        if (at - judged_ms < sim::day_ms && at < world.fleet().end_ms()) continue;
        world.judge();
        judged_ms = at;
    }
    const CityTally& tally = world.tally();
    const CityScore result = judged ? score(world) : CityScore{};
    if (judged) print_table(result);
    for (const std::string& refusal : world.refusals()) fmt::print("refused: {}\n", refusal);
    const RuleScore all = result.certain();
    fmt::print(
        "\n{} records, {} declarations ({} refused), ingest {:.1f} s, {} judgements {:.1f} s ({:.1f} ms each)\n"
        "recall {:.4f}, precision {:.4f} over the deterministic rules; reproduced {} of {}\n",
        tally.records, tally.declarations, tally.refused, tally.ingest_s, tally.judged, tally.judge_s,
        tally.judged == 0 ? 0 : 1'000 * tally.judge_s / static_cast<double>(tally.judged), all.recall(),
        all.precision(), all.reproduced, all.to_reproduce);
    if (args.has("--json")) write_json(args.value("--json"), result, tally);
    if (!judged) return 0;
    bool good = tally.refused == 0 && all.recall() >= 1.0 && all.precision() >= 0.99 && result.unreproduced.empty();
    const auto least = static_cast<std::size_t>(number(args, "--least", 0));
    const sim::FleetOptions& options = world.fleet().options();
    for (const sim::Wrong* wrong : sim::all_wrongs()) {
        const bool chosen = options.violations[static_cast<std::size_t>(wrong->rule)];
        if (!chosen || wrong->first_day + wrong->days_after > options.days) continue;
        const auto found = result.rules.find(std::string{sim::code(wrong->rule)});
        const std::size_t planted = found == result.rules.end() ? 0 : found->second.planted;
        if (planted >= least) continue;
        fmt::print("{}: planted {} times, want {}\n", sim::code(wrong->rule), planted, least);
        good = false;
    }
    std::filesystem::create_directories(folder / "rebuild");
    const auto report = ingest::rebuild(world.database(), folder / "rebuild");
    if (!report || report->difference) {
        fmt::print("rebuild differs: {}\n", report ? *report->difference : report.error().message);
        good = false;
    }
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto args = parse_args(argc, argv, flags);
        if (!args) throw std::invalid_argument{args.error().message};
        if (args->has("--help")) return fmt::print("{}", flags_help(flags)), 0;
        return run(*args);
    } catch (const std::invalid_argument& wrong) {
        fmt::print(stderr, "bench_rules_city: {}\n", wrong.what());
        return 2;
    } catch (const std::exception& fault) {
        fmt::print(stderr, "bench_rules_city: {}\n", fault.what());
        return 1;
    }
}
