#include "firmware-sim/emit/options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "common/core/ids.hpp"
#include "common/io/args.hpp"
#include "firmware-sim/model/calendar.hpp"
#include "firmware-sim/model/violations.hpp"

namespace gantry::sim {
namespace {

constexpr std::array flags{
    Flag{"--hospitals", "N", "", "hospitals that share the devices (default 4)"},
    Flag{"--devices", "N", "", "CT scanners, 1 to 200000 (default 16)"},
    Flag{"--devices-prefix", "TEXT", "", "start of every device id (default ct-; ids are ct-0001, ct-0002 ...)"},
    Flag{"--from", "DATE", "", "first day, YYYY-MM-DD, a local day at each site"},
    Flag{"--days", "N", "", "days to simulate, 1 to 7305 (default 7)"},
    Flag{"--seed", "N", "", "same seed, same bytes (default 1)"},
    Flag{"--to-file", "FILE", "", "one JSON line an observation; - is stdout"},
    Flag{"--to-intake", "DIR", "", "agents' intake sockets, DIR/<device>.sock"},
    Flag{"--to-dicom", "HOST:PORT", "", "dose reports and MPPS, calling AE title per device"},
    Flag{"--to-mqtt", "URL", "", "play all agents: signed frames to mqtt://HOST:PORT"},
    Flag{"--violations", "LIST", "", "default, all, none, or codes: V10,V19 (a wrong code lists them)"},
    Flag{"--violation-block", "N", "", "each chosen wrong once in every N devices, 4 to 10000 (default 16)"},
    Flag{"--story", "", "", "the first seven devices have a part each: what a demonstration shows"},
    Flag{"--truth", "FILE", "", "what is true: {rule, device, from, to, implies}, times in UTC ms"},
    Flag{"--rate", "N|max", "", "events a second over the whole fleet (default max)"},
    Flag{"--live", "", "", "after the past go on at the pace of the clock until SIGTERM"},
    Flag{"--speedup", "F", "", "replay the past no faster than F times life"},
    Flag{"--lead-hours", "H", "", "with --speedup: pace only the last H hours before now"},
    Flag{"--declare", "URL", "", "post declarations to the collector, http://HOST:PORT"},
    Flag{"--declarations", "FILE", "", "write declarations as JSON lines"},
    Flag{"--canaries", "FILE", "", "with --to-dicom: every planted patient string, one a line"},
    Flag{"--register", "FILE", "", "write what `gantry register --from` reads"},
    Flag{"--provisioning", "FILE", "",
         "with --to-mqtt: the collector's provisioning.toml; receipts are checked against it"},
    Flag{"--records-per-frame", "N", "", "with --to-mqtt: 1 to 256 (default 50)"},
    Flag{"--connections", "N", "", "with --to-mqtt: share N connections (needs a broker without per-device ACL)"},
    Flag{"--mqtt-version", "5|3.1.1", "", "with --to-mqtt (default 5)"},
    Flag{"--called-aet", "NAME", "", "with --to-dicom (default GANTRY)"},
    Flag{"--connect-timeout", "S", "", "give up when nothing answers for so long at the start (default 60)"},
    Flag{"--drain-timeout", "S", "", "give up waiting for the last answers (default 120)"},
    Flag{"--json", "", "", "summary as one JSON line on stdout"},
};

Error bad(std::string_view flag, std::string_view got, std::string_view want) {
    return {Errc::malformed, fmt::format("{}: got '{}', want {}", flag, got, want)};
}

// Reads flags one after the other and keeps the first thing that was wrong.
class Reader {
public:
    explicit Reader(const Args& args) : args_{args} {}

