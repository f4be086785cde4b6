#include "agent/dicom/plausibility.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace gantry::dicom;

TEST_CASE("plausibility: what convicts an exposure time and what saves it") {
    using Maybe = std::optional<std::int64_t>;
    struct Row {
        std::string_view why;
        std::int64_t duration_ms;
        ExposureEvidence evidence;  // window, length, pitch, collimation, rotation
        bool want;
    };
    const Maybe none;
    for (const Row& row : {
             Row{"hundredths written as seconds in a 116 s window",
                 11'912'000,
                 {116'145, 212'000, 42, 24'000, 500},
                 true},
             Row{"the same value in its true unit", 119'120, {116'145, 212'000, 42, 24'000, 500}, false},
             Row{"longer than a window cut to seconds", 3'183, {3'000, 318'300, none, 0, none}, false},
             Row{"geometry agrees although the window is short", 119'120, {3'000, 212'000, 42, 24'000, 500}, false},
             Row{"window agrees although passes repeat", 45'000, {60'000, 40'000, 1000, 40'000, 500}, false},
             Row{"a factor of a hundred inside a long window", 800'000, {1'047'000, 487'000, 813, 40'000, 500}, true},
             Row{"no geometry, far beyond the window", 1'000'000, {100'000, none, none, none, none}, true},
             Row{"no window, far beyond the geometry", 749'000, {none, 487'000, 813, 40'000, 500}, true},
             Row{"nothing to compare with", 1'000'000, {none, none, none, none, none}, false},
             Row{"nothing to compare with, but beyond an hour", 3'600'001, {none, none, none, none, none}, true},
             Row{"a window that runs backwards says nothing", 100'000, {-5, none, none, none, none}, false},
         }) {
        CAPTURE(row.why);
        CHECK(duration_implausible(row.duration_ms, row.evidence) == row.want);
    }
    CHECK(geometric_duration_ms({none, 487'000, 813, 40'000, 500}) == 7487);
    CHECK_FALSE(geometric_duration_ms({none, 487'000, 813, 0, 500}).has_value());
}
