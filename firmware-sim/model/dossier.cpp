#include "firmware-sim/model/dossier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware-sim/model/prng.hpp"

// The lawful file of a device, and its filing.
namespace gantry::sim {
namespace {

enum : std::uint64_t { stream_dossier = 71 };

constexpr std::int64_t year_days = 365;
constexpr std::int64_t permit_days = 5 * year_days;
// A careful hospital applies three months ahead, tests a fortnight early and does the monthly items every four weeks.
constexpr std::int64_t renewal_ahead_days = 95;
constexpr std::int64_t status_every_days = 350;
constexpr std::int64_t constancy_every_days = 28;
constexpr std::int64_t maintenance_every_days = 91;

std::int64_t run_start_ms(const FleetOptions& options, const Profile& profile) {
    return local_ms_of(options, profile, 0, 0);
}
std::int64_t run_end_ms(const FleetOptions& options, const Profile& profile) {
    return local_ms_of(options, profile, options.days, 0);
}

void add_permits(const FleetOptions& options, const Profile& profile, const Life& life, Dossier& out) {
    const auto add = [&](std::string_view kind, std::string_view prefix, std::vector<std::string> categories,
                         std::int64_t from_ms, bool ends) {
        for (int i = 1; i == 1 || (ends && from_ms < run_end_ms(options, profile) + 120 * day_ms); ++i) {
            PermitPaper permit;
            permit.id = fmt::format("{}-{}-{}", prefix, profile.id, i);
            permit.kind = kind;
            permit.no = fmt::format("{}-{}-{}", prefix, profile.id, i);
            permit.categories = categories;
            permit.from_ms = from_ms;
            if (ends) {
                permit.to_ms = from_ms + permit_days * day_ms;
                permit.renewal_filed_ms = permit.to_ms - renewal_ahead_days * day_ms;
            }
            if (i > 1) permit.filed_ms = from_ms - 10 * day_ms;
            if (kind == "config_licence" || kind == "product_registration") permit.model = profile.model;
            if (kind == "config_licence") permit.site = profile.site;
            out.permits.push_back(permit);
            if (!ends) return;
            from_ms = permit.to_ms;
        }
    };
    add("product_registration", "reg", {}, life.ordered_ms - 400 * day_ms, false);
    if (out.licence_needed) add("config_licence", "lic", {}, life.ordered_ms - 30 * day_ms, false);
    if (life.never_installed) return;
    add("radiation_safety", "rad", {"ray_device_iii"}, life.installed_ms - 20 * day_ms, true);
    add("radiodiagnosis", "dia", {"xray_imaging"}, life.commissioned_ms - day_ms, true);
}

void add_documents(const Life& life, Dossier& out) {
    const auto add = [&](std::int64_t at_ms, std::initializer_list<const char*> kinds) {
        for (const char* kind : kinds) out.documents[kind] = at_ms;
    };
    add(life.ordered_ms, {"feasibility_report", "contract", "registration_certificate"});
    add(life.received_ms, {"inspection_record", "udi_photo"});
    if (life.never_installed) return;
    add(life.installed_ms, {"assembly_report", "shielding_drawing"});
    add(life.ready_ms - 5 * minute_ms, {"acceptance_report", "site_survey", "control_effect_evaluation"});
    add(life.commissioned_ms - 10 * minute_ms, {"permit_copies", "operator_certificates", "baseline_file"});
    if (life.ended_ms == 0) return;
    add(life.ended_ms - 10 * minute_ms, {"wipe_certificate", "final_counters", "appraisal", "beam_disabled"});
    if (life.disposed_ms != 0) add(life.disposed_ms - 10 * minute_ms, {"destruction_certificate"});
    if (life.transferred_ms != 0) add(life.transferred_ms - 10 * minute_ms, {"test_report", "whole_file"});
}

void plan_recurring(const FleetOptions& options, const Profile& profile, const Life& life, Dossier& out) {
    Prng prng = Prng::keyed(options.seed, profile.index, stream_dossier, 0);
    const std::int64_t start = run_start_ms(options, profile);
    const std::int64_t first = std::max(start, life.commissioned_ms);
    std::int64_t last = life.ready_ms;
    while (last + status_every_days * day_ms < first) {
        last += status_every_days * day_ms;
        out.status_tests.push_back(last);
        out.protection_tests.push_back(last + hour_ms);
    }
    out.status = {last, last + status_every_days * day_ms};
    out.protection = out.status;
    const bool young = life.commissioned_ms > start - 70 * day_ms;
    const std::int64_t constancy =
        young ? life.commissioned_ms - hour_ms : start - prng.between(1, constancy_every_days - 1) * day_ms;
    out.constancy = {constancy, constancy + constancy_every_days * day_ms};
    const std::int64_t maintained = young ? life.commissioned_ms : start - prng.between(0, 90) * day_ms;
    out.maintenance = {maintained, maintained + maintenance_every_days * day_ms};
}

}  // namespace

void Dossier::last_status(std::int64_t at_ms) {
    std::erase_if(status_tests, [&](std::int64_t test) { return test > at_ms; });
    if (status_tests.empty() || status_tests.back() != at_ms) status_tests.push_back(at_ms);
    status = {at_ms, at_ms + status_every_days * day_ms};
}

PermitPaper& Dossier::permit(std::string_view kind) {
    PermitPaper* found = nullptr;
    for (PermitPaper& permit : permits) {
        if (permit.kind == kind && (!found || permit.from_ms <= start_ms)) found = &permit;
    }
    return *found;
}

Dossier make_dossier(const FleetOptions& options, const Profile& profile, const Life& life, const Plan& plan) {
    Dossier out;
    out.start_ms = run_start_ms(options, profile);
    out.purchased_ms = life.ordered_ms;
    out.manufactured_ms = life.received_ms - 40 * day_ms;
    out.planned_exams_per_day = static_cast<std::int64_t>(profile.exams_per_day);
    out.capacity_exams_per_day = 2 * out.planned_exams_per_day + 10;
    // Asked for with the plan, before the order; the catalogue may change between.
    out.licence_needed = licence_listed(profile.detector_rows, life.ordered_ms) ||
                         licence_listed(profile.detector_rows, life.ordered_ms - 40 * day_ms);
    out.adopted = plan.of(Rule::V01) || plan.of(Rule::V09) || plan.of(Rule::V33);
    add_permits(options, profile, life, out);
    // Successors whose day of filing lies before the run are on file at its start.
    for (PermitPaper& permit : out.permits)
        if (permit.filed_ms <= run_start_ms(options, profile)) permit.filed_ms = 0;
    add_documents(life, out);
    if (!life.never_installed) plan_recurring(options, profile, life, out);
    if (life.ended_ms != 0)
        for (PermitPaper& permit : out.permits)
            if (permit.kind != "product_registration")
                permit.cancelled_ms = life.disposed_ms != 0 ? life.ended_ms + day_ms : life.ended_ms + 25 * day_ms;
    // A successor that would begin later is never granted.
    std::erase_if(out.permits, [](const PermitPaper& permit) {
        return permit.cancelled_ms != 0 && permit.from_ms >= permit.cancelled_ms;
    });
    return out;
}

namespace {

class Filer {
public:
    Filer(const FleetOptions& options, const Profile& profile, const Life& life, const Dossier& dossier)
        : options_{options},
          profile_{profile},
          life_{life},
          dossier_{dossier},
          start_{run_start_ms(options, profile)} {}

