// bench_years: whole lives of devices in a collector's store: records, declarations, papers and findings of years,
// folded and written as the collector does, with the clock of then. The same arguments, the same log.
//   bench_years DATABASE DEVICES YEARS EXAMS_A_DAY SEED END_MS         a line of JSON on stdout
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/core/chain.hpp"
#include "server/domain/finding/verdict.hpp"
#include "server/domain/paper/filing.hpp"
#include "server/ingest/projection.hpp"

using namespace gantry;

namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour, year = 365 * day;

std::string read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

class StoreLog final : public ingest::LeafLog {
public:
    explicit StoreLog(store::StoreWriter& store) : store_{store} {}
    void append(const store::LeafRow& leaf) override { store_.append(leaf); }
    std::optional<store::LeafRow> leaf(std::uint64_t idx, Bytes& bytes) override { return store_.leaf(idx, bytes); }
    std::optional<Hash> frame_head(std::uint64_t idx) override { return store_.frame_head(idx); }

private:
    store::StoreWriter& store_;
};

// One device's life, a day at a time.
class Life {
public:
    Life(ingest::Projection& log, const Schema& papers, std::uint32_t number, std::uint32_t seed, std::int64_t begin_ms,
         int exams)
        : log_{log},
          papers_{papers},
          id_{fmt::format("years-{:04}", number)},
          random_{seed * 7919U + number},
          begin_ms_{begin_ms},
          exams_{exams} {}

    void begin() {
        FactLeaf entry{"registered", id_, {}};
        entry.more = {{"maker", std::string{"Bench"}},     {"modality", std::string{"CT"}},
                      {"model", std::string{"CT 64"}},     {"name", id_},
                      {"org", std::string{"h-1"}},         {"serial", id_},
                      {"site", std::string{"s-1"}},        {"tz", std::string{"Asia/Shanghai"}},
                      {"record_key", std::string(64, '0')}};
        log_.add_fact(entry, begin_ms_);
        const Hash epoch = sha256(as_bytes(id_));
        std::copy_n(epoch.begin(), epoch_.size(), epoch_.begin());
        head_ = chain_start(device().entry.id, epoch_, zero_hash);
        device().ledger.add({.id = epoch_,
                             .high = 0,
                             .head = head_,
                             .start = head_,
                             .parent = {},
                             .fork = {},
                             .first_child_at = {},
                             .waiting_children = {}});
        declare(begin_ms_, "baseline.declared", Role::hm, State::none, State::in_use);
        file(
            "device_sheet", id_, begin_ms_,
            fmt::format(R"({{"capacity_exams_per_day":80,"installed_at":{0},"labelled_life_days":3650,"maker":"Bench",)"
                        R"("modality":"CT","model":"CT 64","price_cny":8000000,"purchased_at":{0},"serial":"{1}"}})",
                        begin_ms_, id_));
        file("opening_hours", id_ + "-open", begin_ms_,
             fmt::format(R"({{"device":"{}","from":{},"from_minute":480,"to_minute":1080,"weekdays":63}})", id_,
                         begin_ms_));
        file("schedule", id_ + "-pm", begin_ms_,
             fmt::format(R"({{"device":"{}","every_days":91,"from":{},"name":"quarterly","work":"pm"}})", id_,
                         begin_ms_));
    }

    // `n`: days since the beginning. All times of the site are UTC + 8: its morning is the UTC midnight.
    void add_day(std::int64_t n) {
        const std::int64_t at = begin_ms_ + n * day;
        add_papers_of_year(n, at);
        record(at, Source::log, "power.on", "{}");
        const bool service = add_works(n, at);
        for (int h = 0; h < 24; ++h) {
            if (h < 10 && !service) add_exams(at + h * hour, exams_ / 10 + (h < exams_ % 10 ? 1 : 0));
            record(at + h * hour + 30 * minute, Source::sensor, "env",
                   fmt::format(R"({{"anode_mc":{},"oil_mc":{},"room_mc":22000}})", pick(40'000, 60'000),
                               pick(30'000, 45'000)));
            record(at + (h + 1) * hour, Source::agent, "coverage",
                   fmt::format(R"({{"hour":{},"map":"{}"}})", at + h * hour,
                               pick(1, 400) == 1 ? "fffffffff000000" : "fffffffffffffff"));
            if (h == 14) record(at + 14 * hour + 5 * minute, Source::log, "power.off", "{}");
        }
        record(at + 23 * hour, Source::log, "counter",
               fmt::format(R"({{"arcs":{},"exams":{},"scan_ms":{},"tube_id":"A","tube_serial":"T{}"}})", n / 10,
                           n * exams_, scan_ms_, n / 1500));
    }

private:
    ingest::Device& device() { return *log_.find(id_); }
    int pick(int low, int high) { return std::uniform_int_distribution{low, high}(random_); }
    std::string hex() { return fmt::format("{:08x}{:08x}{:08x}{:08x}", random_(), random_(), random_(), random_()); }

