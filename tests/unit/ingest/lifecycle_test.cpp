#include <doctest/doctest.h>
#include <algorithm>

#include "server/ingest/config_files.hpp"
#include "server/ingest/rebuild.hpp"
#include "server/store/read_findings.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

// Declarations with the store behind them: papers, what becomes known late, other tables.
namespace {

constexpr std::int64_t hour = 3'600'000;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t t0 = TestAgent::start_ms;

Declaration declaration(const std::string& event, std::int64_t at_ms, Role role = Role::hm, DataMap data = {}) {
    Declaration out;
    out.event = event;
    out.subject = "ct-1";
    out.actor = "test";
    out.role = role;
    out.reason = "because the test says so";
    out.evidence = {std::string(64, 'a')};
    out.at_ms = at_ms;
    out.data = std::move(data);
    return out;
}

Declaration baseline(const std::string& state, std::int64_t at_ms) {
    return declaration("baseline.declared", at_ms, Role::hm, {{"state", state}});
}

// One device at one hospital, on a clock of its own.
struct Bench {
    std::int64_t now = t0 + 30 * day;
    TestCollector collector{[this] { return now; }};
    TestAgent agent{"ct-1"};
    std::uint64_t delivered = 0;  // records of the agent's epoch

    Bench() {
        REQUIRE(collector
                    .add({ingest::RegisterEntry{.id = agent.dev,
                                                .record_key = agent.key.public_key(),
                                                .modality = "CT",
                                                .org = "h-1",
                                                .site = "east"}})
                    .has_value());
    }
    std::string declare(Declaration declared) {
        const auto result = collector.declare(std::move(declared));
        if (const auto* committed = std::get_if<ingest::Committed>(&result)) {
            last = *committed;
            return std::string{name(committed->state)};
        }
        if (const auto* refused = std::get_if<Refused>(&result)) return "!" + refused->guard;
        return std::get<Error>(result).message;
    }
    void file(const std::string& kind, const std::string& id, const std::string& body) {
        Declaration out = declaration(std::string{paper::filed_event}, t0);
        out.subject.clear();
        out.paper = paper::PaperFiling{kind, id, body};
        const std::string got = declare(out);
        CAPTURE(got);
        REQUIRE(got == "NONE");
    }
    // "V13 SUSPENDED x2 open; ", by rule and key.
    std::string findings() {
        store::StoreReader reader{collector.database()};
        std::string out;
        auto rows = reader.findings(1, false, 100);
        std::ranges::sort(rows, {}, [](const auto& row) { return std::pair{row.rule, row.key}; });
        for (const auto& row : rows)
            if (row.rule.starts_with("V1"))
                out += row.rule + " " + row.state + " x" + std::to_string(row.count) +
                       (row.open ? " open; " : " " + row.stage + "; ");
        return out;
    }
    std::string lane() {
        store::StoreReader reader{collector.database()};
        std::string out;
        for (const auto& row : reader.intervals(1, Lane::lifecycle, 0, now + 1000 * day))
            out += std::to_string((row.from_ms - t0) / hour) + " " + row.state + (row.to_ms ? "" : " …") + "; ";
        return out;
    }
    void check_rebuild() {
        const TempDir scratch;
        const auto report = ingest::rebuild(collector.database(), scratch.path());
        REQUIRE(report.has_value());
        CAPTURE(report->difference.value_or(""));
        CHECK_FALSE(report->difference.has_value());
    }
    void expose(int first, int count, std::int64_t at_ms) {
        for (int i = 0; i < count; ++i) agent.expose(first + i, at_ms + i * 60'000);
        deliver();
    }
    // All that is new, the opening of the epoch with the first.
    void deliver() {
        const std::uint64_t newest = agent.epoch().records.size();
        REQUIRE(collector.deliver(agent, delivered + 1, newest).has_value());
        delivered = newest;
    }

    ingest::Committed last;
};

std::string ms(std::int64_t at_ms) { return std::to_string(at_ms); }

}  // namespace

TEST_CASE("lifecycle: a guard reads the papers on file, those of the same moment too, and says what is missing") {
    Bench bench;
    CHECK(bench.declare(baseline("READY", t0)) == "READY");
    CHECK(bench.last.outstanding == std::vector<Role>{Role::reg_h});
    const Declaration commission = declaration("commissioned", t0 + 20 * day);
    CHECK(bench.declare(commission) == "!permits_in_force");
    bench.file("permit", "E-1",
               R"({"categories":["ray_device_iii"],"from":)" + ms(t0) +
                   R"(,"holder":"h-1","kind":"radiation_safety","no":"1"})");
    CHECK(bench.declare(commission) == "!permits_in_force");
    bench.file("permit", "H-1",
               R"({"categories":["xray_imaging"],"devices":["ct-1"],"from":)" + ms(t0) +
                   R"(,"holder":"h-9","kind":"radiodiagnosis","no":"2"})");
    CHECK(bench.declare(commission) == "!operator_qualified");
    bench.file("operator", "O-1",
               R"({"dosimetry_at":)" + ms(t0) + R"(,"health_check_at":)" + ms(t0) + R"(,"org":"h-1","training_to":)" +
                   ms(t0 + 300 * day) + "}");
    CHECK(bench.declare(commission) == "!baseline_values_stored");
    bench.file(
        "document", "D-1",
        R"({"at":)" + ms(t0) + R"(,"device":"ct-1","kind":"baseline_file","sha256":")" + std::string(64, 'b') + "\"}");
    CHECK(bench.declare(commission) == "!pm_plan_stored");
    bench.file("schedule", "S-1",
               R"({"device":"ct-1","every_days":90,"from":)" + ms(t0) + R"(,"name":"PM","work":"pm"})");
    bench.file("recall", "R-1",
               R"({"action":"stop_use","devices":["ct-1"],"notice_at":)" + ms(t0 + 19 * day) + R"(,"recall_class":1})");
    CHECK(bench.declare(commission) == "!no_stop_use_recall");
    Declaration earlier = commission;
    earlier.at_ms = t0 + 18 * day;  // before the recall: by the papers of that day
    CHECK(bench.declare(earlier) == "IN_USE");
    CHECK(bench.last.outstanding == std::vector<Role>{Role::rad});
    CHECK(bench.lane() == "0 READY; 432 IN_USE …; ");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: a room, supplier and receiver that only the declaration names are found") {
    Bench bench;
    REQUIRE(bench.declare(baseline("IN_USE", t0)) == "IN_USE");
    Declaration move = declaration("relocation.started", t0 + day, Role::hm, {{"room", std::string{"R-9"}}});
    CHECK(bench.declare(move) == "!room_reviewed");
    bench.file("room", "R-9", R"({"shielding_reviewed_at":)" + ms(t0) + R"(,"site":"west"})");
    CHECK(bench.declare(move) == "!permit_reapplied");
    bench.file("document", "D-1",
               R"({"at":)" + ms(t0 + day) + R"(,"device":"ct-1","kind":"permit_application","sha256":")" +
                   std::string(64, 'b') + "\"}");
    CHECK(bench.declare(move) == "RELOCATING");
    Declaration install = declaration("install.completed", t0 + 2 * day, Role::svc,
                                      {{"room", std::string{"R-9"}}, {"installer", std::string{"org-i"}}});
    CHECK(bench.declare(install) == "!installer_authorised");
    bench.file("certificate", "C-1",
               R"({"from":)" + ms(t0) + R"(,"kind":"installer_authorisation","subject":"org-i"})");
    CHECK(bench.declare(install) == "INSTALLED");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: what becomes known late judges again what was observed, and is taken back with its reason") {
    Bench bench;
    REQUIRE(bench.declare(baseline("IN_USE", t0)) == "IN_USE");
    bench.expose(1, 3, t0 + 10 * hour);
    bench.expose(11, 2, t0 + 30 * hour);
    CHECK(bench.findings().empty());
    bench.now += hour;
    const DataMap works{{"reason_code", std::string{"works"}}};
    CHECK(bench.declare(declaration("suspend", t0 + 8 * hour, Role::hm, works)) == "SUSPENDED");
    const auto suspended = static_cast<std::int64_t>(bench.last.log_index);
    CHECK(bench.findings() == "V13 SUSPENDED x5 open; ");
    bench.expose(21, 1, t0 + 40 * hour);
    CHECK(bench.findings() == "V13 SUSPENDED x6 open; ");
    // It had been resumed after a day.
    CHECK(bench.declare(declaration("resume", t0 + 24 * hour, Role::hm, {{"reason_closed", true}})) ==
          "!permits_in_force");
    bench.file("permit", "E-1", R"({"from":1,"holder":"h-1","kind":"radiation_safety","no":"1"})");
    bench.file("permit", "H-1", R"({"from":1,"holder":"h-1","kind":"radiodiagnosis","no":"2"})");
    CHECK(bench.declare(declaration("resume", t0 + 24 * hour, Role::hm, {{"reason_closed", true}})) == "IN_USE");
    CHECK(bench.lane() == "0 IN_USE; 8 SUSPENDED; 24 IN_USE …; ");
    CHECK(bench.findings() == "V13 SUSPENDED x3 open; ");
    // It began later than was said: the finding has another beginning, and another key.
    CHECK(bench.declare(declaration("correction", t0 + 10 * hour + 90'000, Role::hm,
                                    {{"event_id", suspended}, {"action", std::string{"retime"}}})) == "IN_USE");
    CHECK(bench.findings() == "V13 SUSPENDED x3 withdrawn; V13 SUSPENDED x1 open; ");
    // It never was.
    CHECK(bench.declare(declaration("correction", bench.now, Role::hm, {{"event_id", suspended}})) == "IN_USE");
    CHECK(bench.last.overtakes.size() == 1);  // what was never suspended was not resumed
    CHECK(bench.lane() == "0 IN_USE …; ");
    CHECK(bench.findings() == "V13 SUSPENDED x3 withdrawn; V13 SUSPENDED x1 withdrawn; ");
    store::StoreReader reader{bench.collector.database()};
    CHECK(rows_in(bench.collector.database(),
                  "finding_step WHERE action = 'withdrawn' AND reason LIKE '%declared life%'") == 2);
    bench.check_rebuild();
    bench.collector.restart();
    CHECK(bench.declare(declaration("suspend", t0 + 20 * day, Role::hm, works)) == "SUSPENDED");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: exposures told twice, rehomed or assigned are judged again as they were counted") {
    Bench bench;
    TestAgent stray{"unassigned-east", 2};
    REQUIRE(bench.collector.add(stray).has_value());
    REQUIRE(bench.declare(baseline("IN_USE", t0)) == "IN_USE");
    bench.expose(1, 2, t0 + 10 * hour);
    bench.expose(1, 2, t0 + 10 * hour);  // again: duplicates
    stray.expose(5, t0 + 11 * hour);
    const auto ack = bench.collector.deliver(stray, 1, 2);
    REQUIRE(ack.has_value());
    Declaration order = declaration(std::string{unassigned_assigned}, t0);
    order.data = {{"device", std::string{"ct-1"}}, {"log_index", static_cast<std::int64_t>(ack->leaf)}};
    REQUIRE(bench.declare(order) == "IN_USE");
    CHECK(bench.declare(declaration("idle.declared", t0 + 9 * hour, Role::hm, {{"isolated", true}})) == "IDLE");
    CHECK(bench.findings() == "V13 IDLE x3 open; ");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: a countersignature is a declaration of its own") {
    Bench bench;
    REQUIRE(bench.declare(baseline("IN_USE", t0)) == "IN_USE");
    const auto event_id = static_cast<std::int64_t>(bench.last.log_index);
    CHECK(bench.declare(declaration("countersigned", t0 + day, Role::reg_e, {{"event_id", event_id}})) ==
          "!signature_owed");
    CHECK(bench.declare(declaration("countersigned", t0 + day, Role::reg_h, {{"event_id", event_id}})) == "IN_USE");
    CHECK(bench.declare(declaration("countersigned", t0 + day, Role::reg_h, {{"event_id", event_id}})) ==
          "!signature_owed");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: other tables judge from their leaf on, without a restart; what was judged stays judged") {
    Bench bench;
    REQUIRE(bench.declare(baseline("IN_USE", t0)) == "IN_USE");
    const Declaration pm = declaration("pm.started", t0 + day, Role::svc, {{"work_order", std::string{"W-1"}}});
    const auto put = [&](std::vector<std::string> tables) {
        const auto done = std::make_shared<std::promise<void>>();
        auto future = done->get_future();
        REQUIRE(bench.collector.collector->submit(
            ingest::TablesRequest{std::move(tables), {}, [done] { done->set_value(); }}));
        future.get();
    };
    const std::string shipped = text_of_file(GANTRY_SOURCE_DIR "/config/lifecycle/ct.toml");
    const auto facts = [&] {
        return rows_in(bench.collector.database(),
                       "leaf WHERE type = 3 AND CAST(bytes AS TEXT) LIKE '%lifecycle_in_force%'");
    };
    CHECK(facts() == 1);
    put({shipped});
    CHECK(facts() == 1);  // nothing new
    std::string strict = shipped;
    strict.replace(strict.find("version = 1"), 11, "version = 2");
    const std::size_t row = strict.find("event = \"pm.started\"");
    strict.replace(strict.find("need = [\"work_order\"]", row), 21, "need = [\"work_order\", \"order_number\"]");
    put({strict});
    CHECK(facts() == 2);
    CHECK(bench.declare(pm) == "!order_number");
    Declaration with_order = pm;
    with_order.data["order_no"] = std::string{"O-1"};
    CHECK(bench.declare(with_order) == "PM");
    store::StoreReader reader{bench.collector.database()};
    CHECK(parse_declaration_leaf(as_text(reader.leaf(bench.last.log_index)->bytes))->table == "CT/2");
    bench.collector.restart();  // with the shipped table: of two that begin on one day the later version judges
    CHECK(bench.declare(declaration("pm.completed", t0 + 2 * day, Role::svc, {{"checklist_complete", true}})) ==
          "IN_USE");
    CHECK(bench.declare(declaration("pm.started", t0 + 3 * day, Role::svc, {{"work_order", std::string{"W-2"}}})) ==
          "!order_number");
    bench.check_rebuild();
}

