#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "server/domain/lifecycle_tables.hpp"
#include "tests/unit/domain/fold_support.hpp"

using namespace gantry;

// The tables of other modalities are differences to that of CT; these are the differences that matter.
namespace {

constexpr std::int64_t day = 86'400'000;

std::string whole_file(const std::string& file) {
    std::string text = lifecycle_file(file);
    std::string last = text;
    for (std::string base = base_of_table(last); !base.empty(); base = base_of_table(last)) {
        last = lifecycle_file(base);
        text = table_with_base(text, base, last);
    }
    return text;
}

const LifecycleTable& table(const std::string& name) {
    static std::map<std::string, LifecycleTable> tables;
    const auto found = tables.find(name);
    if (found != tables.end()) return found->second;
    return tables.emplace(name, LifecycleTable::parse(whole_file(name + ".toml"), name + ".toml").value())
        .first->second;
}

const char* const names[] = {"ct", "mri", "pet-ct", "pet-mr", "spect", "linac", "dsa", "dr", "mammo"};

// All papers, and those that only some modalities know.
DeviceFacts all_facts(const std::string& name, const Declaration& d) {
    DeviceFacts facts = facts_for(d);
    for (const char* kind :
         {"rf_cage_report", "source_inventory", "suv_calibration", "beam_data", "metrology_verification"}) {
        paper::Document document;
        document.id = document.kind = kind;
        document.at_ms = d.at_ms;
        facts.papers.documents.push_back(document);
    }
    facts.papers.permits[0].categories.clear();
    facts.papers.permits[1].categories.clear();
    for (auto& permit : facts.receiver_permits) permit.categories.clear();
    facts.modality = facts.papers.sheet.modality = table(name).modality();
    if (d.event == "licence.granted") facts.papers.sheet.modality = "CT";
    return facts;
}

std::string outcome(const std::string& name, const LifecycleFold& life, const Declaration& d,
                    const DeviceFacts& facts) {
    const Judgement got = judge(table(name), life, facts, d);
    if (const auto* refused = std::get_if<Refused>(&got)) return "!" + refused->guard;
    const auto& moved = std::get<Moved>(got);
    return moved.to == moved.from ? "=" : std::string{gantry::name(moved.to)};
}

std::string outcome(const std::string& name, State from, std::string event, Role role) {
    const Declaration d = full_declaration(std::move(event), role);
    return outcome(name, standing_in(from), d, all_facts(name, d));
}

}  // namespace

TEST_CASE("modalities: the shipped tables are accepted and found under the names that registers use") {
    LifecycleTables tables;
    for (const char* name : names) {
        const auto parsed = LifecycleTable::parse(whole_file(std::string{name} + ".toml"), name);
        CAPTURE(parsed ? "" : parsed.error().message);
        REQUIRE(parsed.has_value());
        CHECK(table_key(parsed->modality()) == name);
        tables.put(*parsed);
    }
    CHECK(tables.all().size() == std::size(names));
    const std::pair<const char*, const char*> registers[] = {
        {"CT", "CT"},     {"ct", "CT"},         {"MR", "MRI"},        {"MRI", "MRI"},        {"PET/CT", "PET-CT"},
        {"PT", "PET-CT"}, {"RTLINAC", "LINAC"}, {"XA", "DSA"},        {"DX", "DR"},          {"CR", "DR"},
        {"MG", "MAMMO"},  {"SPECT", "SPECT"},   {"PET-MR", "PET-MR"}, {"Gamma knife", "CT"}, {"", "CT"}};
    for (const auto& [written, want] : registers) {
        CAPTURE(written);
        CHECK(tables.of(written).modality() == want);
    }
    CHECK(LifecycleTables{}.of("CT").rows().empty());
}

