#include "firmware-sim/emit/papers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "firmware-sim/model/calendar.hpp"

namespace gantry::sim {
namespace {

constexpr std::int64_t year_ms = 365 * day_ms;

std::string filing(std::string_view kind, const std::string& id, const std::string& body, std::string_view role) {
    return fmt::format(R"({{"kind":"{}","id":"{}","body":{},"actor":"records-office","role":"{}",)"
                       R"("reason":"copy of the original on file"}})",
                       kind, id, body, role);
}

std::string certificate(const FleetOptions& options, std::string_view subject, std::string_view kind,
                        bool calibration) {
    // A calibration is of the last two years; the rest began before the oldest device.
    const std::int64_t from = options.from_ms - (calibration ? year_ms / 2 : 10 * year_ms);
    return filing("certificate", fmt::format("sim-{}-{}", subject, kind),
                  fmt::format(R"({{"subject":"{}","kind":"{}","from":"{}"}})", subject, kind, rfc3339(from)), "HM");
}

std::string test(const Profile& profile, std::string_view kind, std::int64_t at_ms, std::string_view instrument) {
    return filing("test", fmt::format("{}-{}-{}", profile.id, kind, at_ms / day_ms),
                  fmt::format(R"({{"kind":"{}","device":"{}","at":"{}","passed":true,"body":"sim-lab",)"
                              R"("inspector":"sim-inspector","instruments":["{}"],)"
                              R"("items":[{{"item":"noise","pass":true}},{{"item":"water_hu","pass":true}}]}})",
                              kind, profile.id, rfc3339(at_ms), instrument),
                  "QMP");
}

// The instrument of the time: each was calibrated half a year before it measured at most.
std::string instrument_of(std::int64_t at_ms) { return fmt::format("sim-meter-{}", at_ms / (year_ms / 2)); }

std::string calibration(std::int64_t at_ms) {
    const std::int64_t half = at_ms / (year_ms / 2);
    return filing("certificate", fmt::format("sim-meter-{}-calibration", half),
                  fmt::format(R"({{"subject":"sim-meter-{}","kind":"calibration","from":"{}"}})", half,
                              rfc3339(half * (year_ms / 2))),
                  "QMP");
}

std::string permit(const Profile& profile, std::string_view kind, std::string_view category, std::int64_t from_ms,
                   std::string_view role) {
    const std::string categories = category.empty() ? "" : fmt::format(R"("categories":["{}"],)", category);
    return filing("permit", fmt::format("{}-{}", profile.id, kind),
                  fmt::format(R"({{"kind":"{}","no":"{}-{}","holder":"{}",{}"devices":["{}"],"from":"{}"}})", kind,
                              kind, profile.id, profile.organisation, categories, profile.id, rfc3339(from_ms)),
                  role);
}

std::string sheet(const Profile& profile, std::int64_t at_ms) {
    return filing("device_sheet", profile.id,
                  fmt::format(R"({{"modality":"CT","maker":"{}","model":"{}","serial":"{}","rows":{},)"
                              R"("manufactured_at":"{}","labelled_life_days":3650}})",
                              profile.maker, profile.model, profile.serial, profile.detector_rows, rfc3339(at_ms)),
                  "HM");
}

std::string room(const Profile& profile, std::int64_t at_ms, bool evaluated) {
    const std::string evaluation = evaluated ? fmt::format(R"(,"evaluation_accepted_at":"{}")", rfc3339(at_ms)) : "";
    return filing("room", profile.id + "-room",
                  fmt::format(R"({{"site":"{}","device":"{}","shielding_reviewed_at":"{}"{}}})", profile.site,
                              profile.id, rfc3339(at_ms - 5 * day_ms), evaluation),
                  "HM");
}

// Tests come again each year: the last one is of the last months before the run.
std::vector<std::string> upkeep(const FleetOptions& options, const Profile& profile, std::int64_t at_ms) {
    const std::int64_t from_ms = std::max(at_ms, options.from_ms - 20 * day_ms);
    std::vector<std::string> out{
        filing(
            "schedule", profile.id + "-pm",
            fmt::format(R"({{"device":"{}","name":"quarterly maintenance","work":"pm","every_days":92,"from":"{}"}})",
                        profile.id, rfc3339(from_ms)),
            "HM"),
        filing("operator", profile.id + "-operator",
               fmt::format(
                   R"({{"org":"{}","devices":["{}"],"training_to":"{}","dosimetry_at":"{}","health_check_at":"{}"}})",
                   profile.organisation, profile.id, rfc3339(options.from_ms + year_ms), rfc3339(at_ms - day_ms),
                   rfc3339(at_ms - 30 * day_ms)),
               "HM")};
    if (at_ms < options.from_ms - year_ms) {
        const std::int64_t last = options.from_ms - (30 + profile.index * 17 % 270) * day_ms;
        out.push_back(calibration(last));
        out.push_back(test(profile, "status", last, instrument_of(last)));
    }
    return out;
}

}  // namespace

std::vector<std::string> shared_papers(const FleetOptions& options) {
    return {certificate(options, "sim-lab", "accreditation", false),
            certificate(options, "sim-supplier", "supplier_licence", false),
            certificate(options, "sim-installer", "installer_authorisation", false)};
}

std::vector<std::string> papers_before(const FleetOptions& options, const Profile& profile, const SimEvent& event) {
    const std::string_view what = std::get<Declared>(event.what).event;
    const std::int64_t at = event.at_ms;
    if (what == "plan.approved") return {sheet(profile, at)};
    if (what == "licence.granted") return {permit(profile, "config_licence", "", at, "REG-H")};
    if (what == "contract.signed")
        return {filing("permit", "sim-" + profile.id + "-registration",
                       fmt::format(R"({{"kind":"product_registration","no":"sim-{0}","holder":"sim-supplier",)"
                                   R"("devices":["{1}"],"from":"{2}"}})",
                                   profile.serial, profile.id, rfc3339(at - year_ms)),
                       "REG-D")};
    if (what == "install.completed") return {room(profile, at, false)};
    if (what == "acceptance.passed")
        return {calibration(at), test(profile, "acceptance", at, instrument_of(at)),
                test(profile, "site_protection", at, instrument_of(at)), room(profile, at, true)};
    if (what == "commissioned") {
        std::vector<std::string> out = upkeep(options, profile, at);
        out.push_back(test(profile, "constancy", at, instrument_of(at)));
        out.push_back(permit(profile, "radiation_safety", "ray_device_iii", at - day_ms, "REG-E"));
        out.push_back(permit(profile, "radiodiagnosis", "xray_imaging", at - day_ms, "REG-H"));
        return out;
    }
    if (what == "qc.passed") return {calibration(at), test(profile, "status", at, instrument_of(at))};
    return {};
}

}  // namespace gantry::sim
