#include <fmt/format.h>

#include <set>

#include "firmware-sim/model/dossier.hpp"

// Who is there beside the devices: hospitals and their people, test bodies, suppliers, and what certifies them.
namespace gantry::sim {
namespace {

// Devices are up to eight years old: whoever tested them was certified then.
constexpr std::int64_t past_days = 10 * 365;

Filing org(std::string_view id, std::string_view name, std::string_view kind) {
    PaperBody body;
    body.text("name", name).text("region", "Example City");
    return {"org", std::string{id}, body.text("kind", kind)};
}

Filing person(std::string_view id, std::string_view of, std::string_view role, std::string_view qualification,
              std::int64_t from_ms, std::int64_t to_ms) {
    PaperBody proof;
    proof.text("kind", qualification).text("no", fmt::format("Q-{}", id)).when("from", from_ms).when("to", to_ms);
    PaperBody body;
    body.text("org", of).text("name", id).text("role", role).list("qualifications", {proof});
    return {"person", std::string{id}, std::move(body)};
}

Filing certificate(std::string_view subject, std::string_view kind, int n, std::int64_t from_ms, std::int64_t to_ms) {
    PaperBody body;
    body.text("subject", subject).text("kind", kind).text("no", fmt::format("C-{}-{}", subject, n));
    body.when("from", from_ms).when("to", to_ms);
    return {"certificate", fmt::format("{}-{}-{}", kind, subject, n), std::move(body)};
}

// Of the hospital that takes what others hand over: it names no device.
Filing receiver_permit(std::string_view kind, std::string_view category, std::int64_t from_ms, std::int64_t to_ms) {
    PaperBody body;
    body.text("kind", kind).text("no", fmt::format("R-{}", kind)).text("holder", "receiver-01");
    body.texts("categories", {std::string{category}}).when("from", from_ms).when("to", to_ms);
    return {"permit", fmt::format("receiver-01-{}", kind), std::move(body)};
}

Filing operator_paper(const Profile& profile, int n, std::int64_t dosimetry_ms, std::int64_t start_ms,
                      std::int64_t beyond_ms) {
    PaperBody body;
    body.text("org", profile.organisation).text("person", fmt::format("operator-{}-{}", profile.organisation, n));
    body.when("training_to", beyond_ms).when("dosimetry_at", dosimetry_ms);
    body.when("health_check_at", dosimetry_ms < start_ms ? start_ms - 100 * day_ms : dosimetry_ms);
    return {"operator", fmt::format("op-{}-{}", profile.organisation, n), std::move(body)};
}

}  // namespace

std::int64_t world_start_ms(const FleetOptions& options) { return options.from_ms - 14 * hour_ms; }

std::vector<TimedFiling> world_filings(const FleetOptions& options) {
    const std::int64_t at = world_start_ms(options);
    const std::int64_t from = options.from_ms - past_days * day_ms;
    const std::int64_t beyond = options.from_ms + (options.days + 400) * day_ms;
    std::vector<TimedFiling> out;
    const auto file = [&](Filing filing) { out.push_back({at, std::move(filing)}); };
    file(org("supplier-01", "Example Medical Supply", "supplier"));
    file(certificate("supplier-01", "supplier_licence", 1, from, beyond));
    file(org("service-01", "Example Service Company", "service"));
    file(certificate("service-01", "installer_authorisation", 1, from, beyond));
    file(org("recycler-01", "Example Recycling", "recycler"));
    file(certificate("recycler-01", "recycler_licence", 1, from, beyond));
    file(org("receiver-01", "Example County Hospital", "hospital"));
    file(receiver_permit("radiation_safety", "ray_device_iii", from, beyond));
    file(receiver_permit("radiodiagnosis", "xray_imaging", from, beyond));
    std::set<std::string> told;
    for (std::uint32_t device = 0; device < options.devices; ++device) {
        const std::string body = test_body_of(options, device);
        if (!told.insert(body).second) continue;
        file(org(body, "Example Radiation Test Body", "test_body"));
        file(certificate(body, "accreditation", 1, from, beyond));
        for (int year = 0; from + year * 365 * day_ms < beyond; ++year)
            file(certificate(meter_of(options, device), "calibration", year + 1, from + year * 365 * day_ms,
                             from + (year + 1) * 365 * day_ms));
        for (std::uint64_t n = 0; n < 40; ++n) {
            const std::string inspector = inspector_of(options, device, n);
            if (told.insert(inspector).second) file(person(inspector, body, "inspector", "inspector", from, beyond));
        }
    }
    return out;
}

std::vector<TimedFiling> hospital_filings(const FleetOptions& options, const Profile& first) {
    const std::int64_t at = world_start_ms(options) + minute_ms;
    const std::int64_t from = options.from_ms - past_days * day_ms;
    const std::int64_t beyond = options.from_ms + (options.days + 400) * day_ms;
    std::vector<TimedFiling> out;
    const auto file = [&](std::int64_t at_ms, Filing filing) { out.push_back({at_ms, std::move(filing)}); };
    file(at, org(first.organisation, "Hospital " + first.organisation, "hospital"));
    PaperBody site;
    site.text("org", first.organisation).text("name", first.site).text("tz", first.zone.name);
    file(at, {"site", first.site, std::move(site)});
    file(at, person("manager-" + first.organisation, first.organisation, "manager", "training", from, beyond));
    file(at, person(physicist_of(first), first.organisation, "physicist", "physicist", from, beyond));
    file(at, person(engineer_of(first), "service-01", "engineer", "engineer", from, beyond));
    for (int n = 1; n <= 2; ++n) {
        file(at, person(fmt::format("operator-{}-{}", first.organisation, n), first.organisation, "operator",
                        "large_device_operator", from, beyond));
        // Personal dosimetry is read every quarter; the paper is filed again with each reading.
        for (int day = 0; day < options.days; day += 80) {
            const std::int64_t read = options.from_ms + (day - 5) * day_ms;
            file(day == 0 ? at : options.from_ms + day * day_ms,
                 operator_paper(first, n, read, options.from_ms, beyond));
        }
    }
    return out;
}

}  // namespace gantry::sim
