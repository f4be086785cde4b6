#include "server/domain/paper/filing.hpp"

#include <doctest/doctest.h>

#include <span>

#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

// `says` empty: may be filed. Otherwise refused with a message that holds it.
struct Row {
    const char* kind;
    const char* body;
    const char* says;
};

void check_rows(std::span<const Row> rows) {
    for (const Row& row : rows) {
        CAPTURE(row.kind);
        CAPTURE(row.body);
        const auto got = check_filing(paper_schema(), row.kind, "id-1", row.body);
        const std::string message = got ? "" : got.error().message;
        CAPTURE(message);
        if (*row.says == '\0') {
            CHECK(got.has_value());
        } else {
            REQUIRE(!got);
            CHECK(message.find(row.says) != std::string::npos);
            CHECK(message.find(row.kind) == 0);
            CHECK(got.error().code == Errc::refused);
            CHECK(message.find("got ") != std::string::npos);
            CHECK(message.find("want ") != std::string::npos);
        }
    }
}

}  // namespace

TEST_CASE("filing: devices, rooms and people") {
    const Row rows[] = {
        {"device_sheet", R"({"modality":"CT","rows":64})", ""},
        {"device_sheet", R"({"modality":"PET-CT","rows":64})", ""},
        {"device_sheet", R"({"modality":"MRI","rows":64})", "device_sheet.rows"},
        {"device_sheet", R"({"modality":"MRI","field_mt":1500})", ""},
        {"device_sheet", R"({"modality":"CT","field_mt":1500})", "device_sheet.field_mt"},
        {"device_sheet", R"({"modality":"LINAC","guided_by":"mr"})", ""},
        {"device_sheet", R"({"modality":"DSA","guided_by":"ct"})", "device_sheet.guided_by"},
        {"device_sheet", R"({"modality":"CT","manufactured_at":86400000,"installed_at":86400000})", ""},
        {"device_sheet", R"({"modality":"CT","manufactured_at":86400000,"installed_at":86399999})",
         "installed_at: got 1970-01-01T23:59Z, want not before manufactured_at 1970-01-02T00:00Z"},
        {"device_sheet", R"({"modality":"CT","manufactured_at":5,"life_extended_to":5})", "life_extended_to"},
        {"device_sheet", R"({"modality":"CT","planned_exams_per_day":20,"capacity_exams_per_day":20})", ""},
        {"device_sheet", R"({"modality":"CT","planned_exams_per_day":21,"capacity_exams_per_day":20})",
         "capacity_exams_per_day: got 20, want at least planned_exams_per_day 21"},
        {"device_sheet", R"({"modality":"CT","predecessor":"id-1"})", "device_sheet.predecessor"},
        {"room", R"({"site":"s","shielding_reviewed_at":5,"evaluation_accepted_at":5})", ""},
        {"room", R"({"site":"s","shielding_reviewed_at":5,"evaluation_accepted_at":4})", "evaluation_accepted_at"},
        {"person", R"({"org":"h","name":"n","role":"operator","qualifications":[{"kind":"training","from":5,"to":6}]})",
         ""},
        {"person", R"({"org":"h","name":"n","role":"operator","qualifications":[{"kind":"training","from":5,"to":5}]})",
         "person.to"},
    };
    check_rows(rows);
}

TEST_CASE("filing: permits, promises and certificates") {
    const Row rows[] = {
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5})", ""},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"to":6})", ""},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"to":5})", "permit.to"},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"renewal_filed_at":4})",
         "renewal_filed_at"},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"cancelled_at":5})", ""},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"cancelled_at":4})", "cancelled_at"},
        {"permit", R"({"kind":"radiation_safety","no":"1","holder":"h","from":5,"devices":["a","b","a"]})",
         "permit.devices: got 'a' twice"},
        {"permit", R"({"kind":"product_registration","no":"1","holder":"m","from":5})", "permit.model"},
        {"permit", R"({"kind":"product_registration","no":"1","holder":"m","from":5,"model":"X"})", ""},
        {"commitment", R"({"permit":"p","what":"w","due_at":9,"org":"h"})", ""},
        {"commitment", R"({"permit":"p","what":"w","due_at":9})", "commitment.devices"},
        {"commitment", R"({"permit":"p","what":"w","due_at":9,"org":"h","promised_at":9,"fulfilled_at":9})", ""},
        {"commitment", R"({"permit":"p","what":"w","due_at":9,"org":"h","promised_at":8,"fulfilled_at":7})",
         "fulfilled_at"},
        {"commitment", R"({"permit":"p","what":"w","due_at":9,"org":"h","promised_at":10})", "due_at"},
        {"certificate", R"({"subject":"b","kind":"accreditation","from":5,"to":6})", ""},
        {"certificate", R"({"subject":"b","kind":"accreditation","from":5,"to":4})", "certificate.to"},
        {"operator", R"({"org":"h","training_to":1,"dosimetry_at":1,"health_check_at":1,"devices":["a","a"]})",
         "operator.devices"},
        {"holder_change", R"({"org":"h","at":5,"amended_at":5})", ""},
        {"holder_change", R"({"org":"h","at":5,"amended_at":4})", "amended_at"},
    };
    check_rows(rows);
}

