#include "server/domain/paper/filing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/core/ids.hpp"
#include "server/domain/leaf_json.hpp"
#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/paper_read.hpp"
#include "server/domain/paper/papers_for.hpp"

namespace gantry::paper {
namespace {

using Time = std::optional<std::int64_t>;

// Collects what fields say against each other; the first contradiction counts. What is unknown contradicts nothing.
class Check {
public:
    explicit Check(std::string_view kind) : kind_{kind} {}

    Check& want(bool holds, std::string_view field, std::string_view got, std::string_view wanted) {
        if (!holds && problem_.empty()) problem_ = fmt::format("{}.{}: got {}, want {}", kind_, field, got, wanted);
        return *this;
    }
    Check& not_before(std::string_view late_name, Time late, std::string_view early_name, Time early) {
        if (!late || !early || *late >= *early) return *this;
        return want(false, late_name, time_text(*late), fmt::format("not before {} {}", early_name, time_text(*early)));
    }
    Check& after(std::string_view late_name, Time late, std::string_view early_name, Time early) {
        if (!late || !early || *late > *early) return *this;
        return want(false, late_name, time_text(*late), fmt::format("later than {} {}", early_name, time_text(*early)));
    }
    Check& needs(std::string_view name, bool there, std::string_view needed_name, bool needed) {
        return want(!there || needed, name, "a value", fmt::format("{} with it", needed_name));
    }
    Check& ordered(std::string_view high_name, Time high, std::string_view low_name, Time low) {
        if (!high || !low || *high >= *low) return *this;
        return want(false, high_name, std::to_string(*high), fmt::format("at least {} {}", low_name, *low));
    }
    Check& no_repeats(std::string_view field, const std::vector<std::string>& list) {
        std::set<std::string_view> seen;
        for (const std::string& entry : list)
            want(seen.insert(entry).second, field, fmt::format("'{}' twice", entry), "each once");
        return *this;
    }
    const std::string& problem() const { return problem_; }

private:
    std::string_view kind_;
    std::string problem_;
};

// One overload a paper. What its fields must be to each other, and nothing about what is lawful: an unlawful paper is
// filed and found by the rules.
struct Consistent {
    Check& check;