TEST_CASE("modalities: what a table says of every state and event of CT it says of its own too") {
    // Each pair that CT allows with all papers is allowed everywhere, to the same state, but for what is left out.
    for (const char* name : names) {
        for (const TransitionRow& row : ct_table().rows()) {
            if (row.target == Target::baseline) continue;
            const Role role = row.from == State::sealed ? Role::reg_h : row.actors.front();
            if (std::ranges::find(row.actors, role) == row.actors.end()) continue;
            CAPTURE(name);
            CAPTURE(row.event);
            CAPTURE(gantry::name(row.from));
            CHECK(outcome(name, row.from, row.event, role) == outcome("ct", row.from, row.event, role));
        }
    }
}

TEST_CASE("modalities: the differences") {
    struct Row {
        const char* table;
        State from;
        std::string event;
        Role role;
        std::string_view without;  // a datum or kind of document
        std::string_view want;
    };
    using enum State;
    for (const Row& row : {
             Row{"mri", in_use, "magnet.quenched", Role::rad, "", "FAULT"},
             Row{"mri", suspended, "magnet.quenched", Role::svc, "", "="},
             Row{"ct", in_use, "magnet.quenched", Role::rad, "", "!transition"},
             Row{"mri", fault, "magnet.ramped_up", Role::svc, "", "="},
             Row{"mri", fault, "magnet.ramped_up", Role::svc, "helium_permille", "!helium_level"},
             Row{"mri", acceptance, "acceptance.passed", Role::qmp, "rf_cage_report", "!rf_cage_reported"},
             Row{"mri", acceptance, "acceptance.passed", Role::qmp, "room", "READY"},
             Row{"ct", acceptance, "acceptance.passed", Role::qmp, "room", "!site_protection_accepted"},
             Row{"mri", ready, "commissioned", Role::hm, "permits", "IN_USE"},
             Row{"ct", ready, "commissioned", Role::hm, "permits", "!permits_in_force"},
             Row{"dsa", ready, "commissioned", Role::hm, "permits", "!permits_in_force"},
             Row{"pet-mr", ready, "commissioned", Role::hm, "permits", "!permits_in_force"},
             Row{"mri", delivered, "install.completed", Role::svc, "room", "INSTALLED"},
             Row{"pet-mr", delivered, "install.completed", Role::svc, "room", "!shielding_reviewed"},
             Row{"mri", in_use, "relocation.started", Role::hm, "room", "RELOCATING"},
             Row{"mri", in_use, "idle.declared", Role::hm, "isolated", "IDLE"},
             Row{"mri", in_use, "idle.declared", Role::hm, "magnet_off", "!magnet_safe"},
             Row{"mri", in_use, "decommission.approved", Role::hm, "beam_disabled", "DECOMMISSIONED"},
             Row{"pet-ct", acceptance, "acceptance.passed", Role::qmp, "suv_calibration", "!suv_calibrated"},
             Row{"spect", acceptance, "acceptance.passed", Role::qmp, "suv_calibration", "READY"},
             Row{"pet-ct", ready, "commissioned", Role::hm, "source_inventory", "!source_inventory"},
             Row{"pet-ct", in_use, "sources.handling_started", Role::hm, "", "="},
             Row{"pet-ct", decommissioned, "disposal.completed", Role::hm, "sources_returned", "!sources_returned"},
             Row{"ct", decommissioned, "disposal.completed", Role::hm, "sources_returned", "DISPOSED"},
             Row{"linac", in_use, "morning_qa.passed", Role::qmp, "", "="},
             Row{"linac", in_use, "morning_qa.passed", Role::qmp, "qa_passed", "!qa_passed"},
             Row{"linac", in_use, "morning_qa.failed", Role::rad, "", "FAULT"},
             Row{"linac", acceptance, "acceptance.passed", Role::qmp, "beam_data", "!beam_data"},
             Row{"linac", ready, "commissioned", Role::hm, "metrology_verification", "!metrology_verified"},
         }) {
        CAPTURE(row.table);
        CAPTURE(row.event);
        CAPTURE(row.without);
        Declaration d = full_declaration(row.event, row.role);
        DeviceFacts facts = all_facts(row.table, d);
        if (row.without == "permits") facts.papers.permits.clear();
        if (row.without == "room") d.data.erase("room"), facts.papers.rooms.clear();
        d.data.erase(std::string{row.without});
        std::erase_if(facts.papers.documents, [&](const auto& document) { return document.kind == row.without; });
        CHECK(outcome(row.table, standing_in(row.from), d, facts) == row.want);
    }
    CHECK(table("mri").power_off() == "alarm");
    CHECK(table("linac").power_off() == "standby");
    CHECK(table("pet-mr").power_off() == "alarm");
    CHECK(table("dr").rule(State::in_use).move == "in_area");
    CHECK(table("ct").rule(State::in_use).move == "no");
    const auto permits = [](const char* name) {
        std::string out;
        for (const auto& permit : table(name).policy().permits) out += permit.kind + ":" + permit.category + " ";
        return out;
    };
    CHECK(permits("mri").empty());
    CHECK(permits("dsa") == "radiation_safety:ray_device_ii radiodiagnosis:interventional ");
    CHECK(permits("linac") == "radiation_safety:ray_device_ii radiodiagnosis:radiotherapy ");
    CHECK(permits("pet-mr") == "radiation_safety:sources radiodiagnosis:nuclear_medicine ");
}