TEST_CASE("filing: tests, recalls and adverse events") {
    const Row rows[] = {
        {"test", R"({"kind":"status","device":"a","at":5,"passed":true})", ""},
        {"test", R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"noise","pass":false}]})",
         "test.passed: got true, but noise failed"},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"noise","mandatory":false,"pass":false}]})",
         ""},
        {"test", R"({"kind":"status","device":"a","at":5,"passed":false,"items":[{"item":"noise","pass":false}]})", ""},
        {"test", R"({"kind":"status","device":"a","at":5,"passed":false,"items":[{"item":"noise","pass":true}]})", ""},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"hu","value_milli":6000,"limit_low_milli":-6000,"limit_high_milli":6000,"pass":true}]})",
         ""},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"hu","value_milli":6001,"limit_high_milli":6000,"pass":true}]})",
         "hu passed outside its limits"},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"hu","value_milli":-6001,"limit_low_milli":-6000,"pass":true}]})",
         "hu passed outside its limits"},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"hu","limit_low_milli":2,"limit_high_milli":1,"pass":true}]})",
         "limit_high_milli"},
        {"test",
         R"({"kind":"status","device":"a","at":5,"passed":true,"items":[{"item":"hu","pass":true},{"item":"hu","pass":true}]})",
         "hu twice"},
        {"test", R"({"kind":"constancy","device":"a","at":5,"passed":true,"interval_days":7})", ""},
        {"test", R"({"kind":"status","device":"a","at":5,"passed":true,"interval_days":7})", "interval_days"},
        {"recall", R"({"recall_class":1,"action":"stop_use","notice_at":5})", "recall.model"},
        {"recall", R"({"recall_class":1,"action":"stop_use","notice_at":5,"devices":["a"]})", ""},
        {"recall",
         R"({"recall_class":1,"action":"stop_use","notice_at":5,"model":"X","serial_from":"S9","serial_to":"S10"})",
         ""},
        {"recall",
         R"({"recall_class":1,"action":"stop_use","notice_at":5,"model":"X","serial_from":"S10","serial_to":"S9"})",
         "recall.serial_to"},
        {"recall", R"({"recall_class":1,"action":"stop_use","notice_at":5,"model":"X","close_by":4})", "close_by"},
        {"recall_answer", R"({"recall":"r","device":"a","acknowledged_at":5,"closed_at":5})", ""},
        {"recall_answer", R"({"recall":"r","device":"a","acknowledged_at":5,"closed_at":4})", "closed_at"},
        {"recall_answer", R"({"recall":"r","device":"a"})", "neither acknowledged nor closed"},
        {"adverse_event", R"({"device":"a","harm":"death","at":5,"reported_at":5})", ""},
        {"adverse_event", R"({"device":"a","harm":"death","at":5,"reported_at":4})", "reported_at"},
    };
    check_rows(rows);
}

