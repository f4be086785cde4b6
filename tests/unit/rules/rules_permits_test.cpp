#include "tests/unit/rules/case_builder.hpp"

using namespace gantry;
using namespace gantry::rules;
using namespace gantry::rules::test;
using paper::PermitKind;

namespace {

constexpr std::int64_t bought_2021 = day0 - 1'700 * day;
constexpr std::int64_t bought_2025 = day0 - 100 * day;

// In use for a hundred days with both permits of its modality.
Builder lawful() {
    Builder b;
    b.state(day0 - 100 * day, State::in_use).now(day0);
    b.permit(PermitKind::radiation_safety, day0 - 9'000 * day);
    b.permit(PermitKind::radiodiagnosis, day0 - 9'000 * day);
    return b;
}

}  // namespace

TEST_CASE("V01: a listed device without licence is used") {
    const struct {
        const char* what;
        std::int64_t bought, rows;
        std::optional<std::int64_t> licence_from;
        std::size_t want;
    } rows[] = {
        {"64 rows bought under the catalogue of 2018", bought_2021, 64, {}, 1},
        {"63 rows", bought_2021, 63, {}, 0},
        {"64 rows bought under the catalogue of 2023", bought_2025, 64, {}, 0},
        {"licence in force at the hour of use", bought_2021, 64, day0 - 10 * day, 0},
        {"licence from the end of the hour of use", bought_2021, 64, day0 - 10 * day + hour, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = lawful();
        b.c.papers.sheet.purchased_ms = row.bought;
        b.c.papers.sheet.rows = row.rows;
        if (row.licence_from) b.permit(PermitKind::config_licence, *row.licence_from);
        b.use(day0 - 10 * day);
        CHECK(count(b, "V01") == row.want);
    }
    Builder costly = lawful();
    costly.use(day0 - 10 * day);
    costly.c.papers.sheet.purchased_ms = bought_2025;
    costly.c.papers.sheet.price_cny = 30'000'000;
    CHECK(count(costly, "V01") == 0);
    costly.c.papers.sheet.first_configured = true;
    CHECK(count(costly, "V01") == 1);
    costly.c.papers.sheet.price_cny = 29'999'999;
    CHECK(count(costly, "V01") == 0);

    Builder unknown = lawful();
    unknown.use(day0 - 10 * day);
    unknown.c.papers.sheet.rows = 64;
    CHECK(count(unknown, "V01") == 0);
    unknown.c.papers.sheet.purchased_ms = bought_2021;
    const auto found = of(unknown.judged(), "V01").at(0);
    CHECK(found.severity == Severity::critical);
    CHECK(found.suspected);
    CHECK(found.measured == "4 exposures");
    CHECK(found.count == 4);
    CHECK(found.leaves.size() == 2);
}

TEST_CASE("V02: licence of another model or site, or of two devices") {
    Builder b = lawful();
    b.c.papers.sheet.model = "Alpha";
    auto& licence = b.permit(PermitKind::config_licence, bought_2021);
    const std::string no = licence.no;
    CHECK(count(b, "V02") == 0);
    b.c.papers.permits.back().model = "Alpha";
    b.c.papers.permits.back().site = "s1";
    b.c.licence_devices[no] = {"ct-0001"};
    CHECK(count(b, "V02") == 0);
    b.c.papers.permits.back().model = "Beta";
    CHECK(of(b.judged(), "V02", "model:" + no).at(0).limit == "model Beta");
    b.c.papers.permits.back().site = "s2";
    CHECK(count(b, "V02", "site:" + no) == 1);
    b.c.licence_devices[no] = {"ct-0001", "ct-0002"};
    CHECK(of(b.judged(), "V02", "devices:" + no).at(0).measured == "2 devices");
}

TEST_CASE("V03 and V04: use needs a permit in force that allows it") {
    const struct {
        const char* what;
        const char* rule;
        PermitKind kind;
        std::int64_t from_ms, to_ms;
        std::vector<std::string> categories, devices;
        std::size_t want;
    } rows[] = {
        {"in force", "V03", PermitKind::radiation_safety, 0, forever_ms, {}, {}, 0},
        {"ended as the hour began", "V03", PermitKind::radiation_safety, 0, day0 - day, {}, {}, 1},
        {"ended as the hour ended", "V03", PermitKind::radiation_safety, 0, day0 - day + hour, {}, {}, 0},
        {"another class", "V03", PermitKind::radiation_safety, 0, forever_ms, {"sources"}, {}, 1},
        {"its class", "V03", PermitKind::radiation_safety, 0, forever_ms, {"ray_device_iii"}, {}, 0},
        {"names another device", "V03", PermitKind::radiation_safety, 0, forever_ms, {}, {"ct-2"}, 1},
        {"only the other permit", "V03", PermitKind::radiodiagnosis, 0, forever_ms, {}, {}, 1},
        {"in force", "V04", PermitKind::radiodiagnosis, 0, forever_ms, {"xray_imaging"}, {"ct-0001"}, 0},
        {"another category", "V04", PermitKind::radiodiagnosis, 0, forever_ms, {"radiotherapy"}, {}, 1},
        {"begins as the hour ends", "V04", PermitKind::radiodiagnosis, day0 - day + hour, forever_ms, {}, {}, 1},
        {"begins as the hour begins", "V04", PermitKind::radiodiagnosis, day0 - day, forever_ms, {}, {}, 0},
    };
    for (const auto& row : rows) {
        CAPTURE(row.rule);
        CAPTURE(row.what);
        Builder b;
        b.state(day0 - 100 * day, State::in_use).now(day0);
        auto& permit = b.permit(row.kind, row.from_ms, row.to_ms);
        permit.categories = row.categories;
        permit.devices = row.devices;
        b.use(day0 - day);
        CHECK(count(b, row.rule) == row.want);
    }
    Builder mri;
    mri.c.modality = mri.c.papers.sheet.modality = "MRI";
    mri.state(day0 - 100 * day, State::in_use).now(day0).use(day0 - day);
    CHECK(count(mri, "V03") + count(mri, "V04") == 0);
    Builder unused;
    unused.state(day0 - 100 * day, State::in_use).now(day0).use(day0 - day, 0);
    CHECK(count(unused, "V03") == 0);
}

TEST_CASE("V05: a renewal is to be filed thirty days before the end") {
    const struct {
        const char* what;
        std::int64_t left_ms;
        std::optional<std::int64_t> filed_left_ms;
        std::size_t want;
        Severity severity = Severity::medium;
        const char* measured = "";
    } rows[] = {
        {"31 days left", 31 * day, {}, 0},
        {"30 days left", 30 * day, {}, 0},
        {"a moment less", 30 * day - 1, {}, 1, Severity::medium, "30 d left"},
        {"one day left", day, {}, 1, Severity::medium, "1 d left"},
        {"at the end", 0, {}, 1, Severity::critical, "0 d left"},
        {"filed in time", 10 * day, 30 * day, 0},
        {"filed late", 10 * day, 20 * day, 1, Severity::medium, "20 d left"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Builder b = lawful();
        auto& permit = b.permit(PermitKind::radiation_safety, day0 - 1'000 * day, day0 + row.left_ms);
        b.c.papers.permits.front().to_ms = day0 - 900 * day;  // no permit follows
        b.c.papers.permits.front().cancelled_ms = day0 - 901 * day;
        if (row.filed_left_ms) permit.renewal_filed_ms = permit.to_ms - *row.filed_left_ms;
        const Judged judged = b.judged();
        const auto found = of(judged, "V05");
        REQUIRE(found.size() == row.want);
        if (row.want == 0) continue;
        CHECK(found[0].severity == row.severity);
        CHECK(found[0].measured == row.measured);
        CHECK(found[0].limit == "30 d left");
    }
    Builder b = lawful();
    b.c.papers.permits.front().to_ms = day0 + 40 * day;
    CHECK(b.judged().next_due_ms <= day0 + 10 * day + 1);
    CHECK(count(b.now(day0 + 20 * day), "V05") == 1);
    b.permit(PermitKind::radiation_safety, day0 + 40 * day);
    CHECK(count(b, "V05") == 0);  // its successor
    b.c.papers.permits.back().from_ms += day;
    CHECK(of(b.judged(), "V05").at(0).to_ms == day0 + 41 * day);
    Builder registrant = lawful();
    registrant.permit(PermitKind::product_registration, 0, day0 + day);
    CHECK(count(registrant, "V05") == 0);
}

TEST_CASE("V06: another place without a relocation") {
    Builder b = lawful();
    b.c.papers.sheet.site_fp = "A";
    b.c.sites_seen = {{day0 - 50 * day, 1, "A"}};
    CHECK(count(b, "V06") == 0);
    b.c.sites_seen.push_back({day0 - 10 * day, 2, "B"});
    b.c.sites_seen.push_back({day0 - 9 * day, 3, "B"});
    CHECK(of(b.judged(), "V06").at(0).measured == "place B");
    CHECK(count(b, "V06") == 1);
    b.declare(day0 - 10 * day, "relocation.started");
    CHECK(count(b, "V06") == 0);  // told at the same moment
    b.c.declared.back().recv_ms = day0 - 10 * day + 1;
    CHECK(count(b, "V06") == 1);  // dated back
}

TEST_CASE("V07: a changed holder is to be reported in twenty days") {
    for (const auto& [age_ms, want] : {std::pair{19 * day, 0u}, std::pair{20 * day, 0u}, std::pair{20 * day + 1, 1u}}) {
        Builder b = lawful();
        paper::HolderChange change;
        change.id = "hc1";
        change.at_ms = day0 - age_ms;
        b.c.papers.holder_changes = {change};
        CHECK(count(b, "V07") == want);
        b.c.papers.holder_changes[0].amended_ms = change.at_ms + 20 * day;
        CHECK(count(b, "V07") == 0);
    }
}

TEST_CASE("V08: training, dosimetry and health check of who runs it") {
    const auto at = day0 - day;
    const auto judged = [&](std::int64_t training_to, std::int64_t dosimetry_at, std::int64_t health_at,
                            const char* who) {
        Builder b = lawful();
        b.use(at, 1);
        b.event(at + 5).user_h = who;
        paper::Operator person;
        person.user_h = "u1";
        person.training_to_ms = training_to;
        person.dosimetry_at_ms = dosimetry_at;
        person.health_check_at_ms = health_at;
        b.c.papers.operators = {person};
        const auto wanted = wanted_hours(b.c, packs());
        CHECK(std::ranges::find(wanted, at) != wanted.end());
        return of(b.judged(), "V08");
    };
    CHECK(judged(at + 6, at + 5 - 90 * day, at + 5 - 730 * day, "u1").empty());
    CHECK(judged(at + 6, at + 5 - 90 * day, at + 5 - 730 * day, "").empty());  // not told who
    CHECK(judged(at + 6, at, at, "u2").at(0).measured == "not on the list");
    CHECK(judged(at + 5, at, at, "u1").at(0).measured.starts_with("training ended"));
    CHECK(judged(at + 6, at + 4 - 90 * day, at, "u1").at(0).measured == "dosimetry 91 d ago");
    CHECK(judged(at + 6, at, at + 4 - 730 * day, "u1").at(0).measured == "health check 731 d ago");
    Builder unmapped = lawful();
    unmapped.use(at, 1);
    unmapped.event(at).user_h = "u1";
    CHECK(count(unmapped, "V08") == 0);
}

TEST_CASE("V09: contract or goods before the licence") {
    Builder b = lawful();
    b.c.papers.sheet.purchased_ms = bought_2021;
    b.c.papers.sheet.rows = 64;
    b.permit(PermitKind::config_licence, bought_2021);
    CHECK(count(b, "V09") == 0);
    b.c.papers.permits.back().from_ms = bought_2021 + 1;
    CHECK(count(b, "V09", "contract") == 1);
    CHECK(count(b, "V09", "goods") == 0);
    b.declare(bought_2021, "goods.received");
    CHECK(count(b, "V09", "goods") == 1);
    b.c.papers.sheet.rows = 16;
    CHECK(count(b, "V09") == 0);  // the catalogue did not list it
}

TEST_CASE("a device that has just entered the register is given time to gather its papers") {
    Builder b;
    b.state(day0 - 100 * day, State::in_use).now(day0);
    b.use(day0 - 2 * day);
    const auto found = [&](std::int64_t registered_ms) {
        b.c.registered_ms = registered_ms;
        return b.judged();
    };
    for (const char* rule : {"V03", "V04"}) {
        CAPTURE(rule);
        CHECK(of(found(day0 - 30 * day + 1), rule).empty());
        CHECK_FALSE(of(found(day0 - 30 * day), rule).empty());
        CHECK_FALSE(of(found(0), rule).empty());  // nobody knows when: no time is given
    }
    CHECK(found(day0 - 29 * day).next_due_ms == day0 + day);  // judged again when the time is over

    b.permit(PermitKind::radiation_safety, day0 - 400 * day, day0 - 300 * day);  // on file, and no longer in force
    CHECK(of(found(day0 - day), "V03").size() == 1);
    CHECK(of(found(day0 - day), "V04").empty());
}