    void operator()(const Org&) const {}
    void operator()(const Site&) const {}
    void operator()(const Room& p) const {
        check.not_before("evaluation_accepted_at", p.evaluation_accepted_ms, "shielding_reviewed_at",
                         p.shielding_reviewed_ms);
    }
    void operator()(const Person& p) const {
        for (const Qualification& q : p.qualifications) check.after("to", q.to_ms, "from", q.from_ms);
    }
    void operator()(const DeviceSheet& p) const {
        const bool counts_rows = p.modality == "CT" || p.modality == "PET-CT" || p.modality == "SPECT";
        const bool has_field = p.modality == "MRI" || p.modality == "PET-MR" || p.modality == "LINAC";
        check.want(!p.rows || counts_rows, "rows", "a value for " + p.modality, "it only for CT, PET-CT, SPECT");
        check.want(!p.field_mt || has_field, "field_mt", "a value for " + p.modality, "it only for MRI, PET-MR, LINAC");
        check.want(p.guided_by.empty() || p.modality == "LINAC", "guided_by", "a value for " + p.modality,
                   "it only for LINAC");
        check.not_before("installed_at", p.installed_ms, "manufactured_at", p.manufactured_ms);
        check.after("life_extended_to", p.life_extended_to_ms, "manufactured_at", p.manufactured_ms);
        check.ordered("capacity_exams_per_day", p.capacity_exams_per_day, "planned_exams_per_day",
                      p.planned_exams_per_day);
        check.want(p.predecessor != p.id, "predecessor", "the device itself", "another register id");
    }
    void operator()(const Permit& p) const {
        check.after("to", p.to_ms, "from", p.from_ms);
        check.not_before("renewal_filed_at", p.renewal_filed_ms, "from", p.from_ms);
        check.not_before("cancelled_at", p.cancelled_ms, "from", p.from_ms);
        check.no_repeats("devices", p.devices).no_repeats("categories", p.categories);
        check.want(p.kind != PermitKind::product_registration || !p.model.empty() || !p.devices.empty(), "model",
                   "none", "the model that is registered, or devices");
    }
    void operator()(const Commitment& p) const {
        check.want(!p.org.empty() || !p.devices.empty(), "devices", "neither devices nor org", "one of them");
        check.no_repeats("devices", p.devices);
        check.not_before("due_at", p.due_ms, "promised_at", p.promised_ms);
        check.not_before("fulfilled_at", p.fulfilled_ms, "promised_at", p.promised_ms);
    }
    void operator()(const Certificate& p) const { check.after("to", p.to_ms, "from", p.from_ms); }
    void operator()(const Operator& p) const { check.no_repeats("devices", p.devices); }
    void operator()(const Test& p) const {
        std::set<std::string_view> seen;
        for (const TestItem& item : p.items) {
            check.want(seen.insert(item.item).second, "items", item.item + " twice", "each item once");
            check.ordered("items.limit_high_milli", item.limit_high_milli, "limit_low_milli", item.limit_low_milli);
            check.want(!item.pass || inside(item), "items.pass", item.item + " passed outside its limits",
                       "false, or the value inside its limits");
            check.want(!p.passed || !item.mandatory || item.pass, "passed", "true, but " + item.item + " failed",
                       "false while a mandatory item failed");
        }
        check.no_repeats("instruments", p.instruments).no_repeats("covers", p.covers);
        check.want(!p.interval_days || p.kind == TestKind::constancy, "interval_days", "a value",
                   "it only for a constancy test");
    }
    void operator()(const Recall& p) const {
        const bool names_something =
            !(p.maker.empty() && p.model.empty() && p.serial_from.empty() && p.serial_to.empty() && p.devices.empty());
        check.want(names_something, "model", "no maker, model, serials or devices", "at least one of them");
        const bool open = p.serial_from.empty() || p.serial_to.empty();
        check.want(open || compare_serials(p.serial_from, p.serial_to) <= 0, "serial_to", p.serial_to,
                   "not before serial_from " + p.serial_from);
        check.no_repeats("devices", p.devices);
        check.not_before("close_by", p.close_by_ms, "notice_at", p.notice_ms);
    }
    void operator()(const RecallAnswer& p) const {
        check.want(p.acknowledged_ms || p.closed_ms, "acknowledged_at", "neither acknowledged nor closed",
                   "one of them");
        check.not_before("closed_at", p.closed_ms, "acknowledged_at", p.acknowledged_ms);
    }
    void operator()(const AdverseEvent& p) const { check.not_before("reported_at", p.reported_ms, "at", p.at_ms); }
    void operator()(const Schedule& p) const {
        check.want(p.every_days || p.every_scan_ms || p.every_exams || p.every_mas, "every_days", "no interval",
                   "at least one of every_days, every_scan_ms, every_exams, every_mas");
        check.want(p.item.empty() || p.work == "constancy", "item", "one for " + p.work, "it only for constancy");
        check.after("to", p.to_ms, "from", p.from_ms);
    }
    void operator()(const WorkOrder& p) const {
        check.not_before("responded_at", p.responded_ms, "opened_at", p.opened_ms);
        check.not_before("diagnosed_at", p.diagnosed_ms, "opened_at", p.opened_ms);
        check.not_before("parts_at", p.parts_ms, "opened_at", p.opened_ms);
        check.not_before("started_at", p.started_ms, "opened_at", p.opened_ms);
        check.needs("ended_at", p.ended_ms.has_value(), "started_at", p.started_ms.has_value());
        check.not_before("ended_at", p.ended_ms, "started_at", p.started_ms);
        check.needs("signed_off_at", p.signed_off_ms.has_value(), "ended_at", p.ended_ms.has_value());
        check.not_before("signed_off_at", p.signed_off_ms, "ended_at", p.ended_ms);
        check.needs("outcome", !p.outcome.empty(), "ended_at", p.ended_ms.has_value());
        for (const PartUsed& part : p.parts)
            check.want(part.new_serial.empty() || part.new_serial != part.old_serial, "parts.new_serial",
                       part.new_serial + " taken out and put in", "another than old_serial");
    }
    void operator()(const Contract& p) const {
        check.want(!p.devices.empty(), "devices", "none", "at least one");
        check.no_repeats("devices", p.devices);
        check.after("to", p.to_ms, "from", p.from_ms);
        minutes("cover_to_minute", p.cover_to_minute, "cover_from_minute", p.cover_from_minute);
        check.no_repeats("down_states", p.down_states);
        for (const Exclusion& left_out : p.exclusions)
            check.after("exclusions.to", left_out.to_ms, "exclusions.from", left_out.from_ms);
    }
    void operator()(const Cost& p) const { check.after("to", p.to_ms, "from", p.from_ms); }
    void operator()(const Document&) const {}
    void operator()(const OpeningHours& p) const {
        check.want(!p.device.empty() || !p.site.empty(), "device", "neither device nor site", "one of them");
        check.after("to", p.to_ms, "from", p.from_ms);
        minutes("to_minute", p.to_minute, "from_minute", p.from_minute);
    }
    void operator()(const DeclaredCount& p) const {
        check.after("to", p.to_ms, "from", p.from_ms);
        check.ordered("exams", p.exams, "reported", p.reported);
        check.ordered("exams", p.exams, "positive", p.positive);
        check.ordered("reported", p.reported, "positive", p.positive);
    }
    void operator()(const HolderChange& p) const { check.not_before("amended_at", p.amended_ms, "at", p.at_ms); }

private:
    static bool inside(const TestItem& item) {
        return !item.value_milli || ((!item.limit_low_milli || *item.value_milli >= *item.limit_low_milli) &&
                                     (!item.limit_high_milli || *item.value_milli <= *item.limit_high_milli));
    }
    void minutes(std::string_view late, std::int64_t to, std::string_view early, std::int64_t from) const {
        check.want(to > from, late, std::to_string(to),
                   fmt::format("later than {} {}; two papers for hours past midnight", early, from));
    }
};

Result<void> check_id(std::string_view id) {
    const auto fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == ':' || c == '/' || c == '-';
    };
    if (id.empty() || id.size() > 64 || !std::ranges::all_of(id, fits))
        return Error{Errc::schema,
                     fmt::format("paper id: got {} characters, want 1 to 64 of A-Z a-z 0-9 . _ : / -", id.size())};
    return {};
}

// A register id that no device can have would make a paper about nothing.
Result<void> check_devices(std::string_view kind, const Paper& paper) {
    for (const std::string& device : subjects(paper).devices) {
        if (auto id = DeviceId::parse(device); !id)
            return Error{Errc::schema, fmt::format("{}: device '{}': {}", kind, device, id.error().message)};
    }
    return {};
}

}  // namespace

Result<std::string> canonical_filing(const Schema& schema, std::string_view kind, std::string_view id,
                                     std::string_view body_json) {
    if (auto fits = check_id(id); !fits) return fits.error();
    if (body_json.size() > body_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("{}: got {} bytes, want at most {}", kind, body_json.size(), body_bytes_max)};
    if (!schema.find(kind))
        return Error{Errc::not_found, fmt::format("paper: got kind '{}', want one of the schema's types", kind)};
    auto body = canonical_json(body_json);
    if (!body) return body.error();
    if (auto allowed = schema.check(kind, *body); !allowed) return allowed.error();
    const auto paper = read_paper({std::string{id}, 0, 0}, kind, *body);
    if (!paper) return paper.error();
    Check check{kind};
    std::visit(Consistent{check}, *paper);
    if (!check.problem().empty()) return Error{Errc::refused, check.problem()};
    if (auto known = check_devices(kind, *paper); !known) return known.error();
    return body;
}

Result<void> check_filing(const Schema& schema, std::string_view kind, std::string_view id,
                          std::string_view body_json) {
    if (auto body = canonical_filing(schema, kind, id, body_json); !body) return body.error();
    return {};
}

}  // namespace gantry::paper
