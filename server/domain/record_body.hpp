#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

// Bodies of the record types that the fold reads, taken out of their JSON without allocation. The record has passed the
// schema, so a member that is not there is simply unknown; views point into the record.
namespace gantry {

struct SourceBody {
    std::string_view id;
    std::optional<std::int64_t> ma_mean_ua;
};

// Exposures and exam events: what a use of the device says.
struct UseBody {
    std::optional<std::uint64_t> event_key;  // first 8 bytes of event_h
    std::optional<std::uint64_t> exam_key;
    std::optional<std::int64_t> duration_ms;
    std::optional<std::int64_t> ctdivol_ugy;
    std::optional<std::int64_t> dlp_ugy_cm;
    std::string_view purpose;  // empty: not told, judged as unknown
    std::string_view status;   // exam.end: completed, discontinued
    std::string_view reason;   // exam.end: why it was discontinued; empty: not told
    std::array<SourceBody, 4> sources{};
    std::size_t source_count = 0;
};
bool is_use(std::string_view type);  // usage.exposure, usage.exam.start, usage.exam.end
UseBody read_use(std::string_view body);

// Every other type: its plain members by name.
class BodyFields {
public:
    explicit BodyFields(std::string_view body) : body_{body} {}
    std::string_view text(std::string_view key) const;  // empty when absent
    std::optional<std::int64_t> integer(std::string_view key) const;
    bool flag(std::string_view key) const;  // false when absent

private:
    std::string_view body_;
};

}  // namespace gantry
