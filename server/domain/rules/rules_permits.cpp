#include <fmt/format.h>

#include <algorithm>

#include "server/domain/rules/run.hpp"

// V01 to V09: the permits that gate use, and who may run the device.
namespace gantry::rules {
namespace {

using paper::Permit;
using paper::PermitKind;

// What the catalogue of one time says of a device: a dated rule version, asked at the time of purchase. A figure of the
// specification that is not known lists nothing.
bool listed(const Rule& catalogue, const DeviceCase& device) {
    const paper::DeviceSheet& sheet = device.papers.sheet;
    const std::string modality = modality_of(device);
    const auto integer = [&](std::string_view name) {
        return std::get<std::int64_t>(catalogue.parameters.find(name)->second);
    };
    const auto reaches = [](const std::optional<std::int64_t>& value, std::int64_t least) {
        return least > 0 && value && *value >= least;  // 0: the catalogue does not name it
    };
    const Texts& kinds = std::get<Texts>(catalogue.parameters.find("modalities")->second);
    if (std::ranges::find(kinds, modality) != kinds.end()) return true;
    if (modality == "CT" && reaches(sheet.rows, integer("ct_rows_min"))) return true;
    if (modality == "MRI" && reaches(sheet.field_mt, integer("mr_field_min_mt"))) return true;
    return sheet.first_configured && reaches(sheet.price_cny, integer("first_price_min_cny"));
}

bool any_filed(const Run& run, PermitKind kind) {
    return std::ranges::find(run.papers().permits, kind, &Permit::kind) != run.papers().permits.end();
}

// The stretches in which a permit of a kind is in force and fits.
template <class Fits>
Spans permitted(const Run& run, PermitKind kind, Fits fits) {
    Spans out;
    for (const Permit& permit : run.papers().permits) {
        if (permit.kind != kind || !names_device(permit.devices, run.device().device) || !fits(permit)) continue;
        out.push_back({permit.from_ms, std::min(permit.to_ms, permit.cancelled_ms.value_or(forever_ms))});
    }
    return merged(std::move(out));
}

bool allows(const Permit& permit, const std::string& category) {
    return permit.categories.empty() || std::ranges::find(permit.categories, category) != permit.categories.end();
}

void report_unpermitted(Run& run, const Spans& good, Span within, const std::string& limit) {
    for (const Span& span : gaps_between(good, within))
        run.report_use(span, "from:" + iso_day(span.from_ms), run.rule().severity, limit);
}

// V01. Takes purchase day and specification (sheet), config_licence permits, patient hours. Unknown purchase day or
// specification: not judged. The version of the rule, and so the catalogue, is that of the day of purchase. No licence
// on file for a listed device is a violation.
void unlicensed_use(Run& run) {
    const auto bought = run.papers().sheet.purchased_ms;
    if (!bought || !run.covers(*bought) || !listed(run.rule(), run.device())) return;
    if (run.is_gathering(any_filed(run, PermitKind::config_licence))) return;
    const Spans good = permitted(run, PermitKind::config_licence, [](const Permit&) { return true; });
    report_unpermitted(run, good, {*bought, run.now_ms() + 1}, "configuration licence in force");
}

// V02. Takes config_licence permits that name the device, the sheet's model, the case's site, and the fleet's
// licence_devices. An empty model or site, on either side, is unknown and fits. Judged as of now.
void licence_mismatch(Run& run) {
    if (!run.covers(run.now_ms())) return;
    const DeviceCase& device = run.device();
    for (const Permit& permit : run.papers().permits) {
        if (permit.kind != PermitKind::config_licence || !names_device(permit.devices, device.device)) continue;
        const auto differs = [&](std::string_view what, const std::string& licence, const std::string& mine) {
            if (licence.empty() || mine.empty() || licence == mine) return;
            Found found = run.found(fmt::format("{}:{}", what, permit.no), permit.from_ms, permit.to_ms,
                                    fmt::format("{} {}", what, mine), fmt::format("{} {}", what, licence));
            found.leaves = {permit.leaf};
            run.add(std::move(found));
        };
        differs("model", permit.model, run.papers().sheet.model);
        differs("site", permit.site, device.site);
        const auto claims = device.licence_devices.find(permit.no);
        if (claims == device.licence_devices.end()) continue;
        std::vector<std::string> all = claims->second;
        all.push_back(device.device);
        std::ranges::sort(all);
        all.erase(std::ranges::unique(all).begin(), all.end());
        if (all.size() < 2) continue;
        Found found = run.found("devices:" + permit.no, permit.from_ms, permit.to_ms,
                                fmt::format("{} devices", all.size()), "1 device");
        found.leaves = {permit.leaf};
        run.add(std::move(found));
    }
}

// V03. Takes radiation_safety permits, the modality and patient hours. Unknown modality, or one without ionising
// radiation: not judged. A permit without categories is taken to allow all. No permit on file is a violation.
void no_radiation_permit(Run& run) {
    if (!ionising(run.device()) || run.is_gathering(any_filed(run, PermitKind::radiation_safety))) return;
    const Words& classes = run.words("ray_class");
    const auto ray_class = classes.find(modality_of(run.device()));
    const Spans good = permitted(run, PermitKind::radiation_safety, [&](const Permit& permit) {
        return ray_class == classes.end() || allows(permit, ray_class->second);
    });
    report_unpermitted(run, good, run.lived(), "radiation safety permit in force");
}

// V04. As V03 with radiodiagnosis permits and the category that the modality belongs to. A modality without a category
// needs none.
void no_radiodiagnosis_permit(Run& run) {
    const Words& categories = run.words("category");
    const auto category = categories.find(modality_of(run.device()));
    if (category == categories.end() || run.is_gathering(any_filed(run, PermitKind::radiodiagnosis))) return;
    const Spans good = permitted(run, PermitKind::radiodiagnosis,
                                 [&](const Permit& permit) { return allows(permit, category->second); });
    report_unpermitted(run, good, run.lived(), "radiodiagnosis permit for " + category->second);
}

std::string_view kind_name(PermitKind kind) {
    switch (kind) {
        case PermitKind::config_licence:
            return "config_licence";
        case PermitKind::radiation_safety:
            return "radiation_safety";
        case PermitKind::radiodiagnosis:
            return "radiodiagnosis";
        case PermitKind::product_registration:
            return "product_registration";
    }
    return "unknown";
}

// V05. Takes permits of the kinds named with an end, their renewal and a permit of the same kind that follows.
// Cancelled before: nothing to renew. At exactly `ahead_days` before the end there is still time. Critical from the end
// on. A device that left use before the end owes no renewal.
void renewal_late(Run& run) {
    const Spans left = spans_in(run.device(), gone);
    for (const Permit& permit : run.papers().permits) {
        if (!run.lists("kinds", kind_name(permit.kind)) || permit.to_ms == forever_ms ||
            !names_device(permit.devices, run.device().device))
            continue;
        if (permit.cancelled_ms && *permit.cancelled_ms <= permit.to_ms) continue;
        const std::int64_t due = permit.to_ms - run.days_ms("ahead_days");
        if (!run.covers(due) || holds(left, due)) continue;
        const bool followed = std::ranges::any_of(run.papers().permits, [&](const Permit& next) {
            return next.kind == permit.kind && next.id != permit.id && next.in_force(permit.to_ms) &&
                   names_device(next.devices, run.device().device);
        });
        if (followed || (permit.renewal_filed_ms && *permit.renewal_filed_ms <= due)) continue;
        run.due_at(due + 1);
        run.due_at(permit.to_ms);
        if (run.now_ms() <= due) continue;
        std::int64_t until = permit.renewal_filed_ms.value_or(forever_ms);
        for (const Permit& next : run.papers().permits) {
            if (next.kind == permit.kind && next.from_ms >= permit.to_ms &&
                names_device(next.devices, run.device().device))
                until = std::min(until, next.from_ms);
        }
        Found found = run.found("permit:" + permit.id, due, until,
                                fmt::format("{} left", days_text(permit.to_ms - std::min(run.now_ms(), until))),
                                fmt::format("{} left", days_text(permit.to_ms - due)));
        if (std::min(run.now_ms(), until) >= permit.to_ms) found.severity = Severity::critical;
        found.leaves = {permit.leaf};
        run.add(std::move(found));
    }
}

// V06. Takes the fingerprints of the place (sites_seen, and AE titles of `identity` moments), the sheet's own, and
// relocation.started. An unknown first place is taken from the first sight. A relocation declared after the move was
// seen comes too late.
void moved_without_permit(Run& run) {
    struct Seen {
        std::int64_t at_ms;
        std::uint64_t leaf;
        std::string fp;
    };
    std::vector<Seen> places, titles;
    for (const SiteSeen& seen : run.device().sites_seen) places.push_back({seen.at_ms, seen.leaf, seen.fp});
    for (const Signal& signal : run.signals("identity")) {
        if (const std::string ae = signal.text("ae"); !ae.empty()) titles.push_back({signal.at_ms, signal.leaf, ae});
    }
    const auto walk = [&](const std::vector<Seen>& seen, std::string before, const char* what) {
        std::int64_t since = 0;
        for (const Seen& now : seen) {
            if (now.fp.empty()) continue;
            const bool changed = !before.empty() && now.fp != before;
            const bool told =
                changed && std::ranges::any_of(run.device().declared, [&](const Declared& d) {
                    return d.event == "relocation.started" && d.at_ms >= since && declared_ms(d) <= now.at_ms;
                });
            if (changed && !told && run.covers(now.at_ms)) {
                Found found = run.found(fmt::format("{}:{}", what, now.leaf), now.at_ms, now.at_ms,
                                        fmt::format("{} {}", what, now.fp), fmt::format("{} {}", what, before));
                found.suspected = true;
                found.leaves = {now.leaf};
                run.add(std::move(found));
            }
            if (changed || before.empty()) since = now.at_ms;
            before = now.fp;
        }
    };
    walk(places, run.papers().sheet.site_fp, "place");
    walk(titles, {}, "ae");
}

// V07. Takes holder changes. At exactly the last day there is still time. Not amended at all is a violation.
void holder_change_unreported(Run& run) {
    for (const paper::HolderChange& change : run.papers().holder_changes) {
        const std::int64_t due = change.at_ms + run.days_ms("within_days");
        if (!run.covers(due) || (change.amended_ms && *change.amended_ms <= due)) continue;
        run.due_at(due + 1);
        if (run.now_ms() <= due) continue;
        const std::int64_t until = change.amended_ms.value_or(forever_ms);
        Found found =
            run.found("change:" + change.id, due, until, days_text(std::min(run.now_ms(), until) - change.at_ms),
                      days_text(run.days_ms("within_days")));
        found.leaves = {change.leaf};
        run.add(std::move(found));
    }
}

std::string unfit(const Run& run, const UseEvent& use) {
    std::string why = "not on the list";
    for (const paper::Operator& person : run.papers().operators) {
        if (person.user_h != use.user_h || !names_device(person.devices, run.device().device)) continue;
        if (person.training_to_ms <= use.at_ms) {
            why = "training ended " + iso_day(person.training_to_ms);
        } else if (use.at_ms - person.dosimetry_at_ms > run.days_ms("dosimetry_days")) {
            why = "dosimetry " + days_text(use.at_ms - person.dosimetry_at_ms) + " ago";
        } else if (use.at_ms - person.health_check_at_ms > run.days_ms("health_days")) {
            why = "health check " + days_text(use.at_ms - person.health_check_at_ms) + " ago";
        } else {
            return {};
        }
    }
    return why;
}

// V08. Takes single patient exposures with the operator's pseudonym, and operators. An exposure without one is unknown;
// while no operator of the device is mapped to a pseudonym, nothing is judged. One finding a person and day.
void operator_unqualified(Run& run) {
    const auto uses = run.recent_uses();
    const bool mapped = std::ranges::any_of(run.papers().operators, [](const auto& p) { return !p.user_h.empty(); });
    if (!mapped) return;
    std::map<std::string, Found> by_day;
    std::map<std::string, Leaves> leaves;
    for (const UseEvent* use : uses) {
        if (use->user_h.empty()) continue;
        const std::string why = unfit(run, *use);
        if (why.empty()) continue;
        const std::string key = fmt::format("{}@{}", use->user_h, iso_day(use->at_ms));
        auto [place, fresh] =
            by_day.try_emplace(key, run.found(key, use->at_ms, use->at_ms, why, "training, dosimetry, health check"));
        if (!fresh) ++place->second.count;
        place->second.suspected = !use->purpose_known;
        place->second.to_ms = use->at_ms;
        leaves[key].add(use->leaf);
    }
    for (auto& [key, found] : by_day) {
        found.leaves = leaves[key].take();
        run.add(std::move(found));
    }
}

// V09. Takes the purchase (sheet or contract.signed), goods.received, and the licence (licence.granted or the earliest
// config_licence). No licence at all is V01. A device that the catalogue of the day of purchase did not list needed
// none.
void bought_before_licence(Run& run) {
    const auto declared_at = [&](std::string_view event) -> std::optional<std::int64_t> {
        const auto& all = run.device().declared;
        const auto found = std::ranges::find(all, event, &Declared::event);
        return found == all.end() ? std::nullopt : std::optional{found->at_ms};
    };
    std::optional<std::int64_t> licence = declared_at("licence.granted");
    for (const Permit& permit : run.papers().permits) {
        if (permit.kind == PermitKind::config_licence && names_device(permit.devices, run.device().device))
            licence = std::min(licence.value_or(forever_ms), permit.from_ms);
    }
    auto bought = run.papers().sheet.purchased_ms;
    if (!bought) bought = declared_at("contract.signed");
    if (!licence || !bought || !run.covers(*bought)) return;
    const Texts& catalogues = run.texts("catalogue_rule");
    const Rule* catalogue = catalogues.empty() ? nullptr : run.pack().at(catalogues.front(), *bought);
    if (catalogue && !listed(*catalogue, run.device())) return;
    const auto early = [&](const char* what, std::optional<std::int64_t> at_ms) {
        if (!at_ms || *at_ms >= *licence) return;
        run.add(run.found(what, *at_ms, *licence, fmt::format("{} {}", what, iso_day(*at_ms)),
                          "licence " + iso_day(*licence)));
    };
    early("contract", bought);
    early("goods", declared_at("goods.received"));
}

// V58. Takes the promises on which permits were granted. Kept on the due moment itself is in time. What counts is the
// later of the day claimed and the day it was told, except for promises that fell due before the device was registered:
// those are told as history.
void promise_broken(Run& run) {
    for (const paper::Commitment& promise : run.papers().commitments) {
        if (!run.covers(promise.due_ms)) continue;
        std::int64_t kept_ms = promise.fulfilled_ms.value_or(forever_ms);
        if (promise.fulfilled_ms && promise.due_ms >= run.device().registered_ms)
            kept_ms = std::max(kept_ms, promise.recv_ms);
        if (kept_ms <= promise.due_ms) continue;
        if (run.now_ms() <= promise.due_ms) {
            run.due_at(promise.due_ms + 1);
            continue;
        }
        Found found = run.found("promise:" + promise.id, promise.due_ms, kept_ms,
                                kept_ms == forever_ms ? "not kept" : "kept " + iso_day(kept_ms),
                                "kept by " + iso_day(promise.due_ms));
        found.leaves = {promise.leaf};
        run.add(std::move(found));
    }
}

const std::vector<RuleFunction> functions = {
    {"unlicensed_use",
     {days("unfiled_grace_days", 366), texts("modalities"), number("ct_rows_min", 0, 1'024),
      number("mr_field_min_mt", 0, 30'000), number("first_price_min_cny", 0, 10'000'000'000)},
     unlicensed_use},
    {"licence_mismatch", {}, licence_mismatch},
    {"no_radiation_permit", {days("unfiled_grace_days", 366), words("ray_class")}, no_radiation_permit},
    {"no_radiodiagnosis_permit", {days("unfiled_grace_days", 366), words("category")}, no_radiodiagnosis_permit},
    {"renewal_late", {texts("kinds"), days("ahead_days")}, renewal_late},
    {"moved_without_permit", {}, moved_without_permit},
    {"holder_change_unreported", {days("within_days")}, holder_change_unreported},
    {"operator_unqualified", {days("dosimetry_days"), days("health_days")}, operator_unqualified},
    {"bought_before_licence", {texts("catalogue_rule")}, bought_before_licence},
    {"promise_broken", {}, promise_broken},
};

}  // namespace

std::span<const RuleFunction> permit_functions() { return functions; }

}  // namespace gantry::rules