    void record(std::int64_t at, Source source, std::string_view type, std::string_view body) {
        admission::EpochLedger& epoch = *device().ledger.find(epoch_);
        const RecordHead head{.seq = ++epoch.high,
                              .t_ms = at + 500,
                              .mono_ms = at - begin_ms_,
                              .boot = "bench",
                              .clk = ClockState::sync,
                              .src = source,
                              .at_ms = source == Source::agent ? std::nullopt : std::optional{at},
                              .type = type};
        const std::string bytes = encode_record(head, body);
        epoch.head = head_ = chain_next(head_, as_bytes(bytes));
        log_.add_record(device(), epoch_, epoch.high, as_bytes(bytes), parse_record(bytes).value(), at + 1000);
    }

    void declare(std::int64_t at, std::string event, Role role, State from, State to, DataMap data = {}) {
        DeclarationLeaf leaf;
        leaf.declared.event = std::move(event);
        leaf.declared.subject = id_;
        leaf.declared.actor = "bench";
        leaf.declared.role = role;
        leaf.declared.reason = "of the benchmark";
        leaf.declared.at_ms = at;
        leaf.declared.data = std::move(data);
        leaf.from = from;
        leaf.to = to;
        leaf.table = "ct/1";
        log_.add_declaration(leaf, at + 1000);
    }

    void file(std::string kind, std::string id, std::int64_t at, const std::string& body) {
        DeclarationLeaf leaf;
        leaf.declared.event = paper::filed_event;
        leaf.declared.subject = id_;
        leaf.declared.actor = "bench";
        leaf.declared.reason = "of the benchmark";
        leaf.declared.at_ms = at;
        std::string canonical = paper::canonical_filing(papers_, kind, id, body).value();
        leaf.declared.paper = paper::PaperFiling{std::move(kind), std::move(id), std::move(canonical)};
        log_.add_declaration(leaf, at + 1000);
    }

    void add_exams(std::int64_t at, int count) {
        for (int i = 0; i < count; ++i) {
            const std::int64_t from = at + i * hour / count;
            const std::string exam = hex();
            record(
                from, Source::mpps, "usage.exam.start",
                fmt::format(R"({{"age_band":"18-64","exam_h":"{}","proto_group":"chest","purpose":"patient"}})", exam));
            for (int n = 1; n <= 4; ++n) {
                const int ms = pick(2'000, 15'000);
                scan_ms_ += ms;
                record(
                    from + n * 30'000, Source::rdsr, "usage.exposure",
                    fmt::format(
                        R"({{"acq":"spiral","ctdivol_ugy":{},"dlp_ugy_cm":{},"duration_ms":{},"event_h":"{}","exam_h":"{}","kvp_v":120000,"n":{},"proto_group":"chest","purpose":"patient","region":"chest","sources":[{{"id":"A","kv_v":120000,"ma_mean_ua":{},"rot_ms":500}}]}})",
                        pick(4'000, 20'000), pick(100'000, 700'000), ms, hex(), exam, n, pick(50'000, 400'000)));
            }
            record(from + 4 * minute, Source::mpps, "usage.exam.end",
                   fmt::format(R"({{"duration_ms":240000,"exam_h":"{}","exposures":4,"status":"{}"}})", exam,
                               pick(1, 60) == 1 ? "discontinued" : "completed"));
        }
    }

    // A maintenance each quarter, a fault with its repair every two months. True: no patients that day.
    bool add_works(std::int64_t n, std::int64_t at) {
        if (n % 91 == 90) {
            declare(at + hour, "pm.started", Role::svc, State::in_use, State::pm);
            declare(at + 5 * hour, "pm.completed", Role::svc, State::pm, State::in_use);
            work_order(n, at + hour, at + 5 * hour, "preventive");
            return true;
        }
        if (n % 61 != 60) return false;
        const std::string code = fmt::format("E-{}", pick(1, 20));
        record(at + hour, Source::log, "fault.raised",
               fmt::format(R"({{"code":"{}","severity":"hard","subsystem":"tube"}})", code));
        declare(at + 2 * hour, "fault.reported", Role::rad, State::in_use, State::fault,
                {{"severity", std::string{"hard"}}});
        const bool major = n % 1500 < 61;
        if (major)
            record(at + 4 * hour, Source::log, "part.replaced",
                   fmt::format(R"({{"major":true,"new_serial":"T{}","old_serial":"T{}","part":"tube"}})", n, n - 1500));
        record(at + 6 * hour, Source::log, "fault.cleared", fmt::format(R"({{"code":"{}"}})", code));
        declare(at + 6 * hour, "repair.completed", Role::svc, State::fault, major ? State::retest : State::in_use);
        if (major) declare(at + 8 * hour, "qc.passed", Role::qmp, State::retest, State::in_use);
        work_order(n, at + 2 * hour, at + 6 * hour, "corrective");
        finding::FoundFact found;
        found.found.rule = "V36";
        found.found.key = fmt::format("{}@{}", code, n);
        found.found.from_ms = at;
        found.found.to_ms = at + day;
        found.found.measured = "3 faults";
        found.found.limit = "2 faults";
        found.rule_version = 1;
        log_.add_fact(finding::fact_of(id_, found), at + 7 * hour);
        return true;
    }

