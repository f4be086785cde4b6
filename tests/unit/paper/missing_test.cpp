#include "server/domain/paper/missing.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/papers_for.hpp"
#include "server/domain/paper/selectors.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

constexpr std::int64_t now = 1'700'000'000'000;  // November 2023

const std::vector<RequiredPaper>& shipped() {
    static const auto table =
        parse_required_papers(source_text("config/papers/required.toml"), "required.toml").value();
    return table;
}
const std::vector<Catalogue>& catalogues() {
    static const std::vector<Catalogue> list = {
        parse_catalogue(source_text("config/catalogue/2018.toml"), "2018.toml").value(),
        parse_catalogue(source_text("config/catalogue/2023.toml"), "2023.toml").value()};
    return list;
}

std::string kinds(State state, const DevicePapers& papers) {
    std::string out;
    for (const MissingPaper& paper : missing_papers(shipped(), state, papers, catalogues(), now)) {
        CHECK(paper.state == state);
        CHECK(!paper.en.empty());
        CHECK(!paper.zh.empty());
        CHECK(!paper.who.empty());
        out += (out.empty() ? "" : " ") + paper.kind;
    }
    return out;
}

DevicePapers only_sheet(std::string_view body) {
    const std::vector<Paper> papers = {paper_of("device_sheet", "d-1", body)};
    return papers_for({.id = "d-1", .org = "h-1", .site = "s-1"}, papers);
}

Paper document(const std::string& kind) {
    return paper_of("document", "doc-" + kind,
                    R"({"device":"d-1","kind":")" + kind + R"(","at":1,"sha256":")" + std::string(64, '0') + R"("})");
}

// Everything that a CT in use owes, bought when it needed a licence.
std::vector<Paper> complete_ct() {
    std::vector<Paper> papers = {
        paper_of(
            "device_sheet", "d-1",
            R"({"modality":"CT","rows":64,"serial":"S-1","udi_di":"51022222233336","purchased_at":1600000000000})"),
        paper_of("permit", "p-1", R"({"kind":"config_licence","no":"1","holder":"h-1","devices":["d-1"],"from":1})"),
        paper_of("permit", "p-2", R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":1})"),
        paper_of("permit", "p-3", R"({"kind":"radiodiagnosis","no":"1","holder":"h-1","from":1})"),
        paper_of("contract", "c-1", R"({"devices":["d-1"],"kind":"purchase","from":1})"),
        paper_of("room", "r-1",
                 R"({"site":"s-1","device":"d-1","shielding_reviewed_at":1,"evaluation_accepted_at":2})"),
        paper_of("test", "t-1", R"({"kind":"acceptance","device":"d-1","at":1,"passed":true})"),
        paper_of("test", "t-2", R"({"kind":"site_protection","device":"d-1","at":1,"passed":true})"),
        paper_of("test", "t-3", R"({"kind":"constancy","device":"d-1","at":1,"passed":true})"),
        paper_of("operator", "o-1", R"({"org":"h-1","training_to":1,"dosimetry_at":1,"health_check_at":1})"),
        paper_of("schedule", "s-1", R"({"device":"d-1","name":"PM","work":"pm","every_days":90,"from":1})"),
        paper_of("schedule", "s-2", R"({"device":"d-1","name":"QC","work":"constancy","every_days":7,"from":1})"),
    };
    for (const char* kind : {"registration_certificate", "inspection_record", "assembly_report"})
        papers.push_back(document(kind));
    return papers;
}

DevicePapers device_with(const std::vector<Paper>& papers) {
    return papers_for({.id = "d-1", .org = "h-1", .site = "s-1"}, papers);
}

}  // namespace

