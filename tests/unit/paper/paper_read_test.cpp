#include "server/domain/paper/paper_read.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "common/core/json.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

// A value that the field allows and that is no member's default.
void write_value(JsonWriter& out, const Field& field);

void write_object(JsonWriter& out, const std::vector<Field>& fields) {
    out.begin_object();
    for (const Field& field : fields) {
        out.key(field.name);
        write_value(out, field);
    }
    out.end_object();
}

void write_value(JsonWriter& out, const Field& field) {
    switch (field.kind) {
        case FieldKind::integer:
            out.value(field.min == 0 ? field.min + 1 : std::max(field.min, std::int64_t{1}));
            return;
        case FieldKind::time:
            out.value(std::int64_t{1'600'000'000'000});
            return;
        case FieldKind::boolean:
            out.value(field.name != "mandatory");
            return;
        case FieldKind::enumeration:
            out.value(field.values.back());
            return;
        case FieldKind::hex:
            out.value(std::string(field.digits, 'a'));
            return;
        case FieldKind::list:
            out.begin_array();
            write_value(out, field.fields.front());
            out.end_array();
            return;
        case FieldKind::object:
            write_object(out, field.fields);
            return;
        default:
            out.value("word");
    }
}

std::string full_body(const std::vector<Field>& fields) {
    std::string body;
    JsonWriter out{body};
    write_object(out, fields);
    return body;
}

}  // namespace

TEST_CASE("papers: the kinds are the types of the schema") {
    std::set<std::string, std::less<>> kinds{paper_kinds.begin(), paper_kinds.end()};
    CHECK(kinds.size() == paper_kinds.size());
    CHECK(paper_schema().types().size() == paper_kinds.size());
    for (const auto& [name, type] : paper_schema().types()) {
        CAPTURE(name);
        CHECK(kinds.contains(name));
    }
}

TEST_CASE("papers: every field of the schema has its member, and no other") {
    for (const auto& [name, type] : paper_schema().types()) {
        CAPTURE(name);
        std::set<std::string> want;
        for (const Field& field : type.fields) want.insert(field.name);
        const auto got = fields_of(name);
        CHECK(std::set<std::string>{got.begin(), got.end()} == want);
        CHECK(got.size() == want.size());
    }
    CHECK(fields_of("no_such_kind").empty());
}

TEST_CASE("papers: a body with every field set is read, and each field alone changes the paper") {
    for (const auto& [name, type] : paper_schema().types()) {
        CAPTURE(name);
        const std::string body = full_body(type.fields);
        REQUIRE(paper_schema().check(name, body).has_value());
        const auto paper = read_paper({"id-1", 7, 99}, name, body);
        REQUIRE(paper.has_value());
        CHECK(kind_of(*paper) == name);
        CHECK(filed(*paper) == Filed{"id-1", 7, 99});
        const Paper empty = read_paper({"id-1", 7, 99}, name, "{}").value();
        for (const Field& field : type.fields) {
            CAPTURE(field.name);
            const Paper one = read_paper({"id-1", 7, 99}, name, full_body({field})).value();
            CHECK(one != empty);
        }
    }
}

TEST_CASE("papers: a permit, a test, a work order and opening hours as members") {
    const auto permit = std::get<Permit>(paper_of(
        "permit", "p-1",
        R"({"kind":"radiodiagnosis","no":"粤卫放证〔2021〕7号","holder":"h-1","devices":["ct-1"],"categories":["xray_imaging"],"from":1000,"on_commitment":true})"));
    CHECK(permit.kind == PermitKind::radiodiagnosis);
    CHECK(permit.no == "粤卫放证〔2021〕7号");
    CHECK(permit.categories == std::vector<std::string>{"xray_imaging"});
    CHECK(permit.to_ms == forever_ms);
    CHECK(!permit.cancelled_ms);
    CHECK(permit.on_commitment);

    const auto test = std::get<Test>(paper_of(
        "test", "t-1",
        R"({"kind":"site_protection","device":"ct-1","at":5,"passed":false,"items":[{"item":"water_hu","value_milli":-6100,"limit_low_milli":-6000,"pass":false},{"item":"noise","mandatory":false,"pass":true}]})"));
    CHECK(test.kind == TestKind::site_protection);
    REQUIRE(test.items.size() == 2);
    CHECK(test.items[0].value_milli == -6100);
    CHECK(!test.items[0].limit_high_milli);
    CHECK(test.items[0].mandatory);
    CHECK(!test.items[1].mandatory);

    const auto order = std::get<WorkOrder>(paper_of(
        "work_order", "w-1",
        R"({"device":"ct-1","kind":"preventive","opened_at":10,"ended_at":30,"checklist":[{"item":"除尘","done":true}],"parts":[{"part":"tube","new_serial":"T-2","major":true}]})"));
    CHECK(order.checklist == std::vector<ChecklistItem>{{"除尘", true}});
    CHECK(order.parts[0].major);
    CHECK(!order.started_ms);
    CHECK(order.ended_ms == 30);

    const auto hours = std::get<OpeningHours>(
        paper_of("opening_hours", "o-1", R"({"site":"s-1","from_minute":0,"to_minute":1440,"weekdays":127,"from":0})"));
    CHECK(hours.site == "s-1");
    CHECK(hours.weekdays == 127);
}

