#include "server/judging/use_reader.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <map>
#include <set>
#include <unordered_set>

#include "server/domain/moment.hpp"

namespace gantry::judging {
namespace {

namespace json = boost::json;

std::string text(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_string() ? std::string{std::string_view{found->get_string()}} : std::string{};
}

std::optional<std::int64_t> number(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_int64() ? std::optional{found->get_int64()} : std::nullopt;
}

std::optional<bool> flag(const json::object& body, std::string_view key) {
    const json::value* found = body.if_contains(key);
    return found && found->is_bool() ? std::optional{found->get_bool()} : std::nullopt;
}

// DICOM TID 10015 as the record carries it: passed when a forward estimate lies above its alert value.
void read_alert(const json::object& body, rules::UseEvent& out) {
    const json::value* found = body.if_contains("dose_alert");
    if (!found || !found->is_object()) return;
    const json::object& alert = found->get_object();
    const auto above = [&](std::string_view estimate, std::string_view limit) {
        const auto got = number(alert, estimate), want = number(alert, limit);
        return got && want && *got > *want;
    };
    out.alert_passed =
        above("dlp_estimate_ugy_cm", "dlp_alert_ugy_cm") || above("ctdivol_estimate_ugy", "ctdivol_alert_ugy");
    out.alert_reason = flag(alert, "reason_given").value_or(false);
    const auto dlp = flag(alert, "dlp_configured"), ctdivol = flag(alert, "ctdivol_configured");
    if (dlp || ctdivol) out.alert_configured = dlp.value_or(false) || ctdivol.value_or(false);
}

// The start of an exam, which tells the age band, stands so many leaves before its first exposure at most.
constexpr std::size_t leaves_before = 32;

// What the exposures of one walk need of each other.
struct Gathered {
    std::vector<rules::UseEvent> uses;
    std::set<std::string> events;                  // event_h: told again is not counted again
    std::map<std::string, std::string> age_bands;  // exam_h -> what its start says
    std::map<std::string, std::int64_t> starts;    // exam_h -> earliest start
    std::map<std::string, std::int64_t> ends;      // exam_h -> latest end
};

rules::UseEvent use_of(const json::object& body) {
    const std::string purpose = text(body, "purpose");
    rules::UseEvent out;
    out.patient = purpose != "phantom" && purpose != "service";
    out.purpose_known = !purpose.empty() && purpose != "unknown";
    out.proto_group = text(body, "proto_group");
    out.phantom = text(body, "phantom");
    out.user_h = text(body, "user_h");
    out.exam_h = text(body, "exam_h");
    out.region = text(body, "region");
    out.localiser = text(body, "acq") == "localiser";
    out.ctdivol_ugy = number(body, "ctdivol_ugy");
    out.dlp_ugy_cm = number(body, "dlp_ugy_cm");
    read_alert(body, out);
    return out;
}

void gather_exam(const json::object& body, bool begins, std::int64_t at_ms, Gathered& out) {
    const std::string exam = text(body, "exam_h");
    if (begins) {
        if (std::string band = text(body, "age_band"); !band.empty()) out.age_bands.emplace(exam, std::move(band));
        const auto [start, fresh] = out.starts.try_emplace(exam, at_ms);
        if (!fresh) start->second = std::min(start->second, at_ms);
    } else {
        const auto [end, fresh] = out.ends.try_emplace(exam, at_ms);
        if (!fresh) end->second = std::max(end->second, at_ms);
        // A start that lies before what was read follows from the length.
        if (const auto length = number(body, "duration_ms")) out.starts.try_emplace(exam, at_ms - *length);
    }
}

void gather(const store::StoreReader::Leaf& leaf, const std::unordered_set<std::int64_t>& asked, Gathered& out) {
    if (leaf.row.type != LeafType::record) return;
    std::string inner;
    const auto record = record_inside(as_text(ByteView{leaf.bytes}), inner);
    if (!record || !is_use(record->type)) return;
    json::error_code error;
    const json::value value = json::parse({record->body.data(), record->body.size()}, error);
    if (error || !value.is_object()) return;
    const json::object& body = value.get_object();
    const std::int64_t at_ms = event_time_of(*record, leaf.row.recv_ms);
    if (record->type != "usage.exposure") return gather_exam(body, record->type == "usage.exam.start", at_ms, out);
    const std::string event_h = text(body, "event_h");
    if (!asked.contains(hour_of(at_ms)) || (!event_h.empty() && !out.events.insert(event_h).second)) return;
    out.uses.push_back(use_of(body));
    out.uses.back().at_ms = at_ms;
    out.uses.back().leaf = leaf.row.idx;
}

// The wanted hours that have exposures, the one that reaches furthest in the log first.
std::vector<const HourCell*> cells_of(std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    std::vector<const HourCell*> out;
    for (const std::int64_t hour_ms : wanted) {
        const auto found = std::ranges::lower_bound(all, hour_ms, {}, &store::HourRow::hour_ms);
        if (found != all.end() && found->hour_ms == hour_ms && found->cell.last_leaf != 0) out.push_back(&found->cell);
    }
    std::ranges::sort(out, std::ranges::greater{}, &HourCell::last_leaf);
    return out;
}

}  // namespace

SingleEvents read_events(store::StoreReader& reader, store::DevNo dev_no, std::span<const store::HourRow> all,
                         std::span<const std::int64_t> wanted, std::size_t leaves_most) {
    const std::unordered_set<std::int64_t> asked(wanted.begin(), wanted.end());
    Gathered gathered;
    SingleEvents out;
    std::size_t looked_at = 0;
    // Each leaf leads to its device's leaf before it. Where the ranges of two hours overlap, the walk goes on from
    // where it stands: below `low` nothing was looked at yet.
    std::uint64_t low = std::numeric_limits<std::uint64_t>::max();
    std::optional<std::uint64_t> next;
    for (const HourCell* cell : cells_of(all, wanted)) {
        std::optional<std::uint64_t> at = cell->last_leaf >= low ? next : std::optional{cell->last_leaf};
        std::size_t before = 0;
        while (at && (*at >= cell->first_leaf || before++ < leaves_before)) {
            if (looked_at++ >= leaves_most) {
                out.complete = false;
                break;
            }
            const auto leaf = reader.leaf(*at);
            if (!leaf || leaf->row.dev_no != dev_no) return {{}, {}, false};
            gather(*leaf, asked, gathered);
            low = *at;
            at = leaf->row.back ? std::optional{leaf->row.idx - *leaf->row.back} : std::nullopt;
            next = at;
        }
    }
    for (rules::UseEvent& use : gathered.uses)
        if (const auto band = gathered.age_bands.find(use.exam_h); band != gathered.age_bands.end())
            use.age_band = band->second;
    for (const auto& [exam, start] : gathered.starts)
        if (const auto end = gathered.ends.find(exam); end != gathered.ends.end() && start <= end->second)
            out.exams.push_back({start, end->second, exam});
    std::ranges::sort(gathered.uses, {}, [](const rules::UseEvent& use) { return std::pair{use.at_ms, use.leaf}; });
    std::ranges::sort(out.exams, {}, [](const rules::ExamSpan& exam) { return std::pair{exam.from_ms, exam.to_ms}; });
    out.uses = std::move(gathered.uses);
    return out;
}

std::vector<rules::UseEvent> read_uses(store::StoreReader& reader, store::DevNo dev_no,
                                       std::span<const store::HourRow> all, std::span<const std::int64_t> wanted) {
    return read_events(reader, dev_no, all, wanted, use_leaves_max).uses;
}

}  // namespace gantry::judging
