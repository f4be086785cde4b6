#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "server/domain/rules/run.hpp"

// V37 to V45: dose and appropriateness. All but V45 rest on single exposures of the latest days (events_window_days);
// localisers count for no dose statistics.
namespace gantry::rules {
namespace {

bool adult(const UseEvent& use) { return use.age_band == "18-64" || use.age_band == "65+"; }
bool child(const UseEvent& use) {
    return use.age_band == "0" || use.age_band == "1-4" || use.age_band == "5-9" || use.age_band == "10-14";
}

std::string group_of(const UseEvent& use) { return std::string{use.proto_group.empty() ? "unknown" : use.proto_group}; }

// Findings by key, each with how often and which records.
class Tally {
public:
    explicit Tally(Run& run) : run_{run} {}

    void count(const std::string& key, const UseEvent& use, const std::string& measured, const std::string& limit) {
        auto [place, fresh] =
            entries_.try_emplace(key, run_.found(key, use.at_ms, use.at_ms, measured, limit), Leaves{});
        Found& found = place->second.first;
        if (fresh) found.suspected = !use.purpose_known;
        if (!fresh) ++found.count;
        found.to_ms = use.at_ms;
        found.suspected = found.suspected || !use.purpose_known;
        place->second.second.add(use.leaf);
    }
    void report() {
        for (auto& [key, entry] : entries_) {
            entry.first.leaves = entry.second.take();
            run_.add(std::move(entry.first));
        }
    }

private:
    Run& run_;
    std::map<std::string, std::pair<Found, Leaves>> entries_;
};

std::string milligray(std::int64_t ugy) { return fmt::format("{:.1f} mGy", static_cast<double>(ugy) / 1'000); }
std::string milligray_cm(std::int64_t ugy_cm) {
    return fmt::format("{:.0f} mGy·cm", static_cast<double>(ugy_cm) / 1'000);
}

// V37. Takes exposures with a passed alert and whether a reason was given. No alert told: not passed. One finding a
// day.
void alert_without_reason(Run& run) {
    Tally tally{run};
    for (const UseEvent* use : run.recent_uses()) {
        if (use->alert_passed && !use->alert_reason)
            tally.count(iso_day(use->at_ms), *use, "alert passed, no reason", "a reason for each");
    }
    tally.report();
}

// V38. Takes exposures that tell whether an alert is configured; others are unknown. Judged is a No after a Yes within
// the window, until the next Yes.
void alert_switched_off(Run& run) {
    bool was_on = false;
    std::string open;
    Tally tally{run};
    for (const UseEvent* use : run.recent_uses(false)) {
        if (!use->alert_configured) continue;
        if (*use->alert_configured) {
            was_on = true;
            open.clear();
        } else if (was_on) {
            if (open.empty()) open = "off@" + iso_day(use->at_ms);
            tally.count(open, *use, "not configured", "configured");
        }
    }
    tally.report();
}

// One adult examination, or one exposure when no examination is told.
struct ExamDose {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    // The highest of its exposures each. Reference levels are those of one scan range: another phase is not more dose
    // in that sense (V43 counts phases).
    std::optional<std::int64_t> ctdivol_ugy, dlp_ugy_cm;
};
using DoseByGroup = std::map<std::string, std::vector<ExamDose>>;

DoseByGroup doses(const std::vector<const UseEvent*>& uses, bool adults_only) {
    DoseByGroup out;
    std::map<std::string, std::unordered_map<std::uint64_t, std::size_t>> places;  // by group: exam -> index
    for (const UseEvent* use : uses) {
        if (use->localiser || (adults_only && !adult(*use)) || (!use->ctdivol_ugy && !use->dlp_ugy_cm)) continue;
        const std::string group = group_of(*use);
        auto& list = out[group];
        std::size_t at = list.size();
        if (use->exam != 0) at = places[group].try_emplace(use->exam, at).first->second;
        if (at == list.size()) list.push_back({use->at_ms, use->leaf, {}, {}});
        ExamDose& exam = list[at];
        if (use->ctdivol_ugy) exam.ctdivol_ugy = std::max(exam.ctdivol_ugy.value_or(0), *use->ctdivol_ugy);
        if (use->dlp_ugy_cm) exam.dlp_ugy_cm = std::max(exam.dlp_ugy_cm.value_or(0), *use->dlp_ugy_cm);
    }
    return out;
}

struct Median {
    std::int64_t value = 0;
    std::size_t count = 0;
    std::int64_t from_ms = 0, to_ms = 0;
    Leaves leaves;
};

// The middle of the latest `most` known values; nullopt with fewer than `least`.
std::optional<Median> median(const std::vector<ExamDose>& exams, std::optional<std::int64_t> ExamDose::*member,
                             std::size_t least, std::size_t most) {
    std::vector<std::int64_t> values;
    Median out;
    for (auto exam = exams.rbegin(); exam != exams.rend() && values.size() < most; ++exam) {
        if (!((*exam).*member)) continue;
        values.push_back(*((*exam).*member));
        out.leaves.add(exam->leaf);
        if (out.to_ms == 0) out.to_ms = exam->at_ms;
        out.from_ms = exam->at_ms;
    }
    if (values.size() < least || values.empty()) return {};
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    out.value = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    out.count = values.size();
    return out;
}

void add_median(Run& run, std::string key, const Median& middle, std::string measured, std::string limit) {
    Found found = run.found(std::move(key), middle.from_ms, middle.to_ms, std::move(measured), std::move(limit));
    found.suspected = true;
    found.leaves = middle.leaves.take();
    found.count = middle.count;
    run.add(std::move(found));
}

// V39. Takes adult exposures with CTDIvol or DLP, the highest of each examination where it is told. Fewer than
// `exams_least` examinations of a protocol group, or a group without a reference level, are not judged. Exactly the
// level is within.
void drl_exceeded(Run& run) {
    const auto least = static_cast<std::size_t>(run.number("exams_least"));
    const auto most = static_cast<std::size_t>(run.number("exams_most"));
    for (const auto& [group, exams] : doses(run.recent_uses(), true)) {
        const auto level = run.table("ctdivol_p75_mgy").find(group);
        const auto middle = median(exams, &ExamDose::ctdivol_ugy, least, most);
        if (level != run.table("ctdivol_p75_mgy").end() && middle && middle->value > level->second * 1'000)
            add_median(run, "ctdivol:" + group, *middle, milligray(middle->value), milligray(level->second * 1'000));
        const auto dlp_level = run.table("dlp_p75_mgy_cm").find(group);
        const auto dlp = median(exams, &ExamDose::dlp_ugy_cm, least, most);
        if (dlp_level != run.table("dlp_p75_mgy_cm").end() && dlp && dlp->value > dlp_level->second * 1'000)
            add_median(run, "dlp:" + group, *dlp, milligray_cm(dlp->value), milligray_cm(dlp_level->second * 1'000));
    }
}

// V40. As V39 below the national P25, and only while the latest test that measured noise did not pass it. Noise that
// was never measured is unknown.
void dose_abnormally_low(Run& run) {
    const auto uses = run.recent_uses();
    bool noisy = false;
    for (const paper::Test& test : run.papers().tests) {
        for (const paper::TestItem& item : test.items) {
            if (run.lists("noise_items", item.item)) noisy = !item.pass;
        }
    }
    if (!noisy) return;
    for (const auto& [group, exams] : doses(uses, true)) {
        const auto level = run.table("ctdivol_p25_mgy").find(group);
        const auto middle = median(exams, &ExamDose::ctdivol_ugy, static_cast<std::size_t>(run.number("exams_least")),
                                   static_cast<std::size_t>(run.number("exams_most")));
        if (level == run.table("ctdivol_p25_mgy").end() || !middle || middle->value >= level->second * 1'000) continue;
        add_median(run, "ctdivol:" + group, *middle, milligray(middle->value), milligray(level->second * 1'000));
    }
}

// V41. Takes the highest DLP of one scan by examination, all ages. The limit is the greater of `times` the reference
// level and the device's own P99.5 of the window, which is known from `exams_least` examinations on. A group without a
// level is not judged; the limit itself is within.
void single_outlier(Run& run) {
    for (const auto& [group, exams] : doses(run.recent_uses(), false)) {
        const auto level = run.table("dlp_p75_mgy_cm").find(group);
        if (level == run.table("dlp_p75_mgy_cm").end()) continue;
        std::vector<std::int64_t> values;
        for (const ExamDose& exam : exams) {
            if (exam.dlp_ugy_cm) values.push_back(*exam.dlp_ugy_cm);
        }
        std::ranges::sort(values);
        std::int64_t limit = level->second * 1'000 * run.number("times");
        if (values.size() >= static_cast<std::size_t>(run.number("exams_least")))
            limit = std::max(limit, values[(values.size() * 995 - 1) / 1'000]);
        for (const ExamDose& exam : exams) {
            if (!exam.dlp_ugy_cm || *exam.dlp_ugy_cm <= limit) continue;
            Found found = run.found(fmt::format("{}@{}", group, exam.leaf), exam.at_ms, exam.at_ms,
                                    milligray_cm(*exam.dlp_ugy_cm), milligray_cm(limit));
            found.suspected = true;
            found.leaves = {exam.leaf};
            run.add(std::move(found));
        }
    }
}

// V42. Takes exposures with an age band under 15. A head protocol reported with the body phantom, or CTDIvol above the
// level of group and age band. Unknown age, phantom or dose: not judged. One finding a day and kind.
void child_on_adult_protocol(Run& run) {
    Tally tally{run};
    for (const UseEvent* use : run.recent_uses()) {
        if (!child(*use) || use->localiser) continue;
        if (use->proto_group == "head" && use->phantom == "body32")
            tally.count("phantom@" + iso_day(use->at_ms), *use, "32 cm phantom", "16 cm phantom");
        const auto level = run.table("ctdivol_p75_mgy").find(fmt::format("{}/{}", use->proto_group, use->age_band));
        if (level == run.table("ctdivol_p75_mgy").end() || !use->ctdivol_ugy) continue;
        if (*use->ctdivol_ugy > level->second * 1'000)
            tally.count(level->first + "@" + iso_day(use->at_ms), *use, milligray(*use->ctdivol_ugy),
                        milligray(level->second * 1'000));
    }
    tally.report();
}

// V43. Takes exposures with an examination, without localisers. More than the plan of the group and `more` are too
// many. Whether the same person came again within a day is not judged: no record carries a patient's pseudonym. The
// first of its exposures names an examination's group.
void too_many_phases(Run& run) {
    struct Exam {
        std::string group;
        std::int64_t exposures = 0, from_ms = 0, to_ms = 0;
        Leaves leaves;
        std::uint64_t first_leaf = 0;
    };
    std::map<std::uint64_t, Exam> exams;
    for (const UseEvent* use : run.recent_uses()) {
        if (use->exam == 0 || use->localiser) continue;
        Exam& exam = exams[use->exam];
        if (exam.exposures++ == 0) {
            exam.group = group_of(*use);
            exam.from_ms = use->at_ms;
            exam.first_leaf = use->leaf;
        }
        exam.to_ms = use->at_ms;
        exam.leaves.add(use->leaf);
    }
    for (const auto& [hash, exam] : exams) {
        const auto plan = run.table("plan_exposures").find(exam.group);
        if (plan == run.table("plan_exposures").end() || exam.exposures <= plan->second + run.number("more")) continue;
        Found found = run.found(fmt::format("exam:{:016x}", hash), exam.from_ms, exam.to_ms,
                                fmt::format("{} exposures", exam.exposures),
                                fmt::format("{} exposures", plan->second + run.number("more")));
        found.suspected = true;
        found.leaves = exam.leaves.take();
        found.count = static_cast<std::uint64_t>(exam.exposures);
        run.add(std::move(found));
    }
}

// V44. Takes exposures marked as screening. Of a child, in one of the groups named; or any on a modality named. Whether
// an exposure is screening is unknown unless it is told, and then not judged. One finding a day.
void forbidden_screening(Run& run) {
    Tally tally{run};
    const bool never = run.lists("modalities", modality_of(run.device()));
    for (const UseEvent* use : run.recent_uses()) {
        if (!use->screening.value_or(false)) continue;
        if (never || (child(*use) && run.lists("child_groups", use->proto_group)))
            tally.count(iso_day(use->at_ms), *use, "screening " + group_of(*use), "no routine screening");
    }
    tally.report();
}

// V45. Takes declared counts with reports and positive reports, by calendar quarter of their start. Fewer than
// `reports_least` reports, or a modality without target: not judged. Exactly the target is reached.
void low_positive_rate(Run& run) {
    const auto target = run.table("target_permille").find(modality_of(run.device()));
    if (target == run.table("target_permille").end()) return;
    struct Quarter {
        std::int64_t reported = 0, positive = 0, from_ms = 0, to_ms = 0;
        Leaves leaves;
    };
    std::map<std::string, Quarter> quarters;
    for (const paper::DeclaredCount& count : run.papers().counts) {
        if (!count.reported || !count.positive || !run.covers(count.from_ms)) continue;
        const std::string date = iso_day(count.from_ms);
        const int month = (date[5] - '0') * 10 + (date[6] - '0');
        Quarter& quarter = quarters[fmt::format("{}-Q{}", date.substr(0, 4), (month + 2) / 3)];
        if (quarter.reported == 0) quarter.from_ms = count.from_ms;
        quarter.reported += *count.reported;
        quarter.positive += *count.positive;
        quarter.to_ms = std::max(quarter.to_ms, count.to_ms);
        quarter.leaves.add(count.leaf);
    }
    for (const auto& [key, quarter] : quarters) {
        if (quarter.reported < run.number("reports_least")) continue;
        if (quarter.positive * 1'000 >= target->second * quarter.reported) continue;
        Found found = run.found(key, quarter.from_ms, quarter.to_ms,
                                fmt::format("{:.1f} %", 100.0 * static_cast<double>(quarter.positive) /
                                                            static_cast<double>(quarter.reported)),
                                fmt::format("{:.1f} %", static_cast<double>(target->second) / 10));
        found.leaves = quarter.leaves.take();
        run.add(std::move(found));
    }
}

constexpr ParameterSpec least_exams = number("exams_least", 2, 10'000);
constexpr ParameterSpec most_exams = number("exams_most", 2, 10'000);

const std::vector<RuleFunction> functions = {
    {"alert_without_reason", {}, alert_without_reason},
    {"alert_switched_off", {}, alert_switched_off},
    {"drl_exceeded",
     {table("ctdivol_p75_mgy", 1, 10'000), table("dlp_p75_mgy_cm", 1, 100'000), least_exams, most_exams},
     drl_exceeded},
    {"dose_abnormally_low",
     {table("ctdivol_p25_mgy", 1, 10'000), texts("noise_items"), least_exams, most_exams},
     dose_abnormally_low},
    {"single_outlier", {table("dlp_p75_mgy_cm", 1, 100'000), number("times", 1, 100), least_exams}, single_outlier},
    {"child_on_adult_protocol", {table("ctdivol_p75_mgy", 1, 10'000)}, child_on_adult_protocol},
    {"too_many_phases", {table("plan_exposures", 1, 100), number("more", 0, 100)}, too_many_phases},
    {"forbidden_screening", {texts("modalities"), texts("child_groups")}, forbidden_screening},
    {"low_positive_rate",
     {table("target_permille", 0, 1'000), number("reports_least", 1, 1'000'000)},
     low_positive_rate},
};

}  // namespace

std::span<const RuleFunction> dose_functions() { return functions; }

}  // namespace gantry::rules