    std::vector<TimedFiling> all() {
        sheet();
        permits();
        contracts();
        for (const auto& [kind, at_ms] : dossier_.documents)
            file(at_ms, document_paper(options_, profile_, kind, at_ms == 0 ? start_ : at_ms));
        if (!life_.never_installed) {
            room();
            opening_hours();
            schedules();
            past_maintenance();
            tests();
        }
        return std::move(out_);
    }

private:
    void file(std::int64_t at_ms, Filing filing) { out_.push_back({std::max(at_ms, start_), std::move(filing)}); }

    void sheet() {
        PaperBody body;
        body.text("modality", "CT").text("maker", profile_.maker).text("model", profile_.model);
        body.text("serial", profile_.serial)
            .text("udi_di", "06900000000012")
            .when("purchased_at", dossier_.purchased_ms);
        body.number("price_cny", profile_.detector_rows >= 64 ? 6'800'000 : 2'400'000);
        body.number("rows", profile_.detector_rows).when("manufactured_at", dossier_.manufactured_ms);
        body.number("labelled_life_days", dossier_.labelled_life_days).when("installed_at", life_.installed_ms);
        body.number("planned_exams_per_day", dossier_.planned_exams_per_day);
        body.number("capacity_exams_per_day", dossier_.capacity_exams_per_day);
        body.number("pm_normal_ms", 4 * hour_ms).number("tube_rated_scan_ms", dossier_.tube_rated_scan_ms);
        file(start_, {"device_sheet", profile_.id, std::move(body)});
    }

    void permits() {
        for (const PermitPaper& permit : dossier_.permits) {
            const std::int64_t first = std::max(start_, permit.filed_ms);
            file(first, permit_paper(profile_, permit, first));
            for (const std::int64_t later : {permit.renewal_filed_ms, permit.cancelled_ms})
                if (later > first) file(later, permit_paper(profile_, permit, later));
        }
    }

