#include "agent/dicom/pipeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "tests/unit/dicom/dose_report_builder.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;

namespace {

FakeReport cumulative(int events) {
    FakeReport report;
    report.sop_uid = "1.2.3.77." + std::to_string(events);
    for (int at = 1; at <= events; ++at) report.acquisitions.push_back(acquisition("1.2.3.9." + std::to_string(at)));
    return report;
}

Result<Counted> feed(Bench& bench, const FakeReport& report, Syntax syntax = Syntax::explicit_little) {
    const auto parsed = bench.parse(dicom_file(report, syntax));
    if (!parsed) return parsed.error();
    return bench.pipeline.report(*parsed, "CT_1");
}

std::size_t count(const Bench& bench, std::string_view type) {
    const std::string mark = "\"type\":\"" + std::string{type} + "\"";
    return static_cast<std::size_t>(std::ranges::count_if(
        bench.target.lines, [&](const std::string& line) { return line.find(mark) != std::string::npos; }));
}

}  // namespace

TEST_CASE("pipeline: cumulative reports count each event once in every order of arrival, and again when repeated") {
    std::vector<int> order = {1, 2, 3};
    std::optional<std::set<std::string>> first;
    do {
        Bench bench;
        for (const int events : order) REQUIRE(feed(bench, cumulative(events)).has_value());
        CHECK(count(bench, "usage.exposure") == 3);
        for (const int events : order) {
            const auto again = feed(bench, cumulative(events));
            REQUIRE(again.has_value());
            CHECK(again->new_events == 0);
        }
        CHECK(count(bench, "usage.exposure") == 3);
        CHECK(count(bench, "usage.dose") == 3);
        CHECK(count(bench, "identity") == 1);
        std::set<std::string> exposures;
        for (const std::string& line : bench.target.lines) {
            if (line.find("usage.exposure") != std::string::npos) exposures.insert(line);
        }
        if (!first) first = exposures;
        CHECK(exposures == *first);  // the order of arrival changes no value
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("pipeline: a re-encoded copy adds nothing, a continued report adds its own events") {
    Bench bench;
    REQUIRE(feed(bench, cumulative(2)).has_value());
    FakeReport copy = cumulative(2);
    copy.sop_uid = "1.2.3.99.1";
    const auto repeated = feed(bench, copy, Syntax::implicit_little);
    REQUIRE(repeated.has_value());
    CHECK(repeated->new_events == 0);
    FakeReport continued;
    continued.sop_uid = "1.2.3.99.2";
    continued.acquisitions = {acquisition("1.2.3.10.1")};
    CHECK(feed(bench, continued)->new_events == 1);
    CHECK(count(bench, "usage.exposure") == 3);
}

TEST_CASE("pipeline: every line is strict, in the schema, and without a word of the report") {
    Bench bench;
    bench.unassigned = true;
    FakeReport report = cumulative(2);
    report.acquisitions[0] = scout("1.2.3.9.7");
    report.acquisitions[1].alert = true;
    report.acquisitions[1].role_serial = "73491";
    REQUIRE(feed(bench, report).has_value());
    bench.unassigned = false;
    report.acquisitions.push_back(acquisition("1.2.3.9.8"));
    REQUIRE(feed(bench, report).has_value());
    REQUIRE(bench.target.lines.size() > 4);
    for (const std::string& line : bench.target.lines) {
        CAPTURE(line);
        const auto object = boost::json::parse(line).as_object();
        const std::string type{object.at("type").as_string()};
        const auto checked = schema().check(type, boost::json::serialize(object.at("body")));
        CHECK_MESSAGE(checked.has_value(), (checked ? "" : checked.error().message));
        CHECK(line.find("SECRET") == std::string::npos);
        CHECK(line.find("1.2.3.") == std::string::npos);
    }
}

TEST_CASE("pipeline: nothing is remembered before it is accepted") {
    Bench bench;
    bench.target.accept_max = 0;
    const auto away = feed(bench, cumulative(3));
    REQUIRE_FALSE(away.has_value());
    CHECK(away.error().code == Errc::unavailable);
    CHECK(bench.target.lines.empty());

    bench.target.accept_max = 2;  // the identity and the first event
    REQUIRE_FALSE(feed(bench, cumulative(3)).has_value());
    CHECK(count(bench, "usage.exposure") == 1);

    bench.target.accept_max = static_cast<std::size_t>(-1);
    const auto resent = feed(bench, cumulative(3));
    REQUIRE(resent.has_value());
    CHECK(resent->new_events == 2);
    CHECK(count(bench, "usage.exposure") == 3);
    CHECK(count(bench, "usage.dose") == 1);
    CHECK(count(bench, "identity") == 1);
}

TEST_CASE("pipeline: identity is told when it changes") {
    Bench bench;
    FakeReport report = cumulative(1);
    REQUIRE(feed(bench, report).has_value());
    report = cumulative(2);
    REQUIRE(feed(bench, report).has_value());
    CHECK(count(bench, "identity") == 1);
    report = cumulative(3);
    report.software = "V2.0";
    REQUIRE(feed(bench, report).has_value());
    CHECK(count(bench, "identity") == 2);
}

TEST_CASE("pipeline: what no route claims carries who sent it") {
    Bench bench;
    bench.unassigned = true;
    REQUIRE(feed(bench, cumulative(1)).has_value());
    CHECK(count(bench, "identity") == 0);
    for (const std::string& line : bench.target.lines) {
        CHECK(
            line.find("\"origin\":{\"ae\":\"CT_1\",\"serial\":\"SN-1\",\"maker\":\"ACME\",\"model\":\"Scanner 9\"}") !=
            std::string::npos);
    }
}
