#include "tests/bench/city_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "common/core/chain.hpp"
#include "common/core/frame.hpp"
#include "common/core/record.hpp"
#include "common/core/topics.hpp"
#include "firmware-sim/emit/keys.hpp"
#include "firmware-sim/model/observation.hpp"
#include "server/domain/paper/filing.hpp"
#include "server/domain/paper/paper_subjects.hpp"
#include "server/ingest/config_files.hpp"
#include "server/ingest/register_entry.hpp"
#include "server/judging/rule_files.hpp"

namespace gantry::bench {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t frame_records = 200;
constexpr std::size_t frame_bytes = 150'000;
constexpr std::size_t refusals_kept = 20;
constexpr std::size_t cases_bytes = 256 * 1024 * 1024;  // the whole city: it is judged round by round

std::string read_text(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

std::filesystem::path config() { return std::filesystem::path{GANTRY_SOURCE_DIR} / "config"; }

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

DataMap data_of(const json::object& object) {
    DataMap out;
    for (const auto& [key, value] : object) {
        if (value.is_bool()) out[std::string{key}] = value.get_bool();
        if (value.is_int64()) out[std::string{key}] = value.get_int64();
        if (value.is_string()) out[std::string{key}] = std::string{std::string_view{value.get_string()}};
    }
    return out;
}

// A paper that names one device is part of that device's history, as at the API.
std::string subject_of(const paper::PaperFiling& filing) {
    const auto subjects = paper::subjects_of(filing);
    std::string out;
    for (const paper::Subject& subject : subjects.value()) {
        if (subject.scope != paper::Scope::device) continue;
        if (!out.empty()) return {};
        out = subject.id;
    }
    return out;
}

}  // namespace

// Takes every receipt at once.
class CityWorld::Ear final : public ingest::Transport {
public:
    void start() override {}
    bool try_publish(const std::string&, ByteView, bool) override { return true; }
    bool connected() const override { return true; }
    void stop() override {}
};

// The agent beside one scanner: numbers, chains and signs.
struct CityWorld::Agent {
    DeviceId id;
    SigningKey key;
    EpochId epoch{};
    std::string topic{};
    Hash head{};
    std::uint64_t seq = 0;
    std::vector<std::string> waiting{};

    void write(std::string_view type, std::string_view src, std::optional<std::int64_t> at_ms, std::int64_t t_ms,
               std::string_view body) {
        waiting.push_back(encode_record(RecordHead{.seq = seq + waiting.size() + 1,
                                                   .t_ms = t_ms,
                                                   .mono_ms = t_ms,
                                                   .boot = "city",
                                                   .clk = ClockState::sync,
                                                   .src = parse_source(src).value(),
                                                   .at_ms = at_ms,
                                                   .type = type},
                                        body));
    }
    // The next frame of what waits.
    Bytes frame() {
        std::vector<FrameEntry> entries;
        std::size_t bytes = 0;
        while (entries.size() < std::min(frame_records, waiting.size()) && bytes < frame_bytes) {
            bytes += waiting[entries.size()].size();
            entries.push_back(FrameEntry::of_record(as_bytes(waiting[entries.size()])));
        }
        Bytes out = encode_frame(id, epoch, seq + 1, head, entries, key);
        for (std::size_t i = 0; i < entries.size(); ++i) head = chain_next(head, as_bytes(waiting[i]));
        seq += entries.size();
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(entries.size()));
        return out;
    }
};

CityWorld::CityWorld(const sim::FleetOptions& options, const std::filesystem::path& folder, bool rules)
    : fleet_{options},
      database_{folder / "gantry.db"},
      now_ms_{fleet_.start_ms()},
      ear_{std::make_unique<Ear>()},
      papers_{Schema::parse(read_text(config() / "schema/papers.toml")).value()},
      pack_{judging::read_rules(config() / "rules").pack} {
    KeySeed receipt{}, log{};
    receipt[0] = 1;
    log[0] = 2;
    collector_ = std::make_unique<ingest::Collector>(
        ingest::CollectorOptions{.database = database_,
                                 .id = CollectorId::parse("city").value(),
                                 .receipt_key = SigningKey::from_seed(receipt),
                                 .log_key = SigningKey::from_seed(log),
                                 .schema = Schema::parse(read_text(config() / "schema/events.toml")).value(),
                                 .lifecycle_tables = ingest::read_lifecycle_tables(config() / "lifecycle"),
                                 .catalogues = ingest::read_catalogues(config() / "catalogue"),
                                 .now_ms = [this] { return now_ms_.load(); },
                                 .on_commit = {}},
        *ear_);
    collector_->start();
    register_all();
    if (!rules) return;
    judge_ = std::make_unique<judging::JudgeThread>(
        judging::JudgeOptions{
            .database = database_, .now_ms = [this] { return now_ms_.load(); }, .cases_bytes_max = cases_bytes},
        pack_,
        [this](const std::string& device, std::vector<FactLeaf> facts) { return submit(device, std::move(facts)); });
}

CityWorld::~CityWorld() {
    judge_.reset();
    collector_->stop();
}

