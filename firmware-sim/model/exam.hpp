#pragma once
#include <cstdint>
#include <vector>

#include "firmware-sim/model/event.hpp"
#include "firmware-sim/model/prng.hpp"
#include "firmware-sim/model/profile.hpp"

namespace gantry::sim {

/// One examination, complete: what a report and an MPPS pair would say of it.
struct Exam {
    ExamStarted started;
    std::int64_t start_ms;
    struct Shot {
        std::int64_t at_ms;
        Exposure exposure;
    };
    std::vector<Shot> shots;
    ExamEnded ended;
    std::int64_t end_ms;
};

/// A patient's examination beginning at `start_ms`: 1-2 localisers, 1-4 scans, 8-20 minutes, doses around the national
/// reference levels. About one in fifty is given up.
Exam patient_exam(Prng& prng, const Profile& profile, std::uint64_t number, std::int64_t start_ms);

/// A few scans of a test object (`purpose` phantom or service), within five minutes.
Exam phantom_exam(Prng& prng, const Profile& profile, std::uint64_t number, std::int64_t start_ms, Purpose purpose);

/// Its events in the order of time.
void exam_events(const Exam& exam, std::vector<SimEvent>& out);

/// Changes of one examination that a wrong is made of. Each leaves it consistent with itself; false: it does not fit.
bool make_unreasoned(Exam& exam);
bool make_outlier(Exam& exam);
bool make_child(Exam& exam);
bool make_many_phases(Exam& exam);
/// All doses of an adult times `permille` / 1000.
void scale_doses(Exam& exam, std::int64_t permille);
void switch_check_off(Exam& exam);

/// Cuts an examination short at `at_ms`, as a failing scanner does: later exposures never happened.
void abort_exam(Exam& exam, std::int64_t at_ms);

}  // namespace gantry::sim
