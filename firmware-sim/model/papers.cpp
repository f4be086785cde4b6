#include <fmt/format.h>

#include "firmware-sim/model/dossier.hpp"
#include "firmware-sim/model/observation.hpp"
#include "firmware-sim/model/prng.hpp"

// Single papers, as config/schema/papers.toml wants them.
namespace gantry::sim {
namespace {

constexpr std::uint32_t devices_per_body = 50;
constexpr std::uint64_t inspectors_per_body = 3;

std::string hash_of(const FleetOptions& options, std::uint32_t device, std::string_view what, std::int64_t at_ms) {
    std::uint64_t key = 1'469'598'103'934'665'603ULL;
    for (const char c : what) key = (key ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    const auto at = static_cast<std::uint64_t>(at_ms);
    return name_hex(options, device, Name::document, at, key) + name_hex(options, device, Name::document, at, ~key);
}

}  // namespace

std::string test_body_of(const FleetOptions&, std::uint32_t device) {
    return fmt::format("testbody-{:02}", device / devices_per_body + 1);
}
std::string inspector_of(const FleetOptions& options, std::uint32_t device, std::uint64_t test) {
    return fmt::format("inspector-{:02}-{}", device / devices_per_body + 1,
                       mix(options.seed, device, test, 7) % inspectors_per_body + 1);
}
std::string meter_of(const FleetOptions&, std::uint32_t device) {
    return fmt::format("dosemeter-{:02}", device / devices_per_body + 1);
}
std::string physicist_of(const Profile& profile) { return "physicist-" + profile.organisation; }
std::string engineer_of(const Profile& profile) { return "engineer-" + profile.organisation; }

PaperBody test_item(std::string_view item, std::int64_t value_milli, std::int64_t low_milli, std::int64_t high_milli,
                    bool mandatory) {
    PaperBody body;
    body.text("item", item).number("value_milli", value_milli).number("limit_low_milli", low_milli);
    body.number("limit_high_milli", high_milli).flag("mandatory", mandatory);
    return body.flag("pass", value_milli >= low_milli && value_milli <= high_milli);
}

std::vector<PaperBody> constancy_items(std::int64_t water_milli) {
    return {test_item("water_hu", water_milli, -6'000, 6'000), test_item("noise", 300, 0, 450),
            test_item("uniformity", 900, -6'000, 6'000), test_item("positioning", 400, -2'000, 2'000)};
}

Filing test_paper(const FleetOptions& options, const Profile& profile, const TestPaper& test) {
    PaperBody body;
    const bool own = test.kind == "constancy";  // The hospital's own; all others are a test body's.
    body.text("kind", test.kind).text("device", profile.id).when("at", test.at_ms).flag("passed", test.passed);
    if (!test.items.empty()) body.list("items", test.items);
    body.text("body", own ? profile.organisation : test_body_of(options, profile.index));
    body.text("inspector", own ? physicist_of(profile)
                               : inspector_of(options, profile.index, static_cast<std::uint64_t>(test.at_ms / day_ms)));
    body.texts("instruments", {test.instrument.empty() ? meter_of(options, profile.index) : test.instrument});
    body.text("report_sha256", hash_of(options, profile.index, test.id, test.at_ms));
    if (!test.covers.empty()) body.texts("covers", {test.covers});
    return {"test", test.id, std::move(body)};
}

Filing order_paper(const Profile& profile, const OrderPaper& order) {
    PaperBody body;
    body.text("device", profile.id).text("kind", order.kind).text("schedule", order.schedule);
    body.when("opened_at", order.opened_ms).when("responded_at", order.started_ms).when("started_at", order.started_ms);
    body.when("ended_at", order.ended_ms).when("signed_off_at", order.ended_ms).text("fault_code", order.fault_code);
    if (order.kind == "preventive" && order.ended_ms != 0) {
        PaperBody one;
        one.text("item", "maker's checklist").flag("done", true);
        body.list("checklist", {one});
    }
    if (!order.part.empty()) {
        PaperBody part;
        part.text("part", order.part).text("old_serial", order.old_serial).text("new_serial", order.new_serial);
        body.list("parts", {part.flag("major", true)});
    }
    body.text("engineer", engineer_of(profile));
    if (order.ended_ms != 0) body.text("signed_by", "manager-" + profile.organisation).text("outcome", "resolved");
    return {"work_order", order.id, std::move(body)};
}

Filing permit_paper(const Profile& profile, const PermitPaper& permit, std::int64_t told_at_ms) {
    PaperBody body;
    body.text("kind", permit.kind).text("no", permit.no);
    body.text("holder", permit.kind == "product_registration" ? "registrant" : profile.organisation);
    body.text("model", permit.model).text("site", permit.site).texts("devices", {profile.id});
    if (!permit.categories.empty()) body.texts("categories", permit.categories);
    body.when("from", permit.from_ms).when("to", permit.to_ms);
    if (permit.renewal_filed_ms <= told_at_ms) body.when("renewal_filed_at", permit.renewal_filed_ms);
    if (permit.cancelled_ms <= told_at_ms) body.when("cancelled_at", permit.cancelled_ms);
    return {"permit", permit.id, std::move(body)};
}

Filing document_paper(const FleetOptions& options, const Profile& profile, std::string_view kind, std::int64_t at_ms) {
    PaperBody body;
    body.text("device", profile.id).text("kind", kind).text("sha256", hash_of(options, profile.index, kind, at_ms));
    return {"document", fmt::format("{}-{}", profile.id, kind), body.when("at", at_ms)};
}

}  // namespace gantry::sim
