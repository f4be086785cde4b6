#include "agent/dicom/pipeline.hpp"

#include <fmt/format.h>

namespace gantry::dicom {
namespace {

std::optional<Origin> origin_of(const Sender& sender, const Chosen& chosen) {
    if (!chosen.unassigned) return std::nullopt;
    return Origin{sender.ae, sender.serial, sender.maker, sender.model};
}

Result<void> deliver_one(Target& target, std::string line) {
    Delivery delivery = target.deliver({std::move(line)});
    if (delivery.failure) return *delivery.failure;
    return {};
}

}  // namespace

Sender Pipeline::sender_of(const DeviceIdentity& device, std::string_view ae) const {
    return {std::string{ae}, device.serial, device.maker, device.model};
}

Result<Counted> Pipeline::report(const DoseReport& report, std::string_view ae) {
    const std::lock_guard lock{mutex_};
    const Sender sender = sender_of(report.device, ae);
    const Chosen chosen = choose_(sender);
    const auto origin = origin_of(sender, chosen);

    std::vector<Observation> observations;
    const std::string body = identity_body(report.device, ae, report.problems);
    const std::string device =
        pseudonyms_.named("identity", fmt::format("{}|{}|{}|{}", sender.maker, sender.model, sender.serial, ae));
    const bool identity_new = !chosen.unassigned && store_.told_identity(device) != body;
    if (identity_new) observations.push_back(identity_observation("rdsr", body));

    Counted counted{report.exposures.size(), 0};
    for (const Exposure& exposure : report.exposures) {
        if (store_.seen(exposure.event_h)) continue;
        ++counted.new_events;
        observations.push_back(exposure_observation(report, exposure, origin));
    }
    const bool report_new = !store_.seen(report.report_h);
    if (report_new || counted.new_events > 0)
        observations.push_back(dose_observation(report, counted.new_events, origin));
    if (observations.empty()) return counted;

    std::vector<std::string> lines;
    for (const Observation& observation : observations) lines.push_back(observation.line);
    const Delivery delivery = chosen.target->deliver(lines);

    std::vector<std::string> done;
    for (std::size_t at = 0; at < observations.size() && at < delivery.accepted.size(); ++at) {
        if (!delivery.accepted[at]) continue;
        const Observation& observation = observations[at];
        if (!observation.event_h.empty()) done.push_back(observation.event_h);
        if (observation.type == "usage.dose") done.push_back(report.report_h);
        if (observation.type == "identity") store_.tell_identity(device, body, now_ms_());
    }
    store_.remember(done, now_ms_());
    if (delivery.failure) return *delivery.failure;
    return counted;
}

Result<void> Pipeline::begin_step(const std::string& step, const OpenStep& values, std::string_view ae,
                                  const std::function<std::string(const std::optional<Origin>&)>& line) {
    const std::lock_guard lock{mutex_};
    const Sender sender{std::string{ae}, values.serial, values.maker, values.model};
    const Chosen chosen = choose_(sender);
    if (auto delivered = deliver_one(*chosen.target, line(origin_of(sender, chosen))); !delivered) return delivered;
    steps_dropped_ += store_.begin_step(step, values, now_ms_());
    return {};
}

Result<void> Pipeline::end_step(const std::string& step, std::string_view ae,
                                const std::function<std::string(const OpenStep&, const std::optional<Origin>&)>& line) {
    const std::lock_guard lock{mutex_};
    const auto values = store_.open_step(step);
    if (!values) return Error{Errc::not_found, "performed procedure step: not open"};
    const Sender sender{std::string{ae}, values->serial, values->maker, values->model};
    const Chosen chosen = choose_(sender);
    if (auto delivered = deliver_one(*chosen.target, line(*values, origin_of(sender, chosen))); !delivered)
        return delivered;
    store_.end_step(step, now_ms_());
    return {};
}

StateStore::StepState Pipeline::step_state(const std::string& step) {
    const std::lock_guard lock{mutex_};
    return store_.step_state(step);
}

bool Pipeline::file_done(const std::string& file) {
    const std::lock_guard lock{mutex_};
    return store_.seen(file);
}

void Pipeline::remember_file(const std::string& file) {
    const std::lock_guard lock{mutex_};
    const std::string one[] = {file};
    store_.remember(one, now_ms_());
}

std::int64_t Pipeline::evict() {
    const std::lock_guard lock{mutex_};
    return store_.evict(now_ms_());
}

std::int64_t Pipeline::steps_dropped() const {
    const std::lock_guard lock{mutex_};
    return steps_dropped_;
}

}  // namespace gantry::dicom