void CityWorld::register_all() {
    std::vector<ingest::RegisterEntry> entries;
    for (std::uint32_t i = 0; i < fleet_.size(); ++i) {
        const sim::Profile& profile = fleet_.profile(i);
        const DeviceId id = DeviceId::parse(profile.id).value();
        Agent agent{.id = id,
                    .key = SigningKey::from_seed(sim::record_key_seed(fleet_.options(), profile)),
                    .topic = device_topic(id, Channel::up)};
        const Hash epoch = sha256(as_bytes("epoch " + profile.id));
        std::copy_n(epoch.begin(), agent.epoch.size(), agent.epoch.begin());
        agent.head = chain_start(agent.id, agent.epoch, zero_hash);
        entries.push_back({.id = id,
                           .record_key = agent.key.public_key(),
                           .name = profile.name,
                           .maker = profile.maker,
                           .model = profile.model,
                           .serial = profile.serial,
                           .modality = "CT",
                           .org = profile.organisation,
                           .site = profile.site,
                           .tz = std::string{profile.zone.name}});
        agents_.push_back(std::move(agent));
    }
    std::promise<void> done;
    collector_->submit(ingest::RegisterRequest{.devices = std::move(entries), .done = [&](const auto& outcome) {
                                                   outcome.value();
                                                   done.set_value();
                                               }});
    done.get_future().get();
}

void CityWorld::declare(std::uint32_t device, const sim::SimEvent& event) {
    const sim::Profile& profile = fleet_.profile(device);
    const auto& said = std::get<sim::Declared>(event.what);
    const json::object body = json::parse(sim::declaration_json(fleet_.options(), profile, event)).get_object();
    Declaration out;
    out.event = said.event;
    out.subject = profile.id;
    out.at_ms = event.at_ms;
    out.reason = said.reason;
    out.actor = std::string{std::string_view{body.at("actor").get_string()}};
    out.role = role_from(said.role).value();
    if (said.paper) {
        auto canonical = paper::canonical_filing(papers_, said.paper->kind, said.paper->id,
                                                 said.paper->body.json(sim::TimeForm::milliseconds));
        if (!canonical) throw std::runtime_error{fmt::format("{}: {}", said.paper->id, canonical.error().message)};
        out.event = paper::filed_event;
        out.paper = paper::PaperFiling{said.paper->kind, said.paper->id, std::move(*canonical)};
        out.subject = subject_of(*out.paper);
    } else {
        out.data = data_of(body.at("data").get_object());
        for (const json::value& one : body.at("evidence").get_array())
            out.evidence.emplace_back(std::string_view{one.get_string()});
    }
    ++tally_.declarations;
    std::promise<ingest::CommandResult> done;
    collector_->submit(ingest::DeclareRequest{std::move(out), [&](auto result) { done.set_value(std::move(result)); }});
    const auto result = done.get_future().get();
    if (std::holds_alternative<ingest::Committed>(result)) return;
    ++tally_.refused;
    if (refusals_.size() >= refusals_kept) return;
    const auto* refused = std::get_if<Refused>(&result);
    refusals_.push_back(fmt::format("{} {} at {}: {}", profile.id, said.paper ? said.paper->id : said.event,
                                    sim::rfc3339(event.at_ms),
                                    refused ? refused->message() : std::get<Error>(result).message));
}

void CityWorld::send(std::uint32_t device) {
    Agent& agent = agents_[device];
    while (!agent.waiting.empty()) {
        const std::size_t before = agent.waiting.size();
        const Bytes frame = agent.frame();
        tally_.records += before - agent.waiting.size();
        while (!collector_->offer(agent.topic, frame)) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void CityWorld::await_commit() {
    const auto begin = Clock::now();
    while (collector_->metrics().records_committed.load() < tally_.records) {
        if (seconds_since(begin) > 300) throw std::runtime_error{"records are not committed within 300 s"};
        std::this_thread::sleep_for(std::chrono::microseconds{300});
    }
}

void CityWorld::live_until(std::int64_t until_ms) {
    events_.clear();
    fleet_.advance(until_ms, false, events_);
    const auto begin = Clock::now();
    now_ms_ = until_ms;
    for (const auto& [device, event] : events_)
        if (std::holds_alternative<sim::Declared>(event.what)) declare(device, event);
    for (const auto& [device, event] : events_) {
        const auto seen = sim::observe(fleet_.options(), fleet_.profile(device), event);
        if (!seen) continue;
        Agent& agent = agents_[device];
        if (agent.seq == 0 && agent.waiting.empty())
            agent.write("epoch_open", "agent", std::nullopt, event.true_ms,
                        fmt::format(R"({{"parent":null,"reason":"install","host":"{}","host_parts":["machine_id"],)"
                                    R"("agent":"city"}})",
                                    to_hex(sha256(as_bytes(agent.id.text())))));
        agent.write(seen->type, seen->src, seen->agent_only ? std::nullopt : std::optional{seen->at_ms}, event.true_ms,
                    seen->body);
        if (agent.waiting.size() >= frame_records) send(device);
    }
    for (std::uint32_t i = 0; i < fleet_.size(); ++i) send(i);
    await_commit();
    tally_.ingest_s += seconds_since(begin);
}

bool CityWorld::submit(const std::string& device, std::vector<FactLeaf> facts) {
    for (const FactLeaf& fact : facts) {
        const auto text = [&](const char* key) { return std::get<std::string>(fact.more.at(key)); };
        const std::string rule = text("rule"), key = text("key");
        const auto known = std::ranges::find_if(
            told_, [&](const Told& t) { return t.device == device && t.rule == rule && t.key == key; });
        const bool withdrawn = fact.fact == "finding.withdrawn";
        if (known == told_.end())
            told_.push_back({device, rule, key, now_ms_, withdrawn ? 1U : 0U});
        else if (withdrawn)
            ++known->withdrawn;
    }
    std::promise<void> committed;
    if (!collector_->submit(ingest::VerdictRequest{device, std::move(facts), {}, [&] { committed.set_value(); }}))
        return false;
    committed.get_future().wait();
    return true;
}

void CityWorld::judge() {
    if (!judge_) return;
    const auto begin = Clock::now();
    tally_.judged += judge_->judge_due(now_ms_);
    tally_.judge_s += seconds_since(begin);
}

}  // namespace gantry::bench