TEST_CASE("lifecycle: the shipped tables and catalogues are read, a broken one is refused with file and line") {
    CHECK(ingest::read_lifecycle_tables(GANTRY_SOURCE_DIR "/config/lifecycle").size() == 9);
    CHECK(ingest::read_catalogues(GANTRY_SOURCE_DIR "/config/catalogue").size() == 2);
    const TempDir dir;
    const auto write = [&](const std::string& name, const std::string& text) { std::ofstream{dir / name} << text; };
    const auto problem = [&] {
        try {
            ingest::read_lifecycle_tables(dir.path());
            return std::string{};
        } catch (const std::invalid_argument& fault) {
            return std::string{fault.what()};
        }
    };
    CHECK(problem().find("no lifecycle table") != std::string::npos);
    const std::string ct = text_of_file(GANTRY_SOURCE_DIR "/config/lifecycle/ct.toml");
    write("a.toml", "version = 1\nmodality = \"A\"\nvalid_from = \"2026-01-01\"\nbase = \"ct.toml\"\n");
    CHECK(problem().find("a.toml:1: base 'ct.toml' is not there") != std::string::npos);
    write("ct.toml", ct);
    CHECK(problem().empty());
    write("copy.toml", ct);
    CHECK(problem().find("ct.toml:1: table CT/1: copy.toml is it already") != std::string::npos);
    write("copy.toml", "version = 1\nmodality = \"B\"\nvalid_from = \"2026-01-01\"\nbase = \"copy.toml\"\n");
    CHECK(problem().find("base 'copy.toml' is not there") != std::string::npos);
    write("copy.toml", "version = 1\nmodality = \"B\"\nvalid_from = \"2026-01-01\"\nbase = \"a.toml\"\ncolour = 3\n");
    CHECK(problem().find("copy.toml:5: unknown key 'colour'") != std::string::npos);
}
