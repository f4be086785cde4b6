#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firmware-sim/emit/patient.hpp"
#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/profile.hpp"

class DcmDataset;

namespace gantry::sim {

/// What a scanner knows of one examination when it writes its objects.
struct ExamRecord {
    ExamStarted started{};
    std::int64_t start_ms = 0;
    struct Shot {
        std::int64_t at_ms;
        Exposure exposure;
    };
    std::vector<Shot> shots;
    std::optional<ExamEnded> ended;
    std::int64_t end_ms = 0;
    Patient patient;
};

/// Name of the MPPS instance.
std::string step_uid(const FleetOptions& options, const Profile& profile, const ExamRecord& exam);
/// Name of the `part`-th dose report of an examination.
std::string report_uid(const FleetOptions& options, const Profile& profile, const ExamRecord& exam, int part);

/// N-CREATE: in progress.
std::unique_ptr<DcmDataset> step_begin(const FleetOptions& options, const Profile& profile, const ExamRecord& exam);
/// N-SET: completed or discontinued. Needs `ended`.
std::unique_ptr<DcmDataset> step_end(const FleetOptions& options, const Profile& profile, const ExamRecord& exam);
/// A CT dose report (TID 10011) over the shots [first, last).
std::unique_ptr<DcmDataset> dose_report(const FleetOptions& options, const Profile& profile, const ExamRecord& exam,
                                        int part, std::size_t first, std::size_t last);

/// The reports that a scanner sends of one examination: one, or two that continue or repeat each other.
struct ReportPart {
    std::size_t first;
    std::size_t last;
};
std::vector<ReportPart> report_parts(const Profile& profile, const ExamRecord& exam);

/// The data set in Explicit VR Little Endian.
std::string encoded(DcmDataset& dataset);

}  // namespace gantry::sim