TEST_CASE("modalities: after a quench no way leads back into use past the magnet and a test") {
    LifecycleFold life = standing_in(State::in_use);
    std::int64_t now = 2'000'000;
    std::uint64_t leaf = 100;
    const auto declare = [&](std::string event, Role role, bool technical = false) {
        Declaration d = full_declaration(std::move(event), role);
        d.at_ms = d.recv_ms = ++now;
        d.data["technical"] = technical;
        const Judgement got = judge(table("mri"), life, all_facts("mri", d), d);
        if (const auto* refused = std::get_if<Refused>(&got)) return "!" + refused->guard;
        carry_out(life, d, std::get<Moved>(got), ++leaf, table("mri"));
        return std::string{name(life.state)};
    };
    CHECK(declare("magnet.quenched", Role::rad) == "FAULT");
    CHECK(life.has_flag("magnet_off", now));
    CHECK(life.has_flag("quenched", now));
    CHECK(life.retest_due);
    CHECK(declare("suspend", Role::hm) == "SUSPENDED");
    CHECK(declare("resume", Role::hm) == "FAULT");  // back to where it stood, the magnet still off
    CHECK(life.has_flag("magnet_off", now));
    CHECK(declare("repair.completed", Role::svc) == "RETEST");
    CHECK(declare("qc.passed", Role::qmp) == "!no_blocking_flag");
    CHECK(declare("qc.failed", Role::qmp) == "FAULT");
    CHECK(declare("magnet.ramped_up", Role::svc) == "FAULT");
    CHECK(!life.has_flag("magnet_off", now));
    CHECK(declare("repair.completed", Role::svc) == "RETEST");
    CHECK(declare("magnet.ramped_down", Role::svc) == "RETEST");
    CHECK(declare("qc.passed", Role::qmp) == "!no_blocking_flag");
    CHECK(declare("magnet.ramped_up", Role::svc) == "RETEST");
    CHECK(declare("qc.passed", Role::qmp) == "IN_USE");
}

namespace {

// A device of another modality, fed as the writer does.
class Ward : public HourCells {
public:
    explicit Ward(const LifecycleTable& rules) : rules_{rules} {}
    DeviceFold device;
    Effects effects;