TEST_CASE("filing: schedules, work orders, contracts, hours and counts") {
    const Row rows[] = {
        {"schedule", R"({"device":"a","name":"n","work":"pm","from":5,"every_days":90})", ""},
        {"schedule", R"({"device":"a","name":"n","work":"pm","from":5,"every_mas":1})", ""},
        {"schedule", R"({"device":"a","name":"n","work":"pm","from":5})", "schedule.every_days: got no interval"},
        {"schedule", R"({"device":"a","name":"n","work":"pm","from":5,"every_days":90,"to":5})", "schedule.to"},
        {"schedule", R"({"device":"a","name":"n","work":"constancy","item":"hu","from":5,"every_days":7})", ""},
        {"schedule", R"({"device":"a","name":"n","work":"pm","item":"hu","from":5,"every_days":7})", "schedule.item"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5})", ""},
        {"work_order",
         R"({"device":"a","kind":"corrective","opened_at":5,"started_at":5,"ended_at":5,"signed_off_at":5,"outcome":"resolved"})",
         ""},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"started_at":4})", "started_at"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"started_at":6,"ended_at":5})", "ended_at"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"ended_at":6})", "started_at with it"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"responded_at":4})", "responded_at"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"diagnosed_at":4})", "diagnosed_at"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"parts_at":4})", "parts_at"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"outcome":"resolved"})", "outcome"},
        {"work_order", R"({"device":"a","kind":"corrective","opened_at":5,"started_at":6,"signed_off_at":9})",
         "ended_at with it"},
        {"work_order",
         R"({"device":"a","kind":"corrective","opened_at":5,"started_at":6,"ended_at":9,"signed_off_at":8})",
         "signed_off_at"},
        {"work_order",
         R"({"device":"a","kind":"corrective","opened_at":5,"parts":[{"part":"tube","old_serial":"T","new_serial":"T"}]})",
         "parts.new_serial"},
        {"contract", R"({"devices":["a"],"kind":"service","from":5})", ""},
        {"contract", R"({"devices":[],"kind":"service","from":5})", "contract.devices"},
        {"contract", R"({"devices":["a"],"kind":"service","from":5,"to":5})", "contract.to"},
        {"contract", R"({"devices":["a"],"kind":"service","from":5,"cover_from_minute":480,"cover_to_minute":1020})",
         ""},
        {"contract", R"({"devices":["a"],"kind":"service","from":5,"cover_from_minute":480,"cover_to_minute":480})",
         "cover_to_minute"},
        {"opening_hours", R"({"site":"s","from_minute":480,"to_minute":1020,"weekdays":31,"from":5})", ""},
        {"opening_hours", R"({"from_minute":480,"to_minute":1020,"weekdays":31,"from":5})",
         "opening_hours.device: got neither device nor site"},
        {"opening_hours", R"({"site":"s","from_minute":1200,"to_minute":360,"weekdays":31,"from":5})", "past midnight"},
        {"contract", R"({"devices":["a"],"kind":"service","from":5,"down_states":["fault","pm"],"down_from":"call"})",
         ""},
        {"contract", R"({"devices":["a"],"kind":"service","from":5,"down_states":["fault","fault"]})",
         "contract.down_states"},
        {"contract",
         R"({"devices":["a"],"kind":"service","from":5,"exclusions":[{"from":5,"to":6,"reason":"force_majeure"}]})",
         ""},
        {"contract",
         R"({"devices":["a"],"kind":"service","from":5,"exclusions":[{"from":6,"to":6,"reason":"misuse"}]})",
         "contract.exclusions.to"},
        {"cost", R"({"device":"a","kind":"energy","from":5,"to":6,"amount_cny":0})", ""},
        {"cost", R"({"device":"a","kind":"energy","from":5,"to":5,"amount_cny":1})", "cost.to"},
        {"declared_count", R"({"device":"a","from":5,"to":6,"exams":3,"reported":3,"positive":3})", ""},
        {"declared_count", R"({"device":"a","from":5,"to":5,"exams":3})", "declared_count.to"},
        {"declared_count", R"({"device":"a","from":5,"to":6,"exams":3,"reported":4})", "declared_count.exams"},
        {"declared_count", R"({"device":"a","from":5,"to":6,"exams":3,"positive":4})", "declared_count.exams"},
        {"declared_count", R"({"device":"a","from":5,"to":6,"exams":3,"reported":1,"positive":2})",
         "declared_count.reported"},
    };
    check_rows(rows);
}

TEST_CASE("filing: ids, unknown kinds, fields and sizes are refused by their own error") {
    struct Bad {
        std::string kind, id, body;
        Errc code;
    };
    const std::string org = R"({"name":"n","kind":"hospital"})";
    const Bad rows[] = {
        {"org", "", org, Errc::schema},
        {"org", std::string(65, 'a'), org, Errc::schema},
        {"org", "a b", org, Errc::schema},
        {"org", "医院", org, Errc::schema},
        {"passport", "a", "{}", Errc::not_found},
        {"org", "a", R"({"kind":"hospital"})", Errc::schema},
        {"org", "a", R"({"name":"n","kind":"hospital","colour":"red"})", Errc::schema},
        {"org", "a", R"({"name":"n","kind":"hospital","region":1.5})", Errc::malformed},
        {"org", "a", "[]", Errc::malformed},
        {"org", "a", "{", Errc::malformed},
        {"org", "a", "", Errc::malformed},
        {"org", "a", std::string(body_bytes_max + 1, ' '), Errc::too_large},
        {"device_sheet", "CT-1", R"({"modality":"CT"})", Errc::schema},
        {"document", "a",
         R"({"device":"Ct 1","kind":"k","at":1,"sha256":"0000000000000000000000000000000000000000000000000000000000000000"})",
         Errc::schema},
    };
    for (const Bad& row : rows) {
        CAPTURE(row.kind);
        CAPTURE(row.id);
        CAPTURE(row.body.substr(0, 80));
        const auto got = check_filing(paper_schema(), row.kind, row.id, row.body);
        REQUIRE(!got);
        CHECK(got.error().code == row.code);
    }
    for (const char* id : {"a", "A.b_c:d/e-9", "0000000000000000000000000000000000000000000000000000000000000000"})
        CHECK(check_filing(paper_schema(), "org", id, org).has_value());
}

TEST_CASE("filing: equal papers have equal bytes") {
    const std::string want = R"({"kind":"hospital","name":"人民\"医院","region":"440100"})";
    for (const char* body :
         {R"({"kind":"hospital","name":"人民\"医院","region":"440100"})",
          " {\n \"region\" : \"\\u0034\\u00340100\", \"name\":\"\\u4eba民\\\"医院\",\t\"kind\":\"hospital\" } "}) {
        const auto got = canonical_filing(paper_schema(), "org", "h-1", body);
        REQUIRE(got.has_value());
        CHECK(*got == want);
        CHECK(canonical_filing(paper_schema(), "org", "h-1", *got).value() == want);
    }
}
