#include "server/domain/paper/papers_for.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/paper/paper_support.hpp"

using namespace gantry::paper;

namespace {

const DeviceIdentity ct1{
    .id = "ct-1", .org = "h-1", .site = "s-1", .maker = "Siemens", .model = "Force 64", .serial = "SN-0100"};

template <class T>
std::string ids(const std::vector<T>& list) {
    std::string out;
    for (const T& paper : list) out += (out.empty() ? "" : " ") + paper.id;
    return out;
}

}  // namespace

TEST_CASE("papers for a device: what names it, its organisation, its site or its model, and nothing else") {
    const std::vector<Paper> papers = {
        paper_of("org", "h-1", R"({"name":"一院","kind":"hospital"})"),
        paper_of("org", "h-2", R"({"name":"二院","kind":"hospital"})"),
        paper_of("site", "s-1", R"({"org":"h-1","name":"东区"})"),
        paper_of("device_sheet", "ct-1", R"({"modality":"CT","rows":64})"),
        paper_of("device_sheet", "ct-2", R"({"modality":"CT","rows":16})"),
        paper_of("room", "r-own", R"({"site":"s-1","device":"ct-1"})"),
        paper_of("room", "r-free", R"({"site":"s-1"})"),
        paper_of("room", "r-other", R"({"site":"s-1","device":"ct-2"})"),
        paper_of("permit", "p-org", R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":20})"),
        paper_of("permit", "p-site", R"({"kind":"radiodiagnosis","no":"1","holder":"h-1","site":"s-1","from":10})"),
        paper_of("permit", "p-elsewhere", R"({"kind":"radiodiagnosis","no":"1","holder":"h-1","site":"s-2","from":1})"),
        paper_of("permit", "p-model",
                 R"({"kind":"config_licence","no":"1","holder":"h-1","model":"force 64","from":5})"),
        paper_of("permit", "p-wrong-model",
                 R"({"kind":"config_licence","no":"1","holder":"h-1","model":"GO","from":1})"),
        paper_of("permit", "p-named",
                 R"({"kind":"config_licence","no":"1","holder":"h-9","model":"GO","devices":["ct-1"],"from":1})"),
        paper_of("permit", "p-others",
                 R"({"kind":"config_licence","no":"1","holder":"h-1","devices":["ct-2"],"from":1})"),
        paper_of("permit", "p-reg",
                 R"({"kind":"product_registration","no":"1","holder":"m","model":"Force 64","from":1})"),
        paper_of("permit", "p-reg-none", R"({"kind":"product_registration","no":"1","holder":"m","from":1})"),
        paper_of("certificate", "c-all", R"({"subject":"b","kind":"accreditation","from":1})"),
        paper_of("certificate", "c-org", R"({"subject":"i","kind":"calibration","org":"h-1","from":1})"),
        paper_of("certificate", "c-h2", R"({"subject":"i","kind":"calibration","org":"h-2","from":1})"),
        paper_of("operator", "o-all", R"({"org":"h-1","training_to":9,"dosimetry_at":1,"health_check_at":1})"),
        paper_of("operator", "o-named",
                 R"({"org":"h-1","devices":["ct-1"],"training_to":8,"dosimetry_at":1,"health_check_at":1})"),
        paper_of("operator", "o-guest",
                 R"({"org":"h-2","devices":["ct-1"],"training_to":7,"dosimetry_at":1,"health_check_at":1})"),
        paper_of("operator", "o-others",
                 R"({"org":"h-1","devices":["ct-2"],"training_to":8,"dosimetry_at":1,"health_check_at":1})"),
        paper_of("commitment", "k-1", R"({"permit":"p-org","org":"h-1","what":"w","due_at":1})"),
        paper_of("contract", "x-1", R"({"devices":["ct-2","ct-1"],"kind":"service","from":1})"),
        paper_of("contract", "x-2", R"({"devices":["ct-2"],"kind":"service","from":1})"),
        paper_of("opening_hours", "u-site", R"({"site":"s-1","from_minute":1,"to_minute":2,"weekdays":1,"from":1})"),
        paper_of("opening_hours", "u-dev", R"({"device":"ct-1","from_minute":1,"to_minute":2,"weekdays":1,"from":0})"),
        paper_of("opening_hours", "u-s2", R"({"site":"s-2","from_minute":1,"to_minute":2,"weekdays":1,"from":1})"),
        paper_of("holder_change", "hc-1", R"({"org":"h-1","at":1})"),
        paper_of("person", "pe-1", R"({"org":"h-1","name":"n","role":"operator"})"),
        paper_of("person", "pe-2", R"({"org":"h-2","name":"n","role":"operator"})"),
    };
    const DevicePapers got = papers_for(ct1, papers);
    CHECK(got.sheet.id == "ct-1");
    CHECK(got.sheet.rows == 64);
    REQUIRE(got.org);
    CHECK(got.org->name == "一院");
    REQUIRE(got.site);
    CHECK(ids(got.rooms) == "r-free r-own");
    CHECK(ids(got.permits) == "p-named p-reg p-model p-site p-org");
    CHECK(ids(got.certificates) == "c-all c-org");
    CHECK(ids(got.operators) == "o-guest o-named o-all");
    CHECK(ids(got.commitments) == "k-1");
    CHECK(ids(got.contracts) == "x-1");
    CHECK(ids(got.hours) == "u-dev u-site");
    CHECK(ids(got.holder_changes) == "hc-1");
    CHECK(ids(got.people) == "pe-1");
}

