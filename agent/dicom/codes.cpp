#include "agent/dicom/codes.hpp"

#include <span>

namespace gantry::dicom {
namespace {

struct Row {
    std::string_view code;
    std::string_view meaning;
};

std::string_view find(std::span<const Row> rows, std::string_view code, std::string_view fallback) {
    for (const Row& row : rows) {
        if (row.code == code) return row.meaning;
    }
    return fallback;
}

constexpr Row region_rows[] = {
    {"T-D1100", "head"},
    {"69536005", "head"},
    {"T-A0100", "head"},
    {"12738006", "head"},
    {"T-11100", "head"},
    {"89546000", "head"},
    {"T-D1200", "head"},
    {"89545001", "head"},
    {"T-AA000", "head"},
    {"81745001", "head"},
    {"T-22000", "head"},
    {"2095001", "head"},
    {"T-AB000", "head"},
    {"117590005", "head"},
    {"R-FAB52", "head"},
    {"774007", "head"},
    {"T-D1600", "neck"},
    {"45048000", "neck"},
    {"T-D1601", "neck"},
    {"R-FAB53", "neck"},
    {"417437006", "neck"},
    {"R-FAB54", "neck"},
    {"416152001", "neck"},
    {"T-D3000", "chest"},
    {"51185008", "chest"},
    {"816094009", "chest"},
    {"43799004", "chest"},
    {"T-28000", "chest"},
    {"39607008", "chest"},
    {"R-FAB55", "chest"},
    {"416550000", "chest"},
    {"R-FAB56", "chest"},
    {"416775004", "chest"},
    {"T-D4000", "abdomen"},
    {"818981001", "abdomen"},
    {"818983003", "abdomen"},
    {"113345001", "abdomen"},
    {"R-FAB57", "abdomen"},
    {"416949008", "abdomen"},
    {"T-62000", "abdomen"},
    {"10200004", "abdomen"},
    {"T-71000", "abdomen"},
    {"64033007", "abdomen"},
    {"T-D6000", "pelvis"},
    {"12921003", "pelvis"},
    {"816092008", "pelvis"},
    {"T-D2500", "pelvis"},
    {"29836001", "pelvis"},
    {"T-11500", "spine"},
    {"421060004", "spine"},
    {"280717001", "spine"},
    {"T-11501", "spine"},
    {"122494005", "spine"},
    {"T-11502", "spine"},
    {"122495006", "spine"},
    {"T-11503", "spine"},
    {"122496007", "spine"},
    {"T-D8000", "upper_extremity"},
    {"53120007", "upper_extremity"},
    {"T-D8200", "upper_extremity"},
    {"40983000", "upper_extremity"},
    {"T-D8700", "upper_extremity"},
    {"85562004", "upper_extremity"},
    {"T-D2220", "upper_extremity"},
    {"16982005", "upper_extremity"},
    {"T-D9000", "lower_extremity"},
    {"61685007", "lower_extremity"},
    {"T-D9200", "lower_extremity"},
    {"72696002", "lower_extremity"},
    {"T-D9700", "lower_extremity"},
    {"56459004", "lower_extremity"},
    {"T-32000", "heart"},
    {"80891009", "heart"},
    {"T-43000", "heart"},
    {"41801008", "heart"},
    {"T-D0010", "whole_body"},
    {"38266002", "whole_body"},
    {"T-D0001", "whole_body"},
};

}  // namespace

// The code values of SRT, SCT and DCM never coincide for these concepts, and makers vary the scheme's name (SRT, SNM3,
// 99SDM, SCT), so the value alone decides.
std::string_view acquisition_type(const Code& code) {
    static constexpr Row rows[] = {
        {"113804", "sequenced"}, {"P5-08001", "spiral"},   {"116152004", "spiral"},
        {"113805", "localiser"}, {"113806", "stationary"}, {"113807", "free"},
    };
    return find(rows, code.value, "unknown");
}

std::string_view phantom_type(const Code& code) {
    static constexpr Row rows[] = {{"113690", "head16"}, {"113691", "body32"}};
    return find(rows, code.value, "other");
}

std::string_view region_of(const Code& code) { return find(region_rows, code.value, "other"); }

std::string_view discontinuation_reason(std::string_view value) {
    static constexpr Row rows[] = {
        {"110501", "equipment_failure"}, {"110503", "patient_condition"}, {"110504", "patient_condition"},
        {"110505", "patient_refused"},   {"110506", "patient_condition"}, {"110507", "no_show"},
        {"110508", "patient_condition"}, {"110513", "unspecified"},       {"110514", "wrong_worklist"},
        {"110515", "patient_condition"}, {"110516", "equipment_change"},  {"110518", "patient_condition"},
        {"110519", "operator_error"},
    };
    return find(rows, value, "other");
}

bool means_ct_procedure(const Code& code) { return code.value == "P5-08000" || code.value == "77477000"; }
bool means_yes(const Code& code) { return code.value == "R-0038D" || code.value == "373066001"; }
bool means_no(const Code& code) { return code.value == "R-00339" || code.value == "373067005"; }

}  // namespace gantry::dicom