    void declare(std::string event, std::int64_t at_ms, State to, Role role = Role::hm) {
        DeclarationLeaf leaf;
        leaf.declared = full_declaration(std::move(event), role);
        leaf.declared.at_ms = at_ms;
        leaf.from = device.life.state;
        leaf.to = to;
        leaf.table = rules_.id();
        const std::string json = declaration_leaf_json(leaf);
        LeafEvent event_leaf;
        event_leaf.type = LeafType::declaration;
        event_leaf.json = json;
        feed(event_leaf);
    }
    void record(std::string_view type, std::int64_t at_ms, std::string_view body) {
        RecordHead head;
        head.seq = next_;
        head.t_ms = at_ms;
        head.mono_ms = 1;
        head.boot = "b1";
        head.clk = ClockState::sync;
        head.src = Source::log;
        head.at_ms = at_ms;
        head.type = type;
        const std::string bytes = encode_record(head, body);
        LeafEvent leaf;
        leaf.record = parse_record(bytes).value();
        feed(leaf);
    }
    std::string exposure(std::int64_t at_ms) {
        effects.clear();
        record("usage.exposure", at_ms, Bench::exposure_body(static_cast<int>(next_), 1, "patient", 1'000));
        std::string out;
        for (const FindingCandidate& found : effects.findings) out += found.rule;
        return out;
    }
    HourCell* find(std::int64_t hour) override { return &rows_[hour]; }
    HourCell& change(std::int64_t hour) override { return rows_[hour]; }

private:
    void feed(LeafEvent leaf) {
        leaf.leaf_index = next_++;
        leaf.recv_ms = t0 + 1'000 * day;
        apply(device, leaf, rules_, *this, effects).value();
    }
    const LifecycleTable& rules_;
    std::map<std::int64_t, HourCell> rows_;
    std::uint64_t next_ = 1;
};

}  // namespace

TEST_CASE("modalities: a linac is released anew each day") {
    Ward ward{table("linac")};
    ward.declare("baseline.declared", t0, State::in_use);
    const std::int64_t hour = ms_per_hour;
    CHECK(ward.exposure(t0 + hour) == "V13");
    ward.declare("morning_qa.passed", t0 + 2 * hour, State::in_use, Role::qmp);
    CHECK(ward.exposure(t0 + 2 * hour).empty());
    CHECK(ward.exposure(t0 + 20 * hour - 1).empty());
    CHECK(ward.exposure(t0 + 20 * hour) == "V13");
    CHECK(ward.exposure(t0 + hour + 1) == "V13");  // told late: before the release
    ward.effects.clear();
    ward.declare("morning_qa.passed", t0 + hour - 5, State::in_use, Role::qmp);  // told late: it had been done
    CHECK(ward.effects.intervals.empty());
    CHECK(ward.effects.redrawn_from_ms == t0 + hour - 5);
    CHECK(ward.exposure(t0 + hour + 2).empty());
    ward.declare("fault.reported", t0 + 26 * hour, State::fault, Role::rad);
    ward.declare("morning_qa.passed", t0 + 25 * hour, State::in_use, Role::qmp);
    ward.declare("repair.completed", t0 + 27 * hour, State::in_use, Role::svc);
    CHECK(ward.exposure(t0 + 28 * hour) == "V13");  // the fault took the release back
    // A year of morning checks does not push the life itself out of what is kept.
    for (int i = 2; i < 300; ++i) ward.declare("morning_qa.passed", t0 + i * day, State::in_use, Role::qmp);
    CHECK(ward.device.life.events.size() <= life_events_max);
    CHECK(ward.device.life.base_ms == 0);
    CHECK(state_at(ward.device.life, t0 + 26 * hour) == State::fault);
    CHECK(ward.exposure(t0 + 3 * day + 19 * hour).empty());  // so long ago that releases are not kept: not judged
    CHECK(ward.exposure(t0 + 299 * day + 19 * hour) == "V13");
}

TEST_CASE("modalities: what blocks patients is found, and a cold magnet that loses its power is told") {
    Ward ward{table("pet-ct")};
    ward.declare("baseline.declared", t0, State::in_use);
    ward.declare("sources.handling_started", t0 + day, State::in_use);
    CHECK(ward.exposure(t0 + day - 1).empty());
    CHECK(ward.exposure(t0 + day) == "V13");
    ward.declare("sources.handling_ended", t0 + 2 * day, State::in_use);
    CHECK(ward.exposure(t0 + 2 * day - 1) == "V13");
    CHECK(ward.exposure(t0 + 2 * day).empty());

    for (const auto& [name, want] : {std::pair{"mri", "power_off"}, std::pair{"ct", ""}}) {
        CAPTURE(name);
        Ward magnet{table(name)};
        magnet.declare("baseline.declared", t0, State::in_use);
        magnet.record("power.off", t0 + day, "{}");
        CHECK((magnet.effects.findings.empty() ? "" : magnet.effects.findings.front().rule) == want);
    }
}

TEST_CASE("modalities: a mistake in a list of differences is told with the file in which it is") {
    const auto reason = [](const std::string& own, const std::string& base = ct_toml()) {
        const auto parsed = LifecycleTable::parse(table_with_base(own, "ct.toml", base), "x.toml");
        return parsed ? std::string{"accepted"} : parsed.error().message;
    };
    const std::string head = "version = 1\nmodality = \"X\"\nvalid_from = \"2026-01-01\"\nbase = \"ct.toml\"\n";
    CHECK(reason(head) == "accepted");
    struct Row {
        std::string own, want;
    };
    for (const Row& row : {
             Row{"[[change]]\nevent = \"fly\"\nneed = []\n", "x.toml:5: the base has no row 'fly' to change"},
             Row{"[[remove]]\nevent = \"fly\"\n", "x.toml:5: the base has no row 'fly' to remove"},
             Row{"[[change]]\nevent = \"commissioned\"\ndrop = [\"same_authority\"]\n",
                 "x.toml:7: commissioned in READY has no guard 'same_authority'"},
             Row{"[[change]]\nevent = \"commissioned\"\nneed = [\"beam_data\"]\n",
                 "x.toml:7: guard 'beam_data' is not listed under [guards]"},
             Row{"[[change]]\nevent = \"commissioned\"\nset = [\"hot\"]\n", "x.toml:7: flag 'hot' is not described"},
             Row{"[[change]]\nevent = \"commissioned\"\ndrop = [\"accepted_here\"]\n",
                 "x.toml:5: commissioned in READY: the way into IN_USE needs guard accepted_here"},
             Row{"[flags]\nhot = { en = \"hot\", zh = \"热\" }\n", "flag 'hot' is described and no row sets it"},
             Row{"[flags]\nhot = { blocks_patients = true, en = \"hot\", zh = \"热\" }\n",
                 "'patient_rule' must be there"},
             Row{"[flags]\nhot = { blocks_patients = true, patient_rule = \"V13\", en = \"hot\", zh = \"热\" }\n"
                 "[[change]]\nevent = \"pm.started\"\nset = [\"hot\"]\n[[change]]\nevent = \"commissioned\"\nclear = "
                 "[\"hot\"]\n",
                 "needs guard no_blocking_flag"},
             Row{"[states]\nIN_USE = { patient = \"sometimes\" }\n", "'patient': got 'sometimes'"},
             Row{"colour = 1\n", "x.toml:5: unknown key 'colour'"},
             Row{"[[remove]]\nevent = \"licence.granted\"\n[[remove]]\nevent = \"licence.not_required\"\n",
                 "state LICENSED cannot be reached"},
         }) {
        CAPTURE(row.own);
        const std::string got = reason(head + row.own);
        CAPTURE(got);
        CHECK(got.find(row.want) != std::string::npos);
    }
    std::string broken = ct_toml();
    broken.replace(broken.find("actors = [\"QMP\"]"), 16, "actors = [\"COOK\"]");
    CHECK(reason(head, broken).starts_with("ct.toml:"));
    CHECK(LifecycleTable::parse(head, "x.toml").error().message == "x.toml:1: base 'ct.toml' is not there");
}