    template <class T>
    void number(std::string_view flag, T& out, T low, T high) {
        if (!args_.has(flag)) return;
        const std::string text = args_.value(flag);
        T value{};
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool ok = failure == std::errc{} && end == text.data() + text.size() && value >= low && value <= high;
        if (ok)
            out = value;
        else
            fail(bad(flag, text, fmt::format("a number from {} to {}", low, high)));
    }
    void text(std::string_view flag, std::string& out) {
        if (!args_.has(flag)) return;
        out = args_.value(flag);
        if (out.empty()) fail(bad(flag, "", "a value"));
    }
    bool has(std::string_view flag) const { return args_.has(flag); }
    std::string value(std::string_view flag) const { return args_.value(flag); }
    void fail(Error error) {
        if (!error_) error_ = std::move(error);
    }
    const std::optional<Error>& error() const { return error_; }

private:
    const Args& args_;
    std::optional<Error> error_;
};

void read_fleet(Reader& reader, RunOptions& run) {
    FleetOptions& fleet = run.fleet;
    reader.number<std::uint32_t>("--hospitals", fleet.hospitals, 1, 100'000);
    // 200,000 is the world's fleet and a reserve; a model takes about 5 kB.
    reader.number<std::uint32_t>("--devices", fleet.devices, 1, 200'000);
    reader.number<int>("--days", fleet.days, 1, 7'305);
    reader.number<std::uint64_t>("--seed", fleet.seed, 0, UINT64_MAX);
    reader.number<std::uint32_t>("--violation-block", fleet.violation_block, 4, 10'000);
    fleet.story = reader.has("--story");
    reader.text("--devices-prefix", fleet.device_prefix);
    if (!DeviceId::parse(fmt::format("{}{:06}", fleet.device_prefix, fleet.devices)))
        reader.fail(bad("--devices-prefix", fleet.device_prefix,
                        "letters a-z, digits and -, not beginning with -, at most 58"));
    if (!reader.has("--from")) {
        if (run.keys_only) return;
        reader.fail({Errc::malformed, "--from: missing, want YYYY-MM-DD"});
    } else if (const auto from = parse_date(reader.value("--from"))) {
        fleet.from_ms = *from;
    } else {
        reader.fail(bad("--from", reader.value("--from"), "YYYY-MM-DD from 2000 to 2098"));
    }
    const std::string list = reader.has("--violations") ? reader.value("--violations") : "default";
    if (auto problem = select_violations(list, fleet); !problem.empty())
        reader.fail({Errc::malformed, "--violations: " + problem});
}

void read_route(Reader& reader, RunOptions& run) {
    constexpr std::array<std::pair<std::string_view, Route>, 4> routes{{{"--to-file", Route::file},
                                                                        {"--to-intake", Route::intake},
                                                                        {"--to-dicom", Route::dicom},
                                                                        {"--to-mqtt", Route::mqtt}}};
    int count = 0;
    for (const auto& [flag, route] : routes) {
        if (!reader.has(flag)) continue;
        ++count;
        run.route = route;
        reader.text(flag, run.target);
    }
    if (count != 1)
        reader.fail(
            {Errc::malformed,
             fmt::format("got {} targets, want exactly one of --to-file, --to-intake, --to-dicom, --to-mqtt", count)});
}

void read_pace(Reader& reader, RunOptions& run) {
    if (reader.has("--rate") && reader.value("--rate") != "max")
        reader.number<double>("--rate", run.rate_per_s, 0.001, 10'000'000);
    run.live = reader.has("--live");
    run.json = reader.has("--json");
    reader.number<double>("--speedup", run.speedup, 0.1, 1'000'000);
    double lead_hours = 0;
    reader.number<double>("--lead-hours", lead_hours, 0, 24 * 366);
    run.lead_ms = static_cast<std::int64_t>(lead_hours * static_cast<double>(hour_ms));
    reader.number<double>("--connect-timeout", run.connect_timeout_s, 0, 86'400);
    reader.number<double>("--drain-timeout", run.drain_timeout_s, 0, 86'400);
}

}  // namespace

Result<RunOptions> parse_run_options(int argc, const char* const* argv) {
    const auto args = parse_args(argc, argv, flags);
    if (!args) return args.error();
    const bool keys_only = args->words.size() == 1 && args->words.front() == "keys";
    if (!keys_only && (args->words.size() != 1 || args->words.front() != "fleet"))
        return Error{Errc::malformed, fmt::format("got command '{}', want fleet or keys",
                                                  args->words.empty() ? "" : args->words.front())};
    RunOptions run;
    run.keys_only = keys_only;
    Reader reader{*args};
    read_fleet(reader, run);
    if (!keys_only) read_route(reader, run);
    read_pace(reader, run);
    reader.text("--truth", run.truth_file);
    reader.text("--canaries", run.canaries_file);
    reader.text("--declarations", run.declarations_file);
    reader.text("--declare", run.declare_url);
    reader.text("--register", run.register_file);
    reader.text("--provisioning", run.provisioning_file);
    reader.text("--called-aet", run.called_aet);
    reader.number<int>("--records-per-frame", run.records_per_frame, 1, 256);
    reader.number<std::uint32_t>("--connections", run.connections, 1, 100'000);
    if (reader.has("--mqtt-version")) {
        run.mqtt_v311 = reader.value("--mqtt-version") == "3.1.1";
        if (!run.mqtt_v311 && reader.value("--mqtt-version") != "5")
            reader.fail(bad("--mqtt-version", reader.value("--mqtt-version"), "5 or 3.1.1"));
    }
    if (reader.error()) return *reader.error();
    return run;
}

std::string help_text() {
    return "gantry-sim fleet --from DATE [flags] with exactly one of --to-file, --to-intake, --to-dicom, --to-mqtt\n"
           "gantry-sim keys [flags]   prints each simulated agent's record key (public), one JSON line a device\n\n"
           "A seeded model of CT departments over days to years, with planted violations and their truth file.\n\n" +
           flags_help(flags) +
           "\nExit codes: 0 done, 1 failed, 2 usage, 69 the other side is not there, 74 a file could not be written.\n";
}

}  // namespace gantry::sim