TEST_CASE("missing papers: what a device with nothing on file owes") {
    CHECK(kinds(State::in_use, DevicePapers{}) ==
          "device_sheet serial udi contract registration_certificate inspection_record assembly_report "
          "acceptance_report baseline_file operator_certificates pm_plan");
    CHECK(kinds(State::planned, DevicePapers{}) == "device_sheet feasibility_report");
    CHECK(kinds(State::disposed, DevicePapers{}) ==
          "appraisal wipe_certificate final_counters destruction_certificate");
    CHECK(kinds(State::none, DevicePapers{}).empty());
    CHECK(kinds(State::cancelled, DevicePapers{}).empty());
}

TEST_CASE("missing papers: by kind of device") {
    const auto owes = [](std::string_view body, std::string_view kind) {
        const std::string all = " " + kinds(State::in_use, only_sheet(body)) + " ";
        return all.find(" " + std::string{kind} + " ") != std::string::npos;
    };
    struct Row {
        const char* body;
        const char* kind;
        bool want;
    };
    const Row rows[] = {
        {R"({"modality":"CT","rows":16})", "radiation_safety", true},
        {R"({"modality":"MRI","field_mt":1500})", "radiation_safety", false},
        {R"({"modality":"MRI","field_mt":1500})", "rf_cage_report", true},
        {R"({"modality":"MRI","field_mt":1500})", "site_survey", false},
        {R"({"modality":"PET-MR"})", "radiation_safety", true},
        {R"({"modality":"PET-CT"})", "source_inventory", true},
        {R"({"modality":"CT","rows":16})", "source_inventory", false},
        {R"({"modality":"LINAC","guided_by":"none"})", "metrology_verification", true},
        {R"({"modality":"DSA"})", "beam_data", false},
        {R"({"modality":"DSA"})", "radiodiagnosis", true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.body);
        CAPTURE(row.kind);
        CHECK(owes(row.body, row.kind) == row.want);
    }
}

TEST_CASE("missing papers: a licence is owed by the list of the day of purchase") {
    const auto licence = [](std::string_view body) {
        std::string out;
        for (const MissingPaper& paper : missing_papers(shipped(), State::in_use, only_sheet(body), catalogues(), now))
            if (paper.kind == "config_licence" || paper.kind.starts_with("device_sheet.")) out += paper.kind;
        return out;
    };
    CHECK(licence(R"({"modality":"CT","rows":64,"purchased_at":1620000000000})") == "config_licence");
    CHECK(licence(R"({"modality":"CT","rows":64,"purchased_at":1690000000000})").empty());
    CHECK(licence(R"({"modality":"CT","rows":64})").empty());  // day unknown: by today's list
    CHECK(licence(R"({"modality":"CT","purchased_at":1620000000000})") == "device_sheet.rows");
    CHECK(licence(R"({"modality":"LINAC"})") == "config_licence");              // of class A or B, whatever guides it
    CHECK(licence(R"({"modality":"CT","rows":64,"purchased_at":1})").empty());  // no list of that day on file
}

TEST_CASE("missing papers: a complete device owes nothing, and each paper taken away is missed") {
    const std::vector<Paper> all = complete_ct();
    CHECK(kinds(State::in_use, device_with(all)) == "");
    CHECK(kinds(State::pm, device_with(all)) == "work_order");
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::vector<Paper> fewer = all;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        CAPTURE(filed(all[i]).id);
        CHECK(kinds(State::in_use, device_with(fewer)) != "");
    }
}

