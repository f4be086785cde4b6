#include <boost/json.hpp>
#include <set>

#include "tests/unit/kpi/kpi_case.hpp"

using namespace gantry;
using namespace gantry::kpi::test;

namespace {

std::string file_text(const std::string& path) {
    std::ifstream in{std::filesystem::path{GANTRY_SOURCE_DIR} / path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("kpi: each figure is defined once, whole, and has a title in both languages") {
    for (const char* language : {"en", "zh-CN"}) {
        CAPTURE(language);
        const boost::json::value texts =
            boost::json::parse(file_text("config/text/" + std::string{language} + ".json"));
        std::set<std::string_view> seen;
        for (const kpi::Definition& definition : kpi::definitions()) {
            CAPTURE(definition.id);
            CHECK(seen.insert(definition.id).second);
            CHECK(!definition.unit.empty());
            CHECK(!definition.formula.empty());
            CHECK(!definition.source.empty());
            CHECK(texts.as_object().contains("kpi." + std::string{definition.id}));
        }
    }
}

TEST_CASE("kpi: every figure is answered, whatever is known") {
    Case full, empty;
    full.roster().watch_all();
    full.patients(at(1, 9), 5);
    empty.c = {};
    for (const Case* one : {&full, &empty}) {
        std::set<std::string_view> answered;
        for (const kpi::Figure& figure : kpi::figures(one->c, ten_days, {})) {
            answered.insert(figure.of->id);
            CHECK((figure.why == kpi::Why::known) == figure.value.has_value());
            CHECK(figure.coverage_permille >= 0);
            CHECK(figure.coverage_permille <= 1000);
        }
        for (const kpi::Definition& definition : kpi::definitions()) {
            CAPTURE(definition.id);
            CHECK(answered.contains(definition.id));
        }
    }
}

TEST_CASE("kpi: the reasons of an aborted exam are those of the record schema") {
    const std::string schema = file_text("config/schema/events.toml");
    std::string list;
    for (const std::string_view reason : abort_reasons)
        if (reason != "not_told") list += (list.empty() ? "\"" : ", \"") + std::string{reason} + "\"";
    CHECK(schema.find("reason = { kind = \"enum\", values = [" + list + "]") != std::string::npos);
}
