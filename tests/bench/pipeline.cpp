// bench_pipeline: the collector without its surroundings: signed frames in at full speed, durable rows and signed
// receipts out. No broker and no sender of frames takes part of the processor.
//   bench_pipeline DATABASE DEVICES FRAMES RECORDS SEED [rules]     a line of JSON on stdout
// With `rules` the rules are judged on their own thread meanwhile, as in the collector.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "server/ingest/collector.hpp"
#include "server/ingest/config_files.hpp"
#include "server/judging/judge_thread.hpp"
#include "server/judging/rule_files.hpp"
#include "tests/bench/load.hpp"

using namespace gantry;
using namespace gantry::bench;
using namespace std::chrono_literals;

namespace {

// Takes every receipt at once.
class OpenEar final : public ingest::Transport {
public:
    void start() override {}
    bool try_publish(const std::string&, ByteView, bool) override {
        ++receipts;
        return true;
    }
    bool connected() const override { return true; }
    void stop() override {}

    std::atomic<std::uint64_t> receipts = 0;
};

std::string read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

ingest::CollectorOptions options_for(const std::filesystem::path& database) {
    const std::filesystem::path config = std::filesystem::path{GANTRY_SOURCE_DIR} / "config";
    KeySeed receipt{}, log{};
    receipt[0] = 1;
    log[0] = 2;
    return {.database = database,
            .id = CollectorId::parse("bench").value(),
            .receipt_key = SigningKey::from_seed(receipt),
            .log_key = SigningKey::from_seed(log),
            .schema = Schema::parse(read(config / "schema/events.toml")).value(),
            .lifecycle_tables = ingest::read_lifecycle_tables(config / "lifecycle"),
            .now_ms = {},
            .on_commit = {}};
}

void register_all(ingest::Collector& collector, const std::vector<LoadDevice>& devices) {
    std::vector<ingest::RegisterEntry> entries;
    std::istringstream lines{register_lines(devices)};
    for (std::string line; std::getline(lines, line);) entries.push_back(ingest::parse_register_entry(line).value());
    std::promise<void> done;
    collector.submit(ingest::RegisterRequest{.devices = std::move(entries), .done = [&](const auto& outcome) {
                                                 outcome.value();
                                                 done.set_value();
                                             }});
    done.get_future().get();
}

}  // namespace

int main(int argc, char** argv) {
    const bool rules = argc == 7 && std::string_view{argv[6]} == "rules";
    if (argc != 6 && !rules) {
        fmt::print(stderr, "got {} arguments, want DATABASE DEVICES FRAMES RECORDS SEED [rules]\n", argc - 1);
        return 2;
    }
    const auto number = [&](int i) { return static_cast<std::uint32_t>(std::stoul(argv[i])); };
    const LoadOptions load{.devices = number(2), .frames = number(3), .records = number(4), .seed = number(5)};
    const auto devices = make_load(load, true);
    OpenEar ear;
    ingest::Collector collector{options_for(argv[1]), ear};
    collector.start();
    register_all(collector, devices);
    judging::JudgeThread judge{{.database = argv[1]},
                               judging::read_rules(std::filesystem::path{GANTRY_SOURCE_DIR} / "config/rules").pack,
                               [&](const std::string& device, std::vector<FactLeaf> facts) {
                                   return collector.submit(ingest::VerdictRequest{device, std::move(facts), {}, [] {}});
                               }};
    if (rules) judge.start();
    const auto& metrics = collector.metrics();
    const std::uint64_t wanted = std::uint64_t{load.devices} * load.frames * load.records;
    const auto commits_before = metrics.commits.load();

    const auto begin = std::chrono::steady_clock::now();
    for (std::uint32_t frame = 0; frame < load.frames; ++frame) {
        for (const LoadDevice& device : devices) {
            while (!collector.offer(device.topic, device.frames[frame])) std::this_thread::sleep_for(1ms);
        }
    }
    while (metrics.records_committed.load() < wanted && std::chrono::steady_clock::now() - begin < 300s)
        std::this_thread::sleep_for(1ms);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

    const auto commits = metrics.commits.load() - commits_before;
    const auto committed = metrics.records_committed.load();
    judge.stop();
    collector.stop();
    fmt::print("{{\"records\":{},\"seconds\":{:.4f},\"commits\":{},\"receipts\":{},\"judged\":{}}}\n", committed,
               took.count(), commits, ear.receipts.load(), judge.judged());
    return committed == wanted ? 0 : 1;
}
