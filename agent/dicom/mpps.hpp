#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dicom/observe.hpp"
#include "agent/dicom/rdsr.hpp"
#include "agent/dicom/state_store.hpp"

// Modality Performed Procedure Step: N-CREATE (IN PROGRESS) begins an examination, N-SET (COMPLETED or DISCONTINUED)
// ends it. Like the dose report, de-identified before anything leaves the functions that read it.
namespace gantry::dicom {

struct StepBegin {
    OpenStep step;
    std::optional<std::int64_t> at_ms;
    std::string_view proto_group;
    std::string_view age_band;
    Purpose purpose;
};

enum class StepStatus { in_progress, completed, discontinued };

struct StepChange {
    StepStatus status = StepStatus::in_progress;
    std::optional<std::int64_t> at_ms;
    std::string_view reason;  // empty: none given
    std::optional<std::int64_t> series;
    std::optional<std::int64_t> exposures;
    std::optional<std::int64_t> exposure_ms;  // of the exposures that name one
    std::optional<std::int64_t> dlp_ugy_cm;
};

// Errc::refused: the status is none that may be; Errc::malformed: no study is named. Messages hold no value of the
// object.
Result<StepBegin> read_step_begin(DcmDataset& dataset, const ParseContext& context);
Result<StepChange> read_step_change(DcmDataset& dataset, const ParseContext& context);

std::string exam_start_line(const StepBegin& begin, const std::optional<Origin>& origin);
std::string exam_end_line(const OpenStep& step, const StepChange& change, const std::optional<Origin>& origin);

// The number after "Total DLP" in a comment on radiation dose, in µGy·cm; nothing else of the comment is used.
std::optional<std::int64_t> total_dlp_of_comment(std::string_view comment);

}  // namespace gantry::dicom