    void contracts() {
        const std::int64_t beyond = run_end_ms(options_, profile_) + 400 * day_ms;
        PaperBody purchase;
        purchase.texts("devices", {profile_.id}).text("kind", "purchase").text("supplier", "supplier-01");
        file(start_, {"contract", "buy-" + profile_.id, purchase.when("from", dossier_.purchased_ms)});
        if (life_.never_installed) return;
        PaperBody service;
        service.texts("devices", {profile_.id}).text("kind", "service").text("supplier", "service-01");
        service.when("from", std::max(life_.commissioned_ms, start_ - 200 * day_ms)).when("to", beyond);
        file(start_, {"contract", "srv-" + profile_.id, service.number("uptime_permille", 950)});
    }

    void room() {
        for (const bool evaluated : {false, true}) {
            PaperBody body;
            body.text("site", profile_.site).text("name", "CT room " + profile_.id).text("device", profile_.id);
            body.when("shielding_reviewed_at", life_.installed_ms - 120 * day_ms);
            if (evaluated) body.when("evaluation_accepted_at", life_.ready_ms - 5 * minute_ms);
            file(evaluated ? life_.ready_ms - 5 * minute_ms : start_,
                 {"room", "room-" + profile_.id, body.number("area_dm2", 4'200)});
        }
    }

    void opening_hours() {
        PaperBody body;
        body.text("device", profile_.id).number("from_minute", profile_.round_the_clock ? 0 : 7 * 60);
        body.number("to_minute", profile_.round_the_clock ? 24 * 60 : 21 * 60 + 30).number("weekdays", 127);
        file(start_, {"opening_hours", "open-" + profile_.id, body.when("from", life_.commissioned_ms)});
    }

    void schedules() {
        const auto add = [&](std::string_view name, std::string_view work, std::string_view item, std::int64_t every,
                             std::int64_t from_ms) {
            PaperBody body;
            body.text("device", profile_.id).text("name", name).text("work", work).text("item", item);
            body.number("every_days", every).when("from", from_ms);
            file(start_, {"schedule", fmt::format("{}-{}", name, profile_.id), std::move(body)});
        };
        add("pm", "pm", {}, maintenance_every_days, std::min(life_.commissioned_ms, dossier_.maintenance.last_ms));
        for (const char* item : {"water_hu", "noise", "uniformity", "positioning"})
            add(item, "constancy", item, 31, dossier_.constancy.last_ms);
        add("status", "status_test", {}, year_days, dossier_.status.last_ms);
        add("protection", "site_protection", {}, year_days, dossier_.protection.last_ms);
    }

    // Every quarter since it was commissioned, up to the last time before the run.
    void past_maintenance() {
        constexpr std::int64_t every_ms = maintenance_every_days * day_ms;
        for (std::int64_t at_ms = dossier_.maintenance.last_ms; at_ms > life_.commissioned_ms; at_ms -= every_ms)
            file(start_, order_paper(profile_, {.kind = "preventive",
                                                .id = fmt::format("pm-{}-{}", profile_.id, at_ms / day_ms),
                                                .opened_ms = at_ms - day_ms,
                                                .started_ms = at_ms - 4 * hour_ms,
                                                .ended_ms = at_ms,
                                                .schedule = "pm-" + profile_.id}));
    }

    void test(std::string_view kind, std::int64_t at_ms, std::vector<PaperBody> items) {
        file(at_ms, test_paper(options_, profile_,
                               {.kind = kind,
                                .id = fmt::format("{}-{}-{}", kind, profile_.id, at_ms / day_ms),
                                .at_ms = at_ms,
                                .items = std::move(items)}));
    }

    void tests() {
        test("acceptance", life_.ready_ms - 5 * minute_ms, constancy_items(200));
        test("site_protection", life_.ready_ms - 5 * minute_ms, {});
        for (const std::int64_t at_ms : dossier_.status_tests) {
            auto items = constancy_items(200);
            items.push_back(test_item("ctdi_w", 18'000, 0, 50'000));
            test("status", at_ms, std::move(items));
        }
        for (const std::int64_t at_ms : dossier_.protection_tests) test("site_protection", at_ms, {});
        // Three months of the monthly items: what a drift is seen in.
        for (int back = 2; back >= 0; --back) {
            const std::int64_t at_ms = dossier_.constancy.last_ms - back * constancy_every_days * day_ms;
            if (at_ms < life_.ready_ms) continue;
            const std::int64_t drift = dossier_.drift_milli * (2 - back);
            test("constancy", at_ms, constancy_items(200 + back * 40 + drift));
        }
    }

    const FleetOptions& options_;
    const Profile& profile_;
    const Life& life_;
    const Dossier& dossier_;
    std::int64_t start_;
    std::vector<TimedFiling> out_;
};

}  // namespace

std::vector<TimedFiling> dossier_filings(const FleetOptions& options, const Profile& profile, const Life& life,
                                         const Dossier& dossier) {
    return Filer{options, profile, life, dossier}.all();
}

}  // namespace gantry::sim
