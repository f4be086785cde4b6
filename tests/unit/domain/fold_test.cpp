#include "server/domain/fold.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/unit/domain/fold_support.hpp"

using namespace gantry;

namespace {

// Rows without those that hold nothing, and without the log's numbers, so that runs can be compared.
std::map<std::int64_t, HourCell> filled(const Bench& bench) {
    auto rows = bench.rows;
    for (auto& [hour, cell] : rows) cell.first_leaf = cell.last_leaf = 0;
    std::erase_if(rows, [](const auto& row) { return row.second == HourCell{}; });
    return rows;
}

// Without the log indexes, which tell of the arrival.
std::map<std::int64_t, HourCell> filled_by_any(const Bench& bench) {
    auto rows = filled(bench);
    for (auto& [at, cell] : rows) cell.first_leaf = cell.last_leaf = 0;
    return rows;
}

std::string rules_of(const Effects& effects) {
    std::string out;
    for (const FindingCandidate& f : effects.findings)
        out += (out.empty() ? "" : " ") + f.rule + "/" + std::string{name(f.severity)} + (f.suspected ? "?" : "");
    return out;
}

}  // namespace

TEST_CASE("fold: an exposure is counted in its hour, on its tubes and for its exam") {
    Bench bench;
    bench.exposure(1, t0 + 10 * minute);
    bench.exposure(2, t0 + 40 * minute);
    const HourCell& cell = bench.rows.at(t0);
    CHECK(cell.exposures == 2);
    CHECK(cell.exams == 1);
    CHECK(cell.exposure_ms == 2'000);
    CHECK(cell.mas() == 600);  // 2 × 1 s × (200 + 100) mA
    CHECK(cell.dlp_ugy_cm == 600'000);
    CHECK(cell.half_exposures == std::array<std::int64_t, 2>{1, 1});
    CHECK(cell.half_exposure_ms == std::array<std::int64_t, 2>{1'000, 1'000});
    CHECK(cell.ctdivol.count() == 2);
    REQUIRE(bench.device.tubes.size() == 2);
    CHECK(bench.device.tubes[0].id == "A");
    CHECK(bench.device.tubes[0].exposure_ms == 2'000);
    CHECK(bench.device.tubes[0].charge_ua_ms == 400'000'000);
    CHECK(bench.device.tubes[1].charge_ua_ms == 200'000'000);
    CHECK(bench.device.exposures == 2);
    CHECK(bench.device.operating == Operating::standby);
}

TEST_CASE("fold: what is not known stays unknown and is counted as such") {
    Bench bench;
    bench.record("usage.exposure", t0, R"({"event_h":"0123456789abcdef0123456789abcdef","acq":"spiral"})");
    const HourCell& cell = bench.rows.at(t0);
    CHECK(cell.exposures == 1);
    CHECK(cell.unknown_duration == 1);
    CHECK(cell.patient_exposures == 1);  // unknown is judged as patient
    CHECK(cell.ctdivol.count() == 0);
    CHECK(bench.device.unknown_tube == 1);
    CHECK(bench.device.tubes.empty());
}

TEST_CASE("fold: any order of arrival, with repetitions, gives the same hours and counters") {
    struct Told {
        int event;
        std::int64_t at_ms;
        int exam;
    };
    std::mt19937_64 random{20261122};
    for (int round = 0; round < 200; ++round) {
        std::vector<Told> told;
        std::int64_t at = t0;
        for (int event = 0; event < 60; ++event) {
            at += static_cast<std::int64_t>(random() % (25 * minute));
            told.push_back({event, at, event / 4});  // exams run across hours, some across three
        }
        Bench in_order;
        for (const Told& t : told) in_order.exposure(t.event, t.at_ms, t.exam);

        std::vector<Told> shuffled = told;
        for (int i = 0; i < 20; ++i) shuffled.push_back(told[random() % told.size()]);
        std::shuffle(shuffled.begin(), shuffled.end(), random);
        Bench any_order;
        for (const Told& t : shuffled) any_order.exposure(t.event, t.at_ms, t.exam);

        REQUIRE(filled_by_any(any_order) == filled_by_any(in_order));
        CHECK(any_order.device.exposures == 60);
        CHECK(any_order.device.duplicates == 20);
        CHECK(any_order.device.tubes == in_order.device.tubes);
        CHECK(any_order.device.last_use_ms == in_order.device.last_use_ms);
        CHECK(any_order.device.last_at_ms == in_order.device.last_at_ms);
    }
}

TEST_CASE("fold: a repeated exposure changes no row, no tube and makes no finding") {
    Bench bench;
    bench.declare("baseline.declared", t0 - minute, State::suspended);
    bench.exposure(1, t0);
    CHECK(rules_of(bench.effects) == "V13/critical");
    const auto rows = filled(bench);
    const auto tubes = bench.device.tubes;
    bench.effects.clear();
    bench.exposure(1, t0);
    CHECK(bench.effects.duplicate);
    CHECK(bench.effects.findings.empty());
    CHECK(filled(bench) == rows);
    CHECK(bench.device.tubes == tubes);
    CHECK(bench.device.duplicates == 1);
    CHECK(bench.device.exposures == 1);
}

TEST_CASE("fold: an exam that runs over the hour is one exam, also when MPPS tells it") {
    Bench bench;
    bench.record("usage.exam.start", t0 + 55 * minute, "{\"exam_h\":\"" + Bench::hash(7) + "\"}", "mpps");
    bench.exposure(1, t0 + 58 * minute, 7);
    bench.exposure(2, t0 + 62 * minute, 7);
    bench.record("usage.exam.end", t0 + 64 * minute, "{\"exam_h\":\"" + Bench::hash(7) + "\",\"status\":\"completed\"}",
                 "mpps");
    CHECK(bench.rows.at(t0).exams == 1);
    CHECK(bench.rows.at(t0 + ms_per_hour).exams == 0);
    CHECK(bench.rows.at(t0 + ms_per_hour).exposures == 1);
    CHECK(!bench.device.in_exam);
}

TEST_CASE("fold: use against the declared state is stored and flagged, by the state of its own time") {
    struct Row {
        State state;
        std::string_view purpose;
        std::string_view want;
    };
    using enum State;
    for (const Row& row : {
             Row{none, "patient", ""},
             Row{planned, "patient", "V10/critical"},
             Row{delivered, "service", "V10/high"},
             Row{installed, "patient", "V10/critical"},
             Row{installed, "phantom", ""},
             Row{acceptance, "unknown", "V10/critical?"},
             Row{ready, "patient", "V10/critical"},
             Row{ready, "service", ""},
             Row{in_use, "patient", ""},
             Row{in_use, "unknown", ""},
             Row{pm, "patient", "V13/critical"},
             Row{pm, "service", ""},
             Row{fault, "patient", "V13/critical"},
             Row{retest, "patient", "V13/critical"},
             Row{retest, "phantom", ""},
             Row{suspended, "patient", "V13/critical"},
             Row{sealed, "patient", "V12/critical"},
             Row{sealed, "service", "V12/critical"},
             Row{relocating, "patient", "V13/critical"},
             Row{idle, "service", "V13/high"},
             Row{lost, "patient", "V13/critical"},
             Row{decommissioned, "patient", "V14/critical"},
             Row{decommissioned, "service", "V14/critical"},
             Row{transferred, "phantom", "V14/critical"},
             Row{disposed, "patient", "V14/critical"},
             Row{cancelled, "patient", "V14/critical"},
             Row{returned, "patient", "V14/critical"},
         }) {
        CAPTURE(name(row.state));
        CAPTURE(row.purpose);
        Bench bench;
        bench.declare("baseline.declared", t0, in_use);
        if (row.state == none) bench.device.life = {};
        if (row.state != none && row.state != in_use) bench.declare("moved", t0 + 10 * minute, row.state);
        bench.effects.clear();
        bench.exposure(1, t0 + 20 * minute, 1, row.purpose);
        CHECK(rules_of(bench.effects) == row.want);
        CHECK(bench.rows.at(t0).exposures == 1);
        bench.effects.clear();
        bench.exposure(2, t0 + 5 * minute, 1, row.purpose);  // told late: it happened while in use
        if (row.state != none) CHECK(rules_of(bench.effects).empty());
    }
}

TEST_CASE("fold: any sign of life of a disposed device is a finding that names its state and leaf") {
    Bench bench;
    bench.declare("baseline.declared", t0, State::disposed);
    bench.effects.clear();
    bench.record("epoch_open", t0 + minute, R"({"parent":null,"reason":"start"})", "agent");
    REQUIRE(bench.effects.findings.size() == 1);
    const FindingCandidate& finding = bench.effects.findings[0];
    CHECK(finding.rule == "V14");
    CHECK(finding.state == State::disposed);
    CHECK(finding.state_since_ms == t0);
    CHECK(finding.leaf_index == 2);
    CHECK(finding.at_ms == t0 + minute);
}

TEST_CASE("fold: declarations move the lifecycle lane; a late one derives it anew from its time on") {
    Bench bench;
    bench.declare("baseline.declared", t0, State::in_use);
    bench.declare("pm.started", t0 + 60 * minute, State::pm);
    REQUIRE(bench.effects.intervals.size() == 3);
    CHECK(bench.effects.intervals[0] == IntervalChange{Lane::lifecycle, "", "IN_USE", t0, std::nullopt, 1, false});
    CHECK(bench.effects.intervals[1] == IntervalChange{Lane::lifecycle, "", "IN_USE", t0, t0 + 60 * minute, 1, false});
    CHECK(bench.effects.intervals[2] ==
          IntervalChange{Lane::lifecycle, "", "PM", t0 + 60 * minute, std::nullopt, 2, false});
    bench.effects.clear();
    bench.declare("suspend", t0 + 30 * minute, State::suspended);
    // Maintenance cannot begin on what is suspended: it is overtaken, and its row goes.
    CHECK(bench.device.life.state == State::suspended);
    REQUIRE(bench.effects.intervals.size() == 3);
    CHECK(bench.effects.intervals[0] ==
          IntervalChange{Lane::lifecycle, "", "PM", t0 + 60 * minute, std::nullopt, 2, true});
    CHECK(bench.effects.intervals[1] == IntervalChange{Lane::lifecycle, "", "IN_USE", t0, t0 + 30 * minute, 1, false});
    CHECK(bench.effects.intervals[2] ==
          IntervalChange{Lane::lifecycle, "", "SUSPENDED", t0 + 30 * minute, std::nullopt, 3, false});
    CHECK(bench.effects.redrawn_from_ms == t0);
}

TEST_CASE("fold: faults open and close their lane, in whatever order they are told") {
    const std::string raised = R"({"code":"E-17","severity":"hard","subsystem":"tube"})";
    const std::string cleared = R"({"code":"E-17"})";
    Bench bench;
    bench.record("power.on", t0, "{}", "log");
    bench.effects.clear();
    bench.record("fault.raised", t0 + 10 * minute, raised, "log");
    CHECK(bench.device.operating == Operating::fault);
    CHECK(bench.rows.at(t0).faults == 1);
    bench.record("fault.raised", t0 + 10 * minute, raised, "log");  // told twice
    CHECK(bench.rows.at(t0).faults == 1);
    bench.record("fault.cleared", t0 + 20 * minute, cleared, "log");
    CHECK(bench.device.operating == Operating::standby);
    CHECK(!bench.device.faults.at(0).open());
    std::vector<IntervalChange> lane;
    for (const IntervalChange& change : bench.effects.intervals) {
        if (change.lane == Lane::faults) lane.push_back(change);
    }
    REQUIRE(lane.size() == 2);
    CHECK(lane[0] == IntervalChange{Lane::faults, "E-17", "hard", t0 + 10 * minute, std::nullopt, 2, false});
    CHECK(lane[1] == IntervalChange{Lane::faults, "E-17", "hard", t0 + 10 * minute, t0 + 20 * minute, 4, false});

    Bench backwards;
    backwards.record("fault.cleared", t0 + 20 * minute, cleared, "log");
    backwards.effects.clear();
    backwards.record("fault.raised", t0 + 10 * minute, raised, "log");
    CHECK(!backwards.device.faults.at(0).open());
    CHECK(backwards.device.operating == Operating::standby);
    REQUIRE(backwards.effects.intervals.size() == 1);
    CHECK(backwards.effects.intervals[0] ==
          IntervalChange{Lane::faults, "E-17", "hard", t0 + 10 * minute, t0 + 20 * minute, 2, false});
}

TEST_CASE("fold: more fault codes than there is room for push out the one cleared longest ago") {
    Bench bench;
    for (std::size_t i = 0; i < faults_max; ++i)
        bench.record("fault.raised", t0 + static_cast<std::int64_t>(i),
                     "{\"code\":\"C" + std::to_string(i) + "\",\"severity\":\"info\"}", "log");
    bench.record("fault.cleared", t0 + minute, R"({"code":"C5"})", "log");
    bench.record("fault.raised", t0 + 2 * minute, R"({"code":"NEW","severity":"info"})", "log");
    CHECK(bench.device.faults.size() == faults_max);
    CHECK(std::ranges::none_of(bench.device.faults, [](const FaultFold& f) { return f.code == "C5"; }));
    CHECK(std::ranges::any_of(bench.device.faults, [](const FaultFold& f) { return f.code == "NEW"; }));
}

TEST_CASE("fold: power and service by the latest word, not the last told") {
    Bench bench;
    bench.record("power.off", t0 + 60 * minute, "{}", "log");
    CHECK(bench.device.operating == Operating::off);
    bench.record("power.on", t0 + 30 * minute, "{}", "log");
    CHECK(bench.device.operating == Operating::off);
    CHECK(bench.device.late == 1);
    bench.exposure(1, t0 + 90 * minute);  // what radiates is on
    CHECK(bench.device.operating == Operating::standby);
    bench.record("service.session", t0 + 100 * minute, R"({"phase":"start","access":"local"})", "audit");
    CHECK(bench.device.operating == Operating::service);
    bench.record("service.session", t0 + 110 * minute, R"({"phase":"end","access":"local"})", "audit");
    CHECK(bench.device.operating == Operating::standby);
}

TEST_CASE("fold: coverage, gaps, clock, identity and counters") {
    Bench bench;
    bench.record("coverage", t0 + 61 * minute, "{\"hour\":" + std::to_string(t0) + ",\"map\":\"fffffff00000000\"}",
                 "agent");
    bench.record("coverage", t0 + 61 * minute, "{\"hour\":" + std::to_string(t0) + ",\"map\":\"00000000000000f\"}",
                 "agent");
    CHECK(bench.rows.at(t0).coverage_minutes() == 32);
    CHECK(bench.device.operating == Operating::no_data);  // the agent alone says nothing about the device
    bench.record("gap_declared", t0, R"({"count":12,"from":1,"to":2,"reason":"full"})", "agent");
    // Its tombstone tells the same as a fact.
    bench.record("gap_declared", t0, R"({"count":1,"from":1,"to":2,"reason":"poisoned"})", "agent");
    bench.fact("lost", {{"from", std::int64_t{5}}, {"to", std::int64_t{9}}});
    bench.fact("poisoned", {{"seq", std::int64_t{4}}});
    CHECK(bench.device.missing_records == 12 + 5 + 1);
    bench.record("clock", t0, R"({"step_ms":-3000})", "agent");
    CHECK(bench.device.clock_step_ms == -3000);
    bench.record("identity", t0 + 2, R"({"serial":"S-2","model":"M","sw":"2.0"})");
    bench.record("identity", t0 + 1, R"({"serial":"S-1","sw":"1.0"})");
    CHECK(bench.device.identity.serial == "S-2");
    CHECK(bench.device.identity.sw == "2.0");
    bench.record("counter", t0 + 5, R"({"tube_id":"A","tube_serial":"T-9","scan_ms":900,"mas":70})", "log");
    bench.record("counter", t0 + 4, R"({"tube_id":"A","scan_ms":800})", "log");
    REQUIRE(bench.device.tubes.size() == 1);
    CHECK(bench.device.tubes[0].serial == "T-9");
    CHECK(bench.device.tubes[0].shown_scan_ms == 900);
    bench.fact("identity_conflict");
    CHECK(bench.device.identity_alarm);
    bench.fact("identity_resolved");
    CHECK(!bench.device.identity_alarm);
}

TEST_CASE("fold: a major part seen by an agent makes a test owed") {
    Bench bench;
    bench.declare("baseline.declared", t0, State::pm);
    bench.record("part.replaced", t0 + minute, R"({"part":"tube","major":true})", "log");
    CHECK(bench.device.life.major_part);
    CHECK(bench.device.life.retest_due);
    CHECK(overlays(bench.device, bench.recv_ms, bench.recv_ms) == std::vector<std::string>{"retest_due"});
}

TEST_CASE("fold: a part seen late owes no test when one was passed since") {
    Bench bench;
    bench.declare("baseline.declared", t0, State::fault);
    bench.declare("repair.completed", t0 + 10 * minute, State::retest);
    bench.declare("qc.passed", t0 + 20 * minute, State::in_use);
    bench.record("part.replaced", t0 + minute, R"({"part":"tube","major":true})", "log");
    CHECK_FALSE(bench.device.life.retest_due);
    bench.record("part.replaced", t0 + 30 * minute, R"({"part":"tube","major":true})", "log");
    CHECK(bench.device.life.retest_due);
}

TEST_CASE("fold: a clock that runs ahead is not believed beyond the receipt") {
    Bench bench;
    bench.recv_ms = t0;
    bench.exposure(1, t0 + 5 * ms_per_hour);
    CHECK(bench.device.clock_bad);
    CHECK(bench.device.last_use_ms == t0 + ahead_believed_ms);
    CHECK(bench.rows.at(t0).exposures == 1);
    bench.recv_ms = t0 + minute;
    bench.exposure(2, t0);
    CHECK(!bench.device.clock_bad);
}

TEST_CASE("fold: a rehomed record counts unless its original is stored; nested ones and nonsense do no harm") {
    const auto wrap = [](const std::string& inner, std::uint64_t seq) {
        RecordHead head;
        head.seq = seq;
        head.t_ms = t0 + 7 * ms_per_hour;
        head.boot = "b2";
        head.type = "rehomed";
        return encode_record(head, "{\"epoch\":\"00112233445566778899aabbccddeeff\",\"seq\":41,\"bytes\":\"" +
                                       base64_encode(as_bytes(inner)) + "\"}");
    };
    RecordHead head;
    head.seq = 41;
    head.t_ms = t0 + 5;
    head.at_ms = t0;
    head.boot = "b1";
    head.src = Source::rdsr;
    head.type = "usage.exposure";
    const std::string original = encode_record(head, Bench::exposure_body(1, 1, "patient", 1'000));
    const std::string once = wrap(original, 2);

    const auto origin = rehomed_origin(parse_record(once)->body);
    REQUIRE(origin.has_value());
    CHECK(origin->seq == 41);
    CHECK(to_hex(origin->epoch) == "00112233445566778899aabbccddeeff");
    CHECK(origin->bytes == original);
    CHECK(!rehomed_origin(R"({"epoch":"00","seq":1,"bytes":""})"));

    Bench stored;
    stored.bytes(once, true);
    CHECK(stored.device.exposures == 0);
    CHECK(stored.device.records == 1);

    Bench fresh;
    fresh.bytes(once);
    CHECK(fresh.rows.at(t0).exposures == 1);
    fresh.bytes(wrap(once, 3));
    CHECK(fresh.device.exposures == 1);
    CHECK(fresh.device.duplicates == 1);
    fresh.bytes(wrap(wrap(once, 3), 4));
    fresh.bytes(wrap("no record", 5));
    CHECK(fresh.device.exposures == 1);
}

TEST_CASE("fold: a record that a person assigned counts as use, not as this device's sign of life") {
    Bench direct;
    direct.exposure(1, t0);
    Bench bench;
    RecordHead head;
    head.seq = 9;
    head.t_ms = t0 + 5;
    head.at_ms = t0;
    head.boot = "b1";
    head.src = Source::rdsr;
    head.type = "usage.exposure";
    bench.bytes(encode_record(head, Bench::exposure_body(1, 1, "patient", 1'000)), false, true);
    CHECK(bench.device.exposures == 1);
    CHECK(bench.device.records == 0);
    CHECK(bench.device.last_leaf == 0);
    CHECK(bench.device.last_recv_ms == 0);
    CHECK(filled(bench) == filled(direct));
}

TEST_CASE("fold: an unknown type is a sign of life and nothing else") {
    Bench bench;
    bench.record("env", t0, R"({"oil_mc":41000})", "sensor");
    const DeviceFold before = bench.device;
    bench.record("some.future.type", t0, "{}", "agent");
    DeviceFold after = bench.device;
    CHECK(after.records == before.records + 1);
    after.records = before.records;
    after.last_leaf = before.last_leaf;
    CHECK(after == before);
}

TEST_CASE("fold: leaves that are not as the builders write them are refused and change nothing") {
    Bench bench;
    bench.declare("baseline.declared", t0, State::in_use);
    const DeviceFold before = bench.device;
    for (const std::string_view bad :
         {"", "[]", "{}", R"({"event":"x"})", R"({"event":"x","role":"COOK","at":1})",
          R"({"event":"x","role":"HM","at":1,"table":"CT/1","old":"IN_USE","new":"NOWHERE"})"}) {
        for (const LeafType type : {LeafType::declaration, LeafType::fact}) {
            CAPTURE(bad);
            LeafEvent leaf;
            leaf.type = type;
            leaf.json = bad;
            if (type == LeafType::fact && bad.find("fact") != std::string_view::npos) continue;
            CHECK(!apply(bench.device, leaf, ct_table(), bench, bench.effects));
            CHECK(bench.device == before);
        }
    }
}

TEST_CASE("fold: the operating state shown depends on the time of looking") {
    Bench bench;
    bench.recv_ms = t0 + minute;
    CHECK(operating_at(bench.device, 0, t0) == Operating::no_data);
    bench.exposure(1, t0);
    CHECK(operating_at(bench.device, 0, t0 + minute) == Operating::scanning);
    CHECK(operating_at(bench.device, t0 + 6 * minute, t0 + 6 * minute) == Operating::standby);
    CHECK(operating_at(bench.device, 0, t0 + minute + silent_after_ms) == Operating::standby);
    CHECK(operating_at(bench.device, 0, t0 + minute + silent_after_ms + 1) == Operating::no_data);
    CHECK(overlays(bench.device, 0, t0 + minute + silent_after_ms + 1) == std::vector<std::string>{"silent"});
    bench.recv_ms = t0 + 10 * minute;
    bench.record("usage.exam.start", t0 + 9 * minute, "{\"exam_h\":\"" + Bench::hash(3) + "\"}", "mpps");
    CHECK(operating_at(bench.device, t0 + 20 * minute, t0 + 20 * minute) == Operating::scanning);
    CHECK(operating_at(bench.device, t0 + 9 * minute + exam_longest_ms, t0 + 9 * minute + exam_longest_ms) ==
          Operating::standby);
    bench.record("usage.exam.end", t0 + 10 * minute, "{\"exam_h\":\"" + Bench::hash(3) + "\",\"status\":\"completed\"}",
                 "mpps");
    CHECK(operating_at(bench.device, t0 + 11 * minute, t0 + 11 * minute) == Operating::standby);
}

TEST_CASE("fold: the state survives its bytes, and the bytes are canonical") {
    Bench bench;
    CHECK(parse_device_fold(serialize(bench.device)).value() == bench.device);
    bench.declare("baseline.declared", t0, State::in_use);
    bench.declare("seal.order", t0 + minute, State::sealed, Role::reg_e);
    bench.exposure(1, t0 + 2 * minute);
    bench.record("fault.raised", t0 + 3 * minute, R"({"code":"E \"1","severity":"safety"})", "log");
    bench.record("counter", t0 + 4 * minute, R"({"tube_id":"A","scan_ms":900})", "log");
    bench.record("identity", t0 + 2, R"({"serial":"S-2","model":"M","sw":"2.0"})");
    bench.record("service.session", t0 + 100 * minute, R"({"phase":"start","access":"local"})", "audit");
    bench.fact("host_changed");
    const std::string text = serialize(bench.device);
    const auto again = parse_device_fold(text);
    REQUIRE(again.has_value());
    CHECK(*again == bench.device);
    CHECK(serialize(*again) == text);
    CHECK(canonical_json(text).value() == text);
    for (const std::string_view bad : {"", "{}", "[]", "{\"life\":{}}"}) CHECK(!parse_device_fold(bad));
}
