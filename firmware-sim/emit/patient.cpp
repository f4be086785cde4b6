#include "firmware-sim/emit/patient.hpp"

#include <fmt/format.h>

#include <array>

#include "firmware-sim/model/observation.hpp"
#include "firmware-sim/model/prng.hpp"

namespace gantry::sim {
namespace {

constexpr std::array<std::string_view, 8> families{"Wangqe",  "Lixuo",   "Zhangvy", "Liuqua",
                                                   "Chenzho", "Yangvei", "Huangxo", "Zhaoqiu"};
constexpr std::array<std::string_view, 8> given{"Xiaomin", "Jianguo", "Lihua",  "Weidong",
                                                "Meilin",  "Guiying", "Haitao", "Yuzhen"};

int years_of(std::string_view band, Prng& prng) {
    struct Row {
        std::string_view band;
        int low;
        int high;
    };
    constexpr std::array<Row, 7> rows{{{"0", 0, 0},
                                       {"1-4", 2, 4},
                                       {"5-9", 6, 9},
                                       {"10-14", 11, 14},
                                       {"15-17", 16, 17},
                                       {"18-64", 19, 64},
                                       {"65+", 66, 94}}};
    for (const auto& row : rows)
        if (row.band == band) return static_cast<int>(prng.between(row.low, row.high));
    return 40;
}

}  // namespace

std::vector<std::string> Patient::canaries() const {
    std::vector<std::string> all;
    if (name.starts_with("PHANTOM")) return all;
    for (const auto* text : {&name, &id, &accession, &referring, &radiographer, &comment, &protocol_suffix})
        if (!text->empty()) all.push_back(*text);
    return all;
}

Patient make_patient(const FleetOptions& options, const Profile& profile, std::uint64_t exam, Purpose purpose,
                     std::string_view age_band, int year) {
    const std::string hex = name_hex(options, profile.index, Name::patient, exam, 0);
    const auto part = [&](std::size_t at, std::size_t count) { return hex.substr(at, count); };
    if (purpose != Purpose::patient)
        return {
            "PHANTOM^WATER", purpose == Purpose::service ? "SERVICE-QC" : "QC-PHANTOM", "", "O", "", "", "", "", ""};

    Prng prng = Prng::keyed(options.seed, profile.index, static_cast<std::uint64_t>(Name::patient), exam);
    const auto pick = [&](const auto& list) {
        return list[static_cast<std::size_t>(prng.between(0, static_cast<std::int64_t>(list.size()) - 1))];
    };
    Patient patient;
    patient.name = fmt::format("{}{}^{}", pick(families), part(0, 6), pick(given));
    patient.id = "P" + part(6, 10);
    // The child of a band is at least a year older than the band's start, so months do not matter; infants are days
    // old.
    patient.birth_date = fmt::format("{:04}0101", year - years_of(age_band, prng));
    patient.sex = prng.chance(0.5) ? "F" : "M";
    patient.accession = "A" + part(16, 10);
    patient.referring = fmt::format("Drqo{}^{}", part(3, 6), pick(given));
    patient.radiographer = fmt::format("Mtra{}^{}", part(9, 6), pick(given));
    patient.comment = fmt::format("suspected metastases, {}", part(20, 8));
    if (prng.chance(0.05)) patient.protocol_suffix = fmt::format("for {}{}", pick(families), part(0, 6));
    return patient;
}

}  // namespace gantry::sim
