// A server for check.py. Arguments: number of devices, then key=value limits. Prints "ready PORT"; then obeys one line
// at a time on stdin and answers each with one line: "commit N", "degrade CODE", "heal", "count", "quit".
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <thread>

#include "common/io/clock.hpp"
#include "server/http/dictionary.hpp"
#include "server/http/http_server.hpp"
#include "server/judging/rule_files.hpp"
#include "tests/integration/http/seed.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry;
using namespace gantry::http;
using namespace std::chrono_literals;

namespace {

// Answers as the writer would, by the event's name.
class ScriptedCommands : public Commands {
public:
    ~ScriptedCommands() override {
        for (std::thread& thread : late_) thread.join();
    }
    void declare(Declaration declaration, CommandDone done) override {
        ++count;
        if (declaration.event == "refused.event")
            return done(Refused{"permits_in_force", "none", "REG-E permit", "radiation permit", "REG-E"});
        if (declaration.event == "full.event") return done(Error{Errc::unavailable, "the disk is full"});
        if (declaration.subject == "no-such")
            return done(Error{Errc::not_found, "device: got \"no-such\", want a registered one"});
        const std::uint64_t index = 1000 + count;
        if (declaration.event != "slow.event") return done(Committed{index, State::in_use, {Role::rad}, {7}});
        late_.emplace_back([done, index] {
            std::this_thread::sleep_for(1500ms);
            done(Committed{index, State::pm, {}, {}});
        });
    }
    void assign(AssignRequest request, CommandDone done) override {
        ++count;
        if (request.log_index != 1) return done(Error{Errc::not_found, "log_index: no such record waits"});
        done(Committed{2000, State::none, {}, {}});
    }
    Result<std::vector<ImportedRow>> import_rows(std::vector<paper::ImportChange> changes) override {
        count += changes.size();
        std::vector<ImportedRow> out;
        for (const paper::ImportChange& change : changes) {
            const std::string* state = change.baseline ? change.baseline->text("state") : nullptr;
            out.push_back({change.sheet && change.sheet->subject == "guarded" ? "the guard says no" : "",
                           state ? state_from(*state).value_or(State::none) : State::none});
        }
        return out;
    }
    std::atomic<std::uint64_t> count{0};

private:
    std::vector<std::thread> late_;
};

// Due dates of the first two devices, and the shipped rules.
class FixedJudging : public Judging {
public:
    explicit FixedJudging(std::int64_t now_ms)
        : pack_{judging::read_rules(GANTRY_SOURCE_DIR "/config/rules").pack}, now_ms_{now_ms} {}
    std::shared_ptr<const rules::RulePack> pack() const override { return pack_; }
    std::vector<due::Entry> due(const due::Filter& filter) const override {
        constexpr std::int64_t day = 86'400'000;
        const auto at = [&](const char* device, due::Kind kind, std::int64_t days, const char* ref, const char* what,
                            bool estimated) {
            return due::Entry{device,
                              std::string{device} == "ct-0000" ? "CT \"0\"" : "",
                              {kind, now_ms_ + days * day, ref, what, estimated}};
        };
        std::vector<due::Entry> out;
        for (const due::Entry& entry : {at("ct-0001", due::Kind::work_order, -3, "WO-1", "corrective", false),
                                        at("ct-0000", due::Kind::permit_renewal, -1, "P-0", "=1+1", false),
                                        at("ct-0000", due::Kind::maintenance, 5, "S-1", "quarterly, long visit", true),
                                        at("ct-0001", due::Kind::status_test, 40, "", "", false)})
            if ((filter.device.empty() || filter.device == entry.device) &&
                (filter.org.empty() || filter.org == "h-1") && (filter.site.empty() || filter.site == "East") &&
                entry.due.at_ms < filter.until_ms)
                out.push_back(entry);
        return out;
    }
    std::size_t devices_judged() const override { return 2; }

private:
    std::shared_ptr<const rules::RulePack> pack_;
    std::int64_t now_ms_;
};

class FixedMetrics : public Metrics {
public:
    CollectorFigures figures() const override {
        const std::scoped_lock lock{mutex};
        return now;
    }
    mutable std::mutex mutex;
    CollectorFigures now;
};

// "header_deadline=300" and the like, in milliseconds or pieces.
void set_limit(HttpLimits& limits, std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    std::uint64_t value = 0;
    std::from_chars(text.data() + equals + 1, text.data() + text.size(), value);
    const std::chrono::milliseconds ms{value};
    if (name == "header_deadline")
        limits.header_deadline = ms;
    else if (name == "body_grace")
        limits.body_grace = ms;
    else if (name == "idle")
        limits.idle = ms;
    else if (name == "commit_wait")
        limits.commit_wait = ms;
    else if (name == "connections_max")
        limits.connections_max = value;
    else if (name == "connections_per_ip_max")
        limits.connections_per_ip_max = value;
    else if (name == "streams_max")
        limits.streams_max = value;
    else if (name == "stream_bytes_max")
        limits.stream_bytes_max = value;
    else if (name == "stream_write")
        limits.stream_write = ms;
    else if (name == "replay_entries_max")
        limits.replay_entries_max = value;
    else if (name == "notes_per_tick_max")
        limits.notes_per_tick_max = value;
    else if (name == "ping")
        limits.ping = ms;
    else if (name == "tick")
        limits.tick = ms;
    else
        throw std::runtime_error{"unknown limit " + std::string{name}};
}

std::string read_file(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void publish(LiveBus& bus, std::uint64_t first, std::uint64_t count) {
    std::vector<LiveNote> notes;
    for (std::uint64_t i = first; i < first + count; ++i)
        notes.push_back({i, LeafType::record, "ct-0000", "power.on", clock::utc_ms(), clock::utc_ms()});
    bus.publish(std::move(notes));
}

}  // namespace

int main(int argc, char** argv) {
    const gantry::testing::TempDir dir;
    gantry::testing::Seed seed{dir / "gantry.db", argc > 1 ? std::stoi(argv[1]) : 5, clock::utc_ms()};
    HttpConfig config;
    config.listen = "127.0.0.1:0";
    config.host_names = {"gantry.test"};
    config.database = dir / "gantry.db";
    config.version = "0.1.0";
    config.commit = "test";
    LifecycleTables tables;
    tables.put(LifecycleTable::parse(read_file(GANTRY_SOURCE_DIR "/config/lifecycle/ct.toml"), "ct.toml").value());
    const std::string mri = table_with_base(read_file(GANTRY_SOURCE_DIR "/config/lifecycle/mri.toml"), "ct.toml",
                                            read_file(GANTRY_SOURCE_DIR "/config/lifecycle/ct.toml"));
    tables.put(LifecycleTable::parse(mri, "mri.toml").value());
    config.tables->put(std::move(tables));
    config.papers = std::make_shared<const Schema>(
        Schema::parse(read_file(GANTRY_SOURCE_DIR "/config/schema/papers.toml")).value());
    config.dictionary =
        dictionary_json(Schema::parse(read_file(GANTRY_SOURCE_DIR "/config/schema/events.toml")).value(),
                        *config.papers, judging::Texts::read(GANTRY_SOURCE_DIR "/config/text"));
    config.documents = std::make_shared<store::DocumentFolder>(dir / "documents");
    config.judging = std::make_shared<const FixedJudging>(clock::utc_ms());
    PaperDuties duties;
    duties.required =
        paper::parse_required_papers(read_file(GANTRY_SOURCE_DIR "/config/papers/required.toml"), "required.toml")
            .value();
    config.duties = std::make_shared<const PaperDuties>(std::move(duties));
    for (int i = 2; i < argc; ++i) set_limit(config.limits, argv[i]);

    ScriptedCommands commands;
    FixedMetrics metrics;
    metrics.now.broker_connected = true;
    metrics.now.frames_refused = {{"bad_signature", 2}};
    metrics.now.commit_seconds = Histogram{{0.001, 0.01, 0.1}};
    metrics.now.commit_seconds.observe(0.002);
    metrics.now.batch_records = Histogram{{1, 10, 100}};
    LiveBus bus;
    HttpServer server{config, commands, bus, metrics};
    if (const auto started = server.start(); !started) {
        std::cerr << started.error().message << '\n';
        return 1;
    }
    std::cout << "ready " << server.port() << std::endl;
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
        if (line.starts_with("commit ")) {
            const std::uint64_t count = std::stoull(line.substr(7));
            const std::uint64_t first = seed.commit(count, clock::utc_ms());
            publish(bus, first, count);
            std::cout << "ok " << seed.size() << std::endl;
        } else if (line == "count") {
            std::cout << "ok " << commands.count << std::endl;
        } else {
            const std::scoped_lock lock{metrics.mutex};
            metrics.now.not_ready.clear();
            if (line.starts_with("degrade ")) metrics.now.not_ready.push_back({line.substr(8), "for the test"});
            std::cout << "ok 0" << std::endl;
        }
    }
    server.stop();
    std::cout << "stopped" << std::endl;
    return 0;
}
