#include "server/domain/lifecycle_guards_papers.hpp"

#include <fmt/format.h>

// The guards that ask for permits, the catalogue, certificates and the place.
namespace gantry {

using namespace guards;
using namespace paper;
using Context = const GuardContext&;
using Answer = std::optional<Refused>;

namespace guards {

const Document* document_of(Context c, std::initializer_list<std::string_view> kinds) {
    for (const Document& document : c.facts.papers.documents)
        if (document.at_ms <= at(c) && std::ranges::find(kinds, document.kind) != kinds.end()) return &document;
    return nullptr;
}

const Certificate* certificate_of(Context c, const std::string& subject, std::string_view kind, std::int64_t at_ms) {
    for (const Certificate& paper : c.facts.papers.certificates)
        if (paper.subject == subject && paper.kind == kind && paper.in_force(at_ms)) return &paper;
    return nullptr;
}

// The room that the declaration names, else the one that the device is in.
static const Room* room_of(Context c) {
    const std::string named = text_or_empty(c, "room");
    for (const Room& room : c.facts.papers.rooms)
        if (named.empty() ? room.device == c.facts.device : room.id == named) return &room;
    return nullptr;
}

Answer want_room(Context c, std::optional<std::int64_t> Room::*date, std::string_view what, std::string_view who) {
    const Room* room = room_of(c);
    if (!room)
        return refused(text_or_empty(c, "room").empty() ? "no room on file" : "no room " + text_or_empty(c, "room"),
                       "data.room, or a room on file that names the device", "room", "HM");
    const auto& done = room->*date;
    if (done && *done <= at(c)) return {};
    return refused(done ? fmt::format("room {}: {} on {}", room->id, what, day(*done))
                        : fmt::format("room {}: not {}", room->id, what),
                   fmt::format("{} by {}", what, day(at(c))), fmt::format("room.{}", what), std::string{who});
}

}  // namespace guards

namespace {

// ---- the catalogue -----------------------------------------------------------------------------------------------

LicenceNeed licence_now(Context c) {
    DeviceSheet sheet = c.facts.papers.sheet;
    if (sheet.modality.empty()) sheet.modality = c.facts.modality;
    if (sheet.model.empty()) sheet.model = c.facts.model;
    return licence_needed(c.facts.catalogues, sheet, at(c));
}

std::string said_by(const LicenceNeed& need) {
    return need.catalogue.empty() ? need.en : fmt::format("{} (catalogue {})", need.en, need.catalogue);
}

Answer undecided(const LicenceNeed& need) {
    std::string missing;
    for (const std::string& field : need.missing) missing += (missing.empty() ? "" : ", ") + ("device_sheet." + field);
    return refused("class unknown: " + said_by(need), "a device sheet that decides the class by the catalogue",
                   missing.empty() ? "catalogue" : missing, "HM");
}

Answer in_catalogue(Context c) {
    const LicenceNeed need = licence_now(c);
    if (need.required) return {};
    if (need.licence == LicenceClass::unknown) return undecided(need);
    return refused("not listed: " + said_by(need), "a device of class A or B", "licence.not_required", "HM");
}

Answer not_in_catalogue(Context c) {
    const LicenceNeed need = licence_now(c);
    if (need.required)
        return refused(fmt::format("class {}: {}", name(need.licence), said_by(need)), "a device that is not listed",
                       "licence.granted", "REG-H");
    if (need.licence == LicenceClass::unknown) return undecided(need);
    return {};
}

// ---- certificates ------------------------------------------------------------------------------------------------

// Whoever `data.<key>` names, or whom a contract names already, holds a certificate.
Answer want_certified(Context c, std::string_view key, std::string subject, std::string_view kind) {
    if (subject.empty()) return want_text(c, key, "paper id of the organisation");
    if (certificate_of(c, subject, kind, at(c))) return {};
    return refused(fmt::format("no {} of {} in force on {}", kind, subject, day(at(c))),
                   fmt::format("a certificate {} of {} in force", kind, subject), fmt::format("certificate {}", kind),
                   declarer(c));
}

Answer supplier_qualified(Context c) {
    std::string supplier = text_or_empty(c, "supplier");
    for (const Contract& contract : c.facts.papers.contracts)
        if (supplier.empty() && contract.kind == "purchase") supplier = contract.supplier;
    return want_certified(c, "supplier", std::move(supplier), "supplier_licence");
}
Answer installer_authorised(Context c) {
    return want_certified(c, "installer", text_or_empty(c, "installer"), "installer_authorisation");
}
Answer recycler_certified(Context c) {
    return want_certified(c, "recycler", text_or_empty(c, "recycler"), "recycler_licence");
}

// ---- permits -----------------------------------------------------------------------------------------------------

std::string_view kind_name(PermitKind kind) {
    constexpr std::string_view words[] = {"config_licence", "radiation_safety", "radiodiagnosis",
                                          "product_registration"};
    return words[static_cast<std::size_t>(kind)];
}
std::string_view issuer(std::string_view kind) {
    return kind == "radiation_safety" ? "REG-E" : kind == "product_registration" ? "REG-D" : "REG-H";
}

Answer need_statement(Context c) {
    if (!c.declared.evidence.empty() || document_of(c, {"feasibility_report", "board_minute"})) return {};
    return refused("no statement of the need", "a feasibility report or board minute, on file or attached",
                   "document feasibility_report", "HM");
}

// A document of this kind is on file.
Answer want_document(Context c, std::string_view kind) {
    if (document_of(c, {kind})) return {};
    return refused(fmt::format("no {} on file by {}", kind, day(at(c))), fmt::format("a document {}", kind),
                   fmt::format("document {}", kind), declarer(c));
}
Answer rf_cage_reported(Context c) { return want_document(c, "rf_cage_report"); }
Answer source_inventory(Context c) { return want_document(c, "source_inventory"); }
Answer suv_calibrated(Context c) { return want_document(c, "suv_calibration"); }
Answer beam_data(Context c) { return want_document(c, "beam_data"); }
Answer metrology_verified(Context c) { return want_document(c, "metrology_verification"); }

// What was made while its model was registered stays lawful to use; to buy it the registration must stand.
Answer registration_valid(Context c) {
    const Permit* last = nullptr;
    for (const Permit& permit : c.facts.papers.permits) {
        if (permit.kind != PermitKind::product_registration) continue;
        if (permit.in_force(at(c))) return {};
        last = &permit;
    }
    return refused(last ? fmt::format("product registration {} from {} to {}", last->no, day(last->from_ms),
                                      last->to_ms == forever_ms ? "further notice" : day(last->to_ms))
                        : "no product registration on file",
                   fmt::format("a product registration of the model in force on {}", day(at(c))),
                   "permit product_registration", "REG-D");
}

// One licence a device, for this model, not younger than the contract. What the catalogue does not list needs none.
Answer model_as_licensed(Context c) {
    const LicenceNeed need = licence_now(c);
    if (!need.required && need.licence == LicenceClass::none) return {};
    std::string model = c.facts.papers.sheet.model;
    if (model.empty()) model = c.facts.model;
    std::string got = "no configuration licence on file";
    for (const Permit& permit : c.facts.papers.permits) {
        if (permit.kind != PermitKind::config_licence || !names(permit.devices, c.facts.device)) continue;
        if (!permit.in_force(at(c)))
            got = fmt::format("licence {} from {} on", permit.no, day(permit.from_ms));
        else if (!permit.model.empty() && permit.model != model)
            got = fmt::format("licence {} for {}", permit.no, permit.model);
        else
            return {};
    }
    return refused(got,
                   fmt::format("a configuration licence that names this device and {}, in force on {}",
                               model.empty() ? "its model" : model, day(at(c))),
                   "permit config_licence", "REG-H");
}

bool allows(const Permit& permit, const std::string& category) {
    return permit.categories.empty() || names(permit.categories, category);
}

// Each permit that the table lists for the modality; papers_for has sorted out whether a permit is about the device,
// by its register id, or by holder, site and model.
Answer permits_in_force(Context c) {
    for (const auto& needed : c.table.policy().permits) {
        std::string got = fmt::format("no {} permit on file", needed.kind);
        bool holds = false;
        for (const Permit& permit : c.facts.papers.permits) {
            if (kind_name(permit.kind) != needed.kind) continue;
            const bool in_force = permit.in_force(at(c));
            holds = holds || (in_force && allows(permit, needed.category));
            got = in_force ? fmt::format("permit {} without {}", permit.no, needed.category)
                           : fmt::format("permit {} from {} to {}", permit.no, day(permit.from_ms),
                                         day(std::min(permit.to_ms, permit.cancelled_ms.value_or(forever_ms))));
        }
        if (!holds)
            return refused(got,
                           fmt::format("a {} permit for {} that names the device, its holder or site, in force on {}",
                                       needed.kind, needed.category, day(at(c))),
                           "permit " + needed.kind, std::string{issuer(needed.kind)});
    }
    return {};
}

Answer permit_cancelled(Context c) {
    for (const Permit& permit : c.facts.papers.permits)
        if (permit.kind == PermitKind::radiation_safety && names(permit.devices, c.facts.device) &&
            permit.in_force(at(c)))
            return refused(fmt::format("permit {} still names the device", permit.no),
                           "no radiation safety permit that names it", "permit radiation_safety, amended or cancelled",
                           "REG-E");
    return {};
}

Answer permits_surrendered(Context c) {
    for (const Permit& permit : c.facts.papers.permits)
        if (permit.kind != PermitKind::product_registration && names(permit.devices, c.facts.device) &&
            permit.in_force(at(c)))
            return refused(fmt::format("{} {} still names the device", kind_name(permit.kind), permit.no),
                           "no permit that names it", fmt::format("permit {}, cancelled", kind_name(permit.kind)),
                           std::string{issuer(kind_name(permit.kind))});
    return {};
}

Answer receiver_permits(Context c) {
    const std::string receiver = text_or_empty(c, "receiver");
    if (receiver.empty()) return want_text(c, "receiver", "organisation id of the receiver");
    const auto holds = [&](std::string_view kind, const std::string& category) {
        return std::ranges::any_of(c.facts.receiver_permits, [&](const Permit& p) {
            return kind_name(p.kind) == kind && p.holder == receiver && p.in_force(at(c)) &&
                   (category.empty() || allows(p, category));
        });
    };
    const auto lacks = [&](std::string_view kind) {
        return refused(fmt::format("no {} permit of {} in force", kind, receiver),
                       fmt::format("a {} permit of the receiver in force on {}", kind, day(at(c))),
                       fmt::format("permit {}", kind), std::string{issuer(kind)});
    };
    for (const auto& needed : c.table.policy().permits)
        if (!holds(needed.kind, needed.category)) return lacks(needed.kind);
    if (licence_now(c).required && !holds("config_licence", {})) return lacks("config_licence");
    return {};
}

// ---- place -------------------------------------------------------------------------------------------------------

Answer shielding_reviewed(Context c) {
    return want_room(c, &Room::shielding_reviewed_ms, "shielding_reviewed", "REG-H");
}
// The new room, before the device goes there.
Answer room_reviewed(Context c) {
    if (auto missing = want_text(c, "room", "paper id of the new room")) return missing;
    return shielding_reviewed(c);
}

Answer permit_reapplied(Context c) {
    const std::string room = text_or_empty(c, "room");
    const bool permitted = std::ranges::any_of(c.facts.papers.permits, [&](const Permit& p) {
        return p.kind == PermitKind::radiation_safety && !room.empty() && p.room == room && p.in_force(at(c));
    });
    const Document* filed = document_of(c, {"permit_application"});
    if (permitted || (filed && filed->at_ms >= c.life.since_ms)) return {};
    return refused(filed ? "an application of " + day(filed->at_ms) + ", before the present state began"
                         : "no application on file",
                   "an application for the new place, or a radiation permit that names its room",
                   "document permit_application", "HM");
}

constexpr NamedGuard named[] = {
    {"rf_cage_reported", rf_cage_reported, Asks::papers},
    {"source_inventory", source_inventory, Asks::papers},
    {"suv_calibrated", suv_calibrated, Asks::papers},
    {"beam_data", beam_data, Asks::papers},
    {"metrology_verified", metrology_verified, Asks::papers},
    {"need_statement", need_statement, Asks::papers},
    {"in_catalogue", in_catalogue, Asks::papers},
    {"not_in_catalogue", not_in_catalogue, Asks::papers},
    {"supplier_qualified", supplier_qualified, Asks::papers},
    {"registration_valid", registration_valid, Asks::papers},
    {"model_as_licensed", model_as_licensed, Asks::papers},
    {"shielding_reviewed", shielding_reviewed, Asks::papers},
    {"installer_authorised", installer_authorised, Asks::papers},
    {"permits_in_force", permits_in_force, Asks::papers},
    {"room_reviewed", room_reviewed, Asks::papers},
    {"permit_reapplied", permit_reapplied, Asks::papers},
    {"receiver_permits", receiver_permits, Asks::papers},
    {"recycler_certified", recycler_certified, Asks::papers},
    {"permit_cancelled", permit_cancelled, Asks::papers},
    {"permits_surrendered", permits_surrendered, Asks::papers},
};

}  // namespace

std::span<const NamedGuard> permit_guards() { return named; }

}  // namespace gantry