TEST_CASE("papers: what cannot be read is told with its field") {
    struct Row {
        const char* kind;
        const char* body;
        Errc code;
        const char* says;
    };
    for (const Row& row :
         {Row{"passport", "{}", Errc::not_found, "passport"}, Row{"permit", "[]", Errc::malformed, "object"},
          Row{"permit", "{", Errc::malformed, "object"},
          Row{"permit", R"({"from":"2021"})", Errc::malformed, "permit.from"},
          Row{"permit", R"({"kind":"lottery"})", Errc::malformed, "permit.kind"},
          Row{"permit", R"({"devices":[1]})", Errc::malformed, "permit.devices"},
          Row{"test", R"({"items":[{"pass":1}]})", Errc::malformed, "test.items"},
          Row{"opening_hours", R"({"weekdays":256})", Errc::malformed, "opening_hours.weekdays"},
          Row{"device_sheet", R"({"rows":1.5})", Errc::malformed, "device_sheet.rows"}}) {
        CAPTURE(row.kind);
        CAPTURE(row.body);
        const auto got = read_paper({"x", 1, 1}, row.kind, row.body);
        REQUIRE(!got);
        CHECK(got.error().code == row.code);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
}

TEST_CASE("papers: whom each is about") {
    struct Row {
        const char* kind;
        const char* body;
        Subjects want;
    };
    const Row rows[] = {
        {"org", R"({"name":"n","kind":"hospital"})", {.orgs = {"id-1"}}},
        {"site", R"({"org":"h-1","name":"n"})", {.sites = {"id-1"}}},
        {"room", R"({"site":"s-1"})", {.sites = {"s-1"}}},
        {"room", R"({"site":"s-1","device":"ct-1"})", {.devices = {"ct-1"}}},
        {"person", R"({"org":"h-1","name":"n","role":"operator"})", {.orgs = {"h-1"}}},
        {"device_sheet", R"({"modality":"CT"})", {.devices = {"id-1"}}},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h-1","from":1})", {.orgs = {"h-1"}}},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h-1","site":"s-1","from":1})", {.sites = {"s-1"}}},
        {"permit",
         R"({"kind":"radiation_safety","no":"1","holder":"h-1","devices":["a","b"],"from":1})",
         {.devices = {"a", "b"}}},
        {"permit",
         R"({"kind":"product_registration","no":"1","holder":"m-1","model":"X","from":1})",
         {.every_device = true}},
        {"commitment", R"({"permit":"p","org":"h-1","what":"w","due_at":1})", {.orgs = {"h-1"}}},
        {"certificate", R"({"subject":"b-1","kind":"accreditation","from":1})", {.every_device = true}},
        {"certificate", R"({"subject":"b-1","kind":"calibration","org":"h-1","from":1})", {.orgs = {"h-1"}}},
        {"operator", R"({"org":"h-1","training_to":1,"dosimetry_at":1,"health_check_at":1})", {.orgs = {"h-1"}}},
        {"recall", R"({"recall_class":1,"action":"correct","devices":["a"],"notice_at":1})", {.devices = {"a"}}},
        {"recall",
         R"({"recall_class":1,"action":"correct","model":"X","devices":["a"],"notice_at":1})",
         {.devices = {"a"}, .every_device = true}},
        {"recall_answer", R"({"recall":"r","device":"a"})", {.devices = {"a"}}},
        {"contract", R"({"devices":["a","b"],"kind":"service","from":1})", {.devices = {"a", "b"}}},
        {"opening_hours", R"({"site":"s-1","from_minute":1,"to_minute":2,"weekdays":1,"from":1})", {.sites = {"s-1"}}},
        {"holder_change", R"({"org":"h-1","at":1})", {.orgs = {"h-1"}}},
        {"document",
         R"({"device":"a","kind":"k","sha256":"0000000000000000000000000000000000000000000000000000000000000000","at":1})",
         {.devices = {"a"}}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.kind);
        CAPTURE(row.body);
        CHECK(subjects(paper_of(row.kind, "id-1", row.body)) == row.want);
    }
}
