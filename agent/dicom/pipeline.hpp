#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dicom/dose_report.hpp"
#include "agent/dicom/observe.hpp"
#include "agent/dicom/pseudonym.hpp"
#include "agent/dicom/state_store.hpp"
#include "common/core/result.hpp"

namespace gantry::dicom {

// What became of some lines: which of them are durable at the other end, and the first failure.
struct Delivery {
    std::vector<bool> accepted;  // one a line
    std::optional<Error> failure;
};

// Where observations go. deliver() returns when every line is answered or the target gave up.
class Target {
public:
    virtual ~Target() = default;
    virtual Delivery deliver(const std::vector<std::string>& lines) = 0;
};

// Who a report or a performed procedure step comes from.
struct Sender {
    std::string ae;  // calling AE title as a token; empty for files
    std::string serial;
    std::string maker;
    std::string model;
};

struct Chosen {
    Target* target = nullptr;
    bool unassigned = false;  // no route claims the sender: observations carry who it was
};
using Chooser = std::function<Chosen(const Sender&)>;

struct Counted {
    std::size_t events = 0;
    std::size_t new_events = 0;
};

// From a de-identified report to durable observations, each event once. An event is remembered only after its line was
// accepted, so a failure at any point repeats a line at worst, and the collector knows an event by its pseudonym.
// Thread safe: one report at a time.
class Pipeline {
public:
    Pipeline(StateStore store, const Pseudonymiser& pseudonyms, Chooser choose, std::function<std::int64_t()> now_ms)
        : store_{std::move(store)}, pseudonyms_{pseudonyms}, choose_{std::move(choose)}, now_ms_{std::move(now_ms)} {}

    // Errc::unavailable, io: worth sending again. Others: the intake refuses these observations for good.
    Result<Counted> report(const DoseReport& report, std::string_view ae);

    // Delivers what an MPPS message says and keeps the step's state; the rules are those of mpps.hpp.
    Result<void> begin_step(const std::string& step, const OpenStep& values, std::string_view ae,
                            const std::function<std::string(const std::optional<Origin>&)>& line);
    Result<void> end_step(const std::string& step, std::string_view ae,
                          const std::function<std::string(const OpenStep&, const std::optional<Origin>&)>& line);
    StateStore::StepState step_state(const std::string& step);

    // Files of a watched folder, by the pseudonym of their content.
    bool file_done(const std::string& file);
    void remember_file(const std::string& file);
    std::int64_t evict();
    std::int64_t steps_dropped() const;

private:
    Sender sender_of(const DeviceIdentity& device, std::string_view ae) const;

    mutable std::mutex mutex_;
    StateStore store_;
    const Pseudonymiser& pseudonyms_;
    Chooser choose_;
    std::function<std::int64_t()> now_ms_;
    std::int64_t steps_dropped_ = 0;
};

}  // namespace gantry::dicom
