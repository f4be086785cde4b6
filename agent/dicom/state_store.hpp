#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gantry::dicom {

// An MPPS object between its N-CREATE and its end. Pseudonyms and enumerations only.
struct OpenStep {
    std::string exam_h;
    std::int64_t start_ms = 0;  // 0: the scanner named no time
    std::string serial;
    std::string maker;
    std::string model;
};

// What gantry-dicom remembers across restarts, in one SQLite file: pseudonyms of events and reports already delivered,
// files already read, identities already told, and open performed procedure steps. Bounded by limits.hpp: rows older
// than 400 days go, and beyond the row limit the oldest go first. One thread at a time. Throws sql::SqlError when the
// disk fails.
class StateStore {
public:
    // `path` empty: in memory, for a single run.
    explicit StateStore(const std::filesystem::path& path);
    ~StateStore();
    StateStore(StateStore&&) noexcept;

    bool seen(std::string_view pseudonym);
    // All of them or, when it throws, none.
    void remember(std::span<const std::string> pseudonyms, std::int64_t now_ms);

    // The identity last told for this device, or empty.
    std::string told_identity(std::string_view device);
    void tell_identity(std::string_view device, std::string_view body, std::int64_t now_ms);

    enum class StepState { unknown, open, closed };
    StepState step_state(std::string_view step);
    std::optional<OpenStep> open_step(std::string_view step);
    // Returns how many of the oldest open steps had to go to stay within the limit.
    std::int64_t begin_step(std::string_view step, const OpenStep& values, std::int64_t now_ms);
    // Remembers that the step has ended, so that later changes are refused.
    void end_step(std::string_view step, std::int64_t now_ms);

    // Removes what is too old or too much; returns the number of rows. At start, and then once a day.
    std::int64_t evict(std::int64_t now_ms);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::dicom