TEST_CASE("papers for a device: lists by time, then id, whatever the order of filing") {
    std::vector<Paper> papers;
    for (const auto& [id, at] : {std::pair{"t-b", 20}, {"t-a", 20}, {"t-c", 10}, {"t-d", 30}})
        papers.push_back(
            paper_of("test", id, R"({"kind":"status","device":"ct-1","passed":true,"at":)" + std::to_string(at) + "}"));
    const DevicePapers forward = papers_for(ct1, papers);
    CHECK(ids(forward.tests) == "t-c t-a t-b t-d");
    std::ranges::reverse(papers);
    CHECK(papers_for(ct1, papers) == forward);
}

TEST_CASE("papers for a device: the last filing of an id counts, also when it no longer names the device") {
    const auto contract = [](std::string_view devices, std::uint64_t leaf) {
        return paper_of("contract", "x-1", R"({"kind":"service","from":1,"devices":)" + std::string{devices} + "}",
                        leaf);
    };
    const std::vector<Paper> renewed = {contract(R"(["ct-1"])", 9), contract(R"(["ct-1","ct-2"])", 5)};
    REQUIRE(papers_for(ct1, renewed).contracts.size() == 1);
    CHECK(papers_for(ct1, renewed).contracts[0].devices.size() == 1);
    const std::vector<Paper> moved = {contract(R"(["ct-1"])", 5), contract(R"(["ct-2"])", 9)};
    CHECK(papers_for(ct1, moved).contracts.empty());
    // Ids are of their kind: a test may share one with a contract.
    const std::vector<Paper> two = {
        contract(R"(["ct-1"])", 5),
        paper_of("test", "x-1", R"({"kind":"status","device":"ct-1","at":1,"passed":true})", 9)};
    CHECK(papers_for(ct1, two).contracts.size() == 1);
}

TEST_CASE("recalls: what a notice covers") {
    struct Row {
        const char* what;
        Recall recall;
        bool want;
    };
    const auto by = [](std::string maker, std::string model, std::string from, std::string to) {
        Recall recall;
        recall.maker = std::move(maker);
        recall.model = std::move(model);
        recall.serial_from = std::move(from);
        recall.serial_to = std::move(to);
        return recall;
    };
    Recall named;
    named.devices = {"ct-1"};
    Recall named_other_model = by("", "GO", "", "");
    named_other_model.devices = {"ct-1"};
    const Row rows[] = {
        {"nothing said", Recall{}, false},
        {"named", named, true},
        {"named beside another model", named_other_model, true},
        {"maker", by("SIEMENS", "", "", ""), true},
        {"other maker", by("GE", "", "", ""), false},
        {"model", by("", "Force 64", "", ""), true},
        {"model of another maker", by("GE", "Force 64", "", ""), false},
        {"first of the range", by("", "", "SN-0100", ""), true},
        {"last of the range", by("", "", "", "SN-0100"), true},
        {"digits are numbers", by("", "", "SN-99", "SN-1000"), true},
        {"before the range", by("", "", "SN-0101", "SN-0200"), false},
        {"after the range", by("", "", "SN-0001", "SN-99"), false},
        {"in range of another model", by("", "GO", "SN-1", "SN-9999"), false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(concerns(row.recall, ct1) == row.want);
    }
    DeviceIdentity unknown = ct1;
    unknown.serial.clear();
    CHECK(!concerns(by("", "Force 64", "SN-1", "SN-9999"), unknown));
    CHECK(concerns(by("", "Force 64", "", ""), unknown));
    // The sheet tells what the register does not.
    const std::vector<Paper> papers = {
        paper_of("device_sheet", "ct-1", R"({"modality":"CT","serial":"SN-5"})"),
        paper_of(
            "recall", "r-1",
            R"({"recall_class":1,"action":"stop_use","model":"Force 64","serial_from":"SN-1","serial_to":"SN-9","notice_at":1})")};
    CHECK(papers_for(unknown, papers).recalls.size() == 1);
    CHECK(papers_for(ct1, papers).recalls.empty());
}

TEST_CASE("serials: in the order that people count them") {
    const char* ascending[] = {"", "0", "1", "9", "10", "A", "A2", "A10", "A10B", "A010C", "B", "a1"};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            CAPTURE(ascending[i]);
            CAPTURE(ascending[j]);
            const int order = compare_serials(ascending[i], ascending[j]);
            CHECK((order < 0) == (i < j));
            CHECK((order > 0) == (i > j));
        }
    }
    CHECK(compare_serials("007", "7") == 0);
    CHECK(compare_serials("99999999999999999999999", "100000000000000000000000") < 0);
}