    void work_order(std::int64_t n, std::int64_t from, std::int64_t to, std::string_view kind) {
        const std::string parts =
            kind == "corrective" && n % 1500 < 61
                ? fmt::format(
                      R"("parts":[{{"cost_cny":600000,"major":true,"new_serial":"T{}","old_serial":"T{}","part":"tube"}}],)",
                      n, n - 1500)
                : "";
        file(
            "work_order", fmt::format("{}-w{}", id_, n), to,
            fmt::format(
                R"({{"cost_cny":20000,"device":"{}","ended_at":{},"kind":"{}","opened_at":{},"outcome":"resolved",{}"responded_at":{},"started_at":{}}})",
                id_, to, kind, from, parts, from + 10 * minute, from + 20 * minute));
    }

    void add_papers_of_year(std::int64_t n, std::int64_t at) {
        if (n % 30 == 5)
            file(
                "test", fmt::format("{}-t{}", id_, n), at,
                fmt::format(
                    R"({{"at":{},"device":"{}","items":[{{"item":"noise","pass":true,"value_milli":350}},{{"item":"water_hu","pass":true,"value_milli":1200}}],"kind":"{}","passed":true}})",
                    at, id_, n % 360 == 5 ? "status" : "constancy"));
        if (n % 365 != 0) return;
        const std::int64_t to = at + year;
        file(
            "contract", fmt::format("{}-c{}", id_, n), at,
            fmt::format(
                R"({{"annual_cost_cny":400000,"cover_from_minute":480,"cover_to_minute":1080,"devices":["{}"],"from":{},"kind":"service","no":"S-{}","to":{},"uptime_permille":970}})",
                id_, at, n, to));
        file("permit", fmt::format("{}-p{}", id_, n), at,
             fmt::format(
                 R"({{"devices":["{}"],"from":{},"holder":"h-1","kind":"radiation_safety","no":"R-{}","to":{}}})", id_,
                 at, n, to));
        for (const char* kind : {"energy", "staff", "consumables", "room", "income"})
            file("cost", fmt::format("{}-{}{}", id_, kind, n), at,
                 fmt::format(R"({{"amount_cny":300000,"device":"{}","from":{},"kind":"{}","to":{}}})", id_, at, kind,
                             to));
        file("document", fmt::format("{}-d{}", id_, n), at,
             fmt::format(R"({{"at":{},"device":"{}","kind":"report","sha256":"{}","title":"report"}})", at, id_,
                         std::string(64, 'a')));
    }

    ingest::Projection& log_;
    const Schema& papers_;
    std::string id_;
    std::mt19937 random_;
    std::int64_t begin_ms_;
    int exams_;
    EpochId epoch_{};
    Hash head_{};
    std::int64_t scan_ms_ = 0;
};

void put_table_in_force(store::StoreWriter& store, ingest::Projection& log, std::int64_t at) {
    const std::string toml = read(std::filesystem::path{GANTRY_SOURCE_DIR} / "config/lifecycle/ct.toml");
    const FactLeaf fact = ingest::table_fact(LifecycleTable::parse(toml, "ct.toml").value(), toml);
    store.put_meta(ingest::table_meta_key(std::get<std::string>(fact.more.at("sha256"))), toml);
    log.add_fact(fact, at);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        fmt::print(stderr, "got {} arguments, want DATABASE DEVICES YEARS EXAMS_A_DAY SEED END_MS\n", argc - 1);
        return 2;
    }
    const auto number = [&](int i) { return std::stoll(argv[i]); };
    const std::int64_t days = number(3) * 365;
    const std::int64_t begin_ms = number(6) / day * day - days * day;
    const auto papers =
        Schema::parse(read(std::filesystem::path{GANTRY_SOURCE_DIR} / "config/schema/papers.toml")).value();
    store::StoreWriter store{argv[1]};
    StoreLog leaves{store};
    ingest::Projection log{store, leaves};
    log.load();
    const auto began = std::chrono::steady_clock::now();
    store.begin();
    put_table_in_force(store, log, begin_ms);
    std::vector<Life> lives;
    for (std::uint32_t i = 0; i < number(2); ++i)
        lives.emplace_back(log, papers, i, static_cast<std::uint32_t>(number(5)), begin_ms,
                           static_cast<int>(number(4)));
    for (Life& life : lives) life.begin();
    std::uint64_t committed = 0;
    for (std::int64_t n = 0; n < days; ++n) {
        for (Life& life : lives) life.add_day(n);
        if (log.size() - committed < 10'000 && n + 1 < days) continue;
        log.flush();
        store.commit();
        committed = log.size();
        store.begin();
    }
    log.flush();
    store.commit();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    fmt::print("{{\"leaves\":{},\"devices\":{},\"seconds\":{:.3f}}}\n", log.size(), lives.size(), took.count());
    return 0;
}
