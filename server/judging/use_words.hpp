#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/record.hpp"
#include "server/domain/rules/case.hpp"

namespace gantry::judging {

// One exposure in 56 bytes: three months of a busy scanner hold some 25,000, a city a thousand times as many.
struct PackedUse {
    std::int64_t at_ms = 0;
    std::uint64_t leaf = 0;
    std::uint64_t event = 0;  // first eight bytes of event_h; 0: not told
    std::uint64_t exam = 0;
    const std::string* user = nullptr;                              // kept as long as the program; null: not told
    std::int32_t ctdivol_ugy = -1, dlp_ugy_cm = -1;                 // -1: not told
    std::uint8_t group = 0, phantom = 0, age_band = 0, region = 0;  // words of the schema; 0: not told
    std::uint8_t flags = 0;
};

// The exposure that a record tells; nullopt for any other record.
std::optional<PackedUse> packed_use(const RecordView& record, std::int64_t at_ms, std::uint64_t leaf);
// A start or an end of an examination, nullopt for any other record and for one that does not name its examination.
struct ExamEdge {
    std::uint64_t exam = 0;  // first eight bytes of exam_h
    bool begins = false;
    std::uint8_t age_band = 0;                // what its start says; 0: nothing
    std::optional<std::int64_t> duration_ms;  // what its end says
};
std::optional<ExamEdge> exam_edge(const RecordView& record);

rules::UseEvent unpacked(const PackedUse& use);

}  // namespace gantry::judging
