#include "server/domain/paper/import_step.hpp"

#include <doctest/doctest.h>

#include "server/domain/paper/dates.hpp"
#include "tests/unit/domain/ct_table.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

const std::string key_a(64, 'a');

ImportedDevice row_of(const std::string& csv) {
    const auto rows = parse_csv(csv).value();
    ImportOptions options;
    options.now_ms = *ms_of_iso_date("2026-03-01");
    options.state_words = state_words_of(ct_table());
    auto report = import_devices(paper_schema(), rows, options).value();
    REQUIRE(report.devices.size() == 1);
    return report.devices.front();
}

const std::string plain = "id,modality,maker,state,rows\nct-1,CT,Meridian,IN_USE,64\n";

ImportStep step(const std::string& csv, const KnownDevice& known) {
    return import_step(paper_schema(), row_of(csv), known, {"Lin Wei", Role::hm});
}

// The device as it is after a step.
KnownDevice after(KnownDevice known, const ImportStep& step) {
    if (!step.change.entry.empty()) known.entry = step.change.entry;
    if (step.change.sheet) known.sheet_json = step.change.sheet->paper->body;
    if (step.change.baseline) known.state = state_from(*step.change.baseline->text("state")).value();
    return known;
}

}  // namespace

TEST_CASE("import step: a new device is entered, described and declared; the second time nothing changes") {
    const ImportStep first = step(plain, {});
    CHECK(first.action == ImportAction::added);
    CHECK(first.change.entry.at("maker") == "Meridian");
    REQUIRE(first.change.sheet.has_value());
    CHECK(first.change.sheet->subject == "ct-1");
    CHECK(first.change.sheet->paper->id == "ct-1");
    CHECK(first.change.sheet->actor == "Lin Wei");
    REQUIRE(first.change.baseline.has_value());
    CHECK(first.change.baseline->actor == "Lin Wei");
    const ImportStep second = step(plain, after({}, first));
    CHECK(second.action == ImportAction::unchanged);
    CHECK(second.change.is_nothing());
}

TEST_CASE("import step: what the table leaves empty stays, what it says anew is told alone") {
    KnownDevice known = after({}, step(plain, {}));
    known.entry["record_key"] = key_a;
    known.entry["tz"] = "Asia/Urumqi";
    known.sheet_json = R"({"maker":"Meridian","modality":"CT","predecessor":"old-7","rows":64})";
    const ImportStep changed = step("id,modality,maker,state,rows\nct-1,CT,,IDLE,128\n", known);
    CHECK(changed.action == ImportAction::changed);
    CHECK(changed.change.entry.empty());
    CHECK(changed.change.sheet->paper->body ==
          R"({"maker":"Meridian","modality":"CT","predecessor":"old-7","rows":128})");
    CHECK_FALSE(changed.change.baseline.has_value());  // a life goes on by declarations
    const ImportStep named = step("id,modality,name,state\nct-1,CT,CT 1,IN_USE\n", known);
    CHECK(named.change.entry.at("tz") == "Asia/Urumqi");
    CHECK(named.change.entry.at("record_key") == key_a);
    CHECK(named.change.entry.at("name") == "CT 1");
}

TEST_CASE("import step: a device that was registered without a life gets its baseline; a key never changes") {
    KnownDevice known{.entry = {{"id", "ct-1"}, {"record_key", key_a}}, .sheet_json = {}, .state = State::none};
    const ImportStep adopted = step(plain, known);
    CHECK(adopted.action == ImportAction::changed);
    CHECK(adopted.change.baseline.has_value());
    const std::string other_key(64, 'b');
    const ImportStep refused = step("id,modality,state,record_key\nct-1,CT,IN_USE," + other_key + "\n", known);
    CHECK(refused.action == ImportAction::refused);
    CHECK(refused.change.is_nothing());
    REQUIRE(refused.errors.size() == 1);
    CHECK(refused.errors[0].column == "record_key");
    CHECK(refused.errors[0].line == 2);
}