TEST_CASE("missing papers: what is on file, to the millisecond") {
    struct Row {
        const char* selector;
        const char* kind;
        std::string body;
        bool want;
    };
    const std::string at = std::to_string(now);
    const std::string later = std::to_string(now + 1);
    const Row rows[] = {
        {"permit.radiation_safety", "permit",
         R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":)" + at + "}", true},
        {"permit.radiation_safety", "permit",
         R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":)" + later + "}", false},
        {"permit.radiation_safety", "permit",
         R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":1,"to":)" + at + "}", false},
        {"permit.radiation_safety", "permit",
         R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":1,"cancelled_at":)" + at + "}", false},
        {"permit.radiation_safety", "permit", R"({"kind":"radiodiagnosis","no":"1","holder":"h-1","from":1})", false},
        {"permit.product_registration", "permit",
         R"({"kind":"product_registration","no":"1","holder":"m","devices":["d-1"],"from":1,"to":2})", true},
        {"test.acceptance", "test", R"({"kind":"acceptance","device":"d-1","at":1,"passed":false})", false},
        {"test.status", "test", R"({"kind":"status","device":"d-1","at":1,"passed":true})", true},
        {"schedule.pm", "schedule",
         R"({"device":"d-1","name":"n","work":"pm","every_days":1,"from":1,"to":)" + at + "}", false},
        {"schedule.pm", "schedule", R"({"device":"d-1","name":"n","work":"pm","every_days":1,"from":)" + at + "}",
         true},
        {"work_order.open", "work_order", R"({"device":"d-1","kind":"corrective","opened_at":1})", true},
        {"work_order.open", "work_order",
         R"({"device":"d-1","kind":"corrective","opened_at":1,"started_at":1,"ended_at":2})", false},
        {"room.shielding_reviewed", "room", R"({"site":"s-1","device":"d-1","shielding_reviewed_at":1})", true},
        {"room.shielding_reviewed", "room", R"({"site":"s-1","shielding_reviewed_at":1})", false},
        {"room.evaluation_accepted", "room", R"({"site":"s-1","device":"d-1","shielding_reviewed_at":1})", false},
        {"contract.lease", "contract", R"({"kind":"lease","devices":["d-1"],"from":1,"to":2})", true},
        {"device_sheet.manufactured_at", "device_sheet", R"({"modality":"CT","manufactured_at":1})", true},
        {"device_sheet.udi_di", "device_sheet", R"({"modality":"CT"})", false},
        {"device_sheet.site_fp", "device_sheet", R"({"modality":"CT","site_fp":"x"})", true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.selector);
        CAPTURE(row.body);
        CHECK(selector_problem(row.selector).empty());
        const std::string id = std::string_view{row.kind} == "device_sheet" ? "d-1" : "x-1";
        CHECK(is_on_file(row.selector, device_with({paper_of(row.kind, id, row.body)}), now) == row.want);
    }
}

TEST_CASE("required papers: a mistake is refused with file and line") {
    const std::string small = R"([groups]
used = ["IN_USE"]
[[required]]
kind = "k"
states = ["@used"]
satisfied_by = ["operator"]
who = "HM"
en = "e"
zh = "z"
)";
    REQUIRE(parse_required_papers(small, "r.toml").has_value());
    struct Row {
        const char* from;
        const char* to;
        const char* says;
    };
    const Row rows[] = {
        {"@used", "@use", "r.toml:5: 'states': unknown group '@use'"},
        {"\"IN_USE\"", "\"INUSE\"", "unknown state 'INUSE'"},
        {"\"@used\"", "\"NONE\"", "unknown state 'NONE'"},
        {"\"operator\"", "\"operators\"", "r.toml:6: 'satisfied_by': got 'operators'"},
        {"\"operator\"", "\"permit.driving\"", "got 'permit.driving', want after the dot"},
        {"\"operator\"", "\"document\"", "want its kind"},
        {"\"operator\"", "", "'satisfied_by'"},
        {"\"HM\"", "\"HM, BOSS\"", "r.toml:7: 'who': unknown actor 'BOSS'"},
        {"who = \"HM\"", "who = \"HM\"\nwhen = \"always\"", "'when': got 'always'"},
        {"kind = \"k\"", "", "'kind'"},
        {"zh = \"z\"", "zh = \"z\"\ncolour = 1", "unknown key 'colour'"},
        {"states = [\"@used\"]", "", "'states'"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.to);
        std::string text = small;
        text.replace(text.find(row.from), std::string_view{row.from}.size(), row.to);
        const auto got = parse_required_papers(text, "r.toml");
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
    CHECK(!parse_required_papers(small + small.substr(small.find("[[")), "r.toml"));
}
