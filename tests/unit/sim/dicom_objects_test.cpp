#include "firmware-sim/emit/dicom_objects.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <doctest/doctest.h>

#include <string>

#include "firmware-sim/model/exam.hpp"
#include "firmware-sim/model/observation.hpp"

using namespace gantry::sim;

namespace {

struct Case {
    FleetOptions options;
    Profile profile;
    ExamRecord exam;
};

Case make_case(std::uint64_t seed, int sources) {
    Case made;
    made.options.seed = seed;
    made.options.from_ms = *parse_date("2026-05-04");
    for (std::uint32_t index = 0;; ++index) {
        made.profile = make_profile(made.options, index);
        if (made.profile.sources == sources) break;
    }
    Prng prng{seed};
    for (std::uint64_t number = 1;; ++number) {
        const Exam exam = patient_exam(prng, made.profile, number, made.options.from_ms + 9 * hour_ms);
        if (sources == 2 && (exam.shots.empty() || exam.shots.back().exposure.sources != 2)) continue;
        if (!exam.ended.completed) continue;
        made.exam.started = exam.started;
        made.exam.start_ms = exam.start_ms;
        for (const auto& shot : exam.shots) made.exam.shots.push_back({shot.at_ms, shot.exposure});
        made.exam.ended = exam.ended;
        made.exam.end_ms = exam.end_ms;
        made.exam.patient =
            make_patient(made.options, made.profile, number, Purpose::patient, exam.started.age_band, 2026);
        return made;
    }
}

int count_of(const std::string& text, const std::string& part) {
    int count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("dicom objects: same seed, same bytes") {
    const Case one = make_case(3, 1), two = make_case(3, 1), other = make_case(4, 1);
    const auto bytes = [](const Case& of) {
        std::string all = encoded(*step_begin(of.options, of.profile, of.exam));
        all += encoded(*step_end(of.options, of.profile, of.exam));
        return all + encoded(*dose_report(of.options, of.profile, of.exam, 0, 0, of.exam.shots.size()));
    };
    CHECK(bytes(one).size() > 3'000);
    CHECK(bytes(one) == bytes(two));
    CHECK(bytes(one) != bytes(other));
}

TEST_CASE("dicom objects: a report holds its events, both tubes, and the canaries that must not pass") {
    const Case of = make_case(9, 2);
    const std::string bytes = encoded(*dose_report(of.options, of.profile, of.exam, 0, 0, of.exam.shots.size()));
    CHECK(count_of(bytes, "113769") == static_cast<int>(of.exam.shots.size()));
    int tubes = 0;
    for (const auto& shot : of.exam.shots) tubes += shot.exposure.sources;
    CHECK(count_of(bytes, "113831") == tubes);
    CHECK(tubes > static_cast<int>(of.exam.shots.size()));
    for (const auto& shot : of.exam.shots)
        CHECK(count_of(bytes, name_uid(of.options, of.profile.index, Name::shot, of.exam.started.exam,
                                       static_cast<std::uint64_t>(shot.exposure.n))) == 1);
    int planted = 0;
    for (const auto& canary : of.exam.patient.canaries()) planted += bytes.find(canary) != std::string::npos ? 1 : 0;
    CHECK(planted >= 5);
    CHECK(of.exam.patient.canaries().size() >= 6);
}

TEST_CASE("dicom objects: the file can be read back and carries the values in DICOM's units") {
    const Case of = make_case(12, 1);
    const auto set = dose_report(of.options, of.profile, of.exam, 0, 0, of.exam.shots.size());
    OFString value;
    REQUIRE(set->findAndGetOFString(DCM_DeviceSerialNumber, value).good());
    CHECK(of.profile.serial == value.c_str());
    REQUIRE(set->findAndGetOFString(DCM_SOPInstanceUID, value).good());
    CHECK(value.size() <= 64);
    const std::string bytes = encoded(*set);
    const auto& shot = of.exam.shots.back().exposure;
    std::string milligray =
        std::to_string(shot.ctdivol_ugy / 1'000) + "." + std::to_string(1'000 + shot.ctdivol_ugy % 1'000).substr(1);
    while (milligray.back() == '0') milligray.pop_back();
    if (milligray.back() == '.') milligray.pop_back();
    CHECK(bytes.find(milligray) != std::string::npos);
    const auto step = step_begin(of.options, of.profile, of.exam);
    REQUIRE(step->findAndGetOFString(DCM_PerformedProcedureStepStatus, value).good());
    CHECK(value == "IN PROGRESS");
}

TEST_CASE("dicom objects: reports continue, repeat and accumulate, and together hold every event") {
    Case of = make_case(2, 1);
    REQUIRE(of.exam.shots.size() >= 2);
    bool continued = false, repeated = false;
    for (const bool cumulative : {false, true}) {
        of.profile.cumulative_reports = cumulative;
        for (std::uint64_t number = 1; number <= 77; ++number) {
            of.exam.started.exam = number;
            const auto parts = report_parts(of.profile, of.exam);
            CHECK(parts.back().last == of.exam.shots.size());
            CHECK(parts.front().first == 0);
            if (parts.size() == 1) continue;
            const bool follows = parts[1].first == parts[0].last;
            continued = continued || follows;
            repeated = repeated || parts[1].first == 0;
            CHECK((follows || parts[1].first == 0));
        }
    }
    CHECK(continued);
    CHECK(repeated);
}
