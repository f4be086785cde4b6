#include <algorithm>
#include <cmath>
#include <map>

#include "server/domain/kpi/basis.hpp"

// Figures of single exams and exposures. They rest on the part of the period whose single events were read.
namespace gantry::kpi {
namespace {

using rules::ExamSpan;
using rules::UseEvent;

// Linear between the two nearest ranks (Hyndman and Fan, type 7). Needs a sorted, non-empty list.
double percentile(const std::vector<double>& sorted, double share) {
    const double at = share * real(static_cast<std::int64_t>(sorted.size()) - 1);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (at - std::floor(at)) * (sorted[high] - sorted[low]);
}

bool is_adult(const UseEvent& use) { return use.age_band == "18-64" || use.age_band == "65+"; }

// The events of the period that were read, and the share of the watched period that this is.
struct Read {
    Span span;
    std::int64_t coverage = 0;
};

void add_turn_round(const Basis& basis, const Read& read, Sheet& out) {
    std::vector<double> pauses;
    const ExamSpan* before = nullptr;
    for (const ExamSpan& exam : basis.device.exams) {
        if (!read.span.holds(exam.from_ms)) continue;
        // Overlapping exams are two tables or a late start: no pause is known.
        if (before && exam.from_ms >= before->to_ms && exam.from_ms - before->to_ms <= basis.settings.pause_longest_ms)
            pauses.push_back(real(exam.from_ms - before->to_ms) / 60'000);
        before = &exam;
    }
    std::ranges::sort(pauses);
    if (pauses.empty())
        out.unknown("turn_round", basis.use.exams > 0 && !before ? Why::not_told : Why::nothing_counted, read.coverage);
    else
        out.measure("turn_round", percentile(pauses, 0.5), static_cast<double>(pauses.size()), read.coverage);
}

// ---- repeats ----

void add_repeats(const Basis& basis, const Read& read, Sheet& out) {
    struct Exam {
        std::string_view group;
        std::int64_t acquisitions = 0;
    };
    std::map<std::uint64_t, Exam> exams;
    for (const UseEvent& use : basis.device.uses) {
        if (!read.span.holds(use.at_ms) || !use.patient || use.localiser || use.exam == 0) continue;
        Exam& exam = exams[use.exam];
        if (exam.acquisitions++ == 0) exam.group = use.proto_group;
    }
    std::int64_t all = 0, beyond = 0;
    for (const auto& [hash, exam] : exams) {
        const auto plan = basis.settings.plan_exposures.find(exam.group);
        if (plan == basis.settings.plan_exposures.end()) continue;
        all += exam.acquisitions;
        beyond += std::max<std::int64_t>(0, exam.acquisitions - plan->second);
    }
    if (exams.empty() && basis.use.exams > 0)
        out.unknown("repeat_rate", Why::not_told, read.coverage);
    else
        out.ratio("repeat_rate", real(beyond), real(all), read.coverage);
}

// ---- dose ----

struct Doses {
    std::vector<double> ctdivol_mgy, dlp_mgy_cm;  // an entry for each adult exam that tells it
};

std::map<std::string, Doses> doses_of(const Basis& basis, const Read& read) {
    struct Exam {
        std::optional<std::int64_t> ctdivol, dlp;
    };
    using Key = std::pair<std::uint64_t, std::uint64_t>;  // the exam; for an exposure without one, 0 and its leaf
    std::map<std::string_view, std::map<Key, Exam>> groups;
    for (const UseEvent& use : basis.device.uses) {
        if (!read.span.holds(use.at_ms) || !use.patient || use.localiser || !is_adult(use) || use.proto_group.empty())
            continue;
        Exam& exam = groups[use.proto_group][Key{use.exam, use.exam == 0 ? use.leaf : 0}];
        if (use.ctdivol_ugy) exam.ctdivol = std::max(exam.ctdivol.value_or(0), *use.ctdivol_ugy);
        if (use.dlp_ugy_cm) exam.dlp = exam.dlp.value_or(0) + *use.dlp_ugy_cm;
    }
    std::map<std::string, Doses> out;
    for (const auto& [group, exams] : groups) {
        Doses& doses = out[std::string{group}];
        for (const auto& [key, exam] : exams) {
            if (exam.ctdivol) doses.ctdivol_mgy.push_back(real(*exam.ctdivol) / 1000);
            if (exam.dlp) doses.dlp_mgy_cm.push_back(real(*exam.dlp) / 1000);
        }
        std::ranges::sort(doses.ctdivol_mgy);
        std::ranges::sort(doses.dlp_mgy_cm);
    }
    return out;
}

using Levels = std::map<std::string, std::int64_t, std::less<>>;

void add_percentiles(const Basis& basis, const Read& read, const std::string& what, const std::string& group,
                     const std::vector<double>& values, const Levels& levels, Sheet& out) {
    const auto count = static_cast<double>(values.size());
    const bool few = values.size() < basis.settings.exams_least;
    const auto level = levels.find(group);
    for (const auto& [suffix, share] : {std::pair{"_p25", 0.25}, {"_p50", 0.5}, {"_p75", 0.75}}) {
        if (few)
            out.unknown(what + suffix, Why::too_few, read.coverage, group).denominator = count;
        else
            out.measure(what + suffix, percentile(values, share), count, read.coverage, group);
    }
    const std::string ratio = "drl_ratio_" + what;
    if (few)
        out.unknown(ratio, Why::too_few, read.coverage, group).denominator = count;
    else if (level == levels.end())
        out.unknown(ratio, Why::not_on_file, read.coverage, group).basis = {"reference level"};
    else
        out.measure(ratio, 100 * percentile(values, 0.5) / real(level->second), count, read.coverage, group);
}

void unknown_dose(Sheet& out, Why why, std::int64_t coverage) {
    for (const std::string_view id : {"ctdivol_p25", "ctdivol_p50", "ctdivol_p75", "dlp_p25", "dlp_p50", "dlp_p75",
                                      "drl_ratio_ctdivol", "drl_ratio_dlp"})
        out.unknown(id, why, coverage);
}

}  // namespace

void add_exams(const Basis& basis, Sheet& out) {
    Why why = Why::known;
    if (basis.known.empty())
        why = Why::no_data;
    else if (basis.device.events_read.empty())
        why = Why::one_device_only;
    if (why != Why::known) {
        out.unknown("turn_round", why, 0);
        out.unknown("repeat_rate", why, 0);
        return unknown_dose(out, why, 0);
    }
    Read read;
    read.span = {std::max(basis.device.events_read.from_ms, basis.period.from_ms),
                 std::min(basis.device.events_read.to_ms, basis.period.to_ms)};
    read.coverage = permille(total_ms(rules::clipped(basis.watched, read.span)), basis.length_ms());
    add_turn_round(basis, read, out);
    add_repeats(basis, read, out);
    const auto groups = doses_of(basis, read);
    if (groups.empty())
        unknown_dose(out, basis.use.exposures > 0 ? Why::not_told : Why::nothing_counted, read.coverage);
    for (const auto& [group, doses] : groups) {
        add_percentiles(basis, read, "ctdivol", group, doses.ctdivol_mgy, basis.settings.drl_ctdivol_mgy, out);
        add_percentiles(basis, read, "dlp", group, doses.dlp_mgy_cm, basis.settings.drl_dlp_mgy_cm, out);
    }
}

}  // namespace gantry::kpi
