#include "agent/dicom/service.hpp"

#include "agent/dicom/dataset.hpp"
#include "agent/dicom/mpps.hpp"
#include "agent/dicom/rdsr.hpp"

namespace gantry::dicom {
namespace {

// DICOM PS3.4 and PS3.7 status codes.
constexpr std::uint16_t out_of_resources = 0xa700;
constexpr std::uint16_t not_this_class = 0xa900;
constexpr std::uint16_t cannot_understand = 0xc000;
constexpr std::uint16_t processing_failure = 0x0110;
constexpr std::uint16_t duplicate_instance = 0x0111;
constexpr std::uint16_t no_such_instance = 0x0112;
constexpr std::uint16_t invalid_value = 0x0106;
constexpr std::uint16_t missing_attribute = 0x0120;
constexpr std::uint16_t resource_limitation = 0x0213;
constexpr std::uint16_t may_no_longer_be_updated = 0xa710;  // PS3.4 F.7.2.2.2, as Error ID

}  // namespace

Answer Service::answer(const Error& error, std::uint16_t refused_status, std::uint16_t unavailable_status) {
    const bool passing = error.code == Errc::unavailable || error.code == Errc::io;
    ++(passing ? counters_.unavailable : counters_.refused);
    return {passing ? unavailable_status : refused_status, error.message, 0};
}

Answer Service::store(ByteView dataset, std::string_view transfer_syntax, std::string_view ae) {
    const auto report = parse_dose_report_dataset(dataset, transfer_syntax, {host_.pseudonyms, host_.site, host_.zone});
    if (!report) {
        return answer(report.error(), report.error().code == Errc::refused ? not_this_class : cannot_understand,
                      out_of_resources);
    }
    const auto counted = pipeline_.report(*report, ae);
    if (!counted) return answer(counted.error(), cannot_understand, out_of_resources);
    ++counters_.reports;
    counters_.events += counted->new_events;
    return {};
}

Answer Service::create_step(std::string_view sop_instance, ByteView bytes, std::string_view transfer_syntax,
                            std::string_view ae) {
    const auto dataset = read_dataset(bytes, transfer_syntax);
    if (!dataset) return answer(dataset.error(), processing_failure, resource_limitation);
    const auto begin = read_step_begin(**dataset, {host_.pseudonyms, host_.site, host_.zone});
    if (!begin)
        return answer(begin.error(), begin.error().code == Errc::refused ? invalid_value : missing_attribute,
                      resource_limitation);
    const std::string step = host_.pseudonyms.named("step", sop_instance);
    if (pipeline_.step_state(step) != StateStore::StepState::unknown) {
        ++counters_.refused;
        return {duplicate_instance, "Performed Procedure Step Object exists already", 0};
    }
    const auto line = [&](const std::optional<Origin>& origin) { return exam_start_line(*begin, origin); };
    if (auto done = pipeline_.begin_step(step, begin->step, ae, line); !done) {
        return answer(done.error(), processing_failure, resource_limitation);
    }
    ++counters_.steps;
    return {};
}

Answer Service::set_step(std::string_view sop_instance, ByteView bytes, std::string_view transfer_syntax,
                         std::string_view ae) {
    const std::string step = host_.pseudonyms.named("step", sop_instance);
    const auto state = pipeline_.step_state(step);
    if (state == StateStore::StepState::unknown) {
        ++counters_.refused;
        return {no_such_instance, "no such Performed Procedure Step Object", 0};
    }
    if (state == StateStore::StepState::closed) {
        ++counters_.refused;
        return {processing_failure, "Performed Procedure Step Object may no longer be updated",
                may_no_longer_be_updated};
    }
    const auto dataset = read_dataset(bytes, transfer_syntax);
    if (!dataset) return answer(dataset.error(), processing_failure, resource_limitation);
    const auto change = read_step_change(**dataset, {host_.pseudonyms, host_.site, host_.zone});
    if (!change) return answer(change.error(), invalid_value, resource_limitation);
    if (change->status == StepStatus::in_progress) return {};
    const auto line = [&](const OpenStep& values, const std::optional<Origin>& origin) {
        return exam_end_line(values, *change, origin);
    };
    if (auto done = pipeline_.end_step(step, ae, line); !done)
        return answer(done.error(), processing_failure, resource_limitation);
    return {};
}

}  // namespace gantry::dicom
