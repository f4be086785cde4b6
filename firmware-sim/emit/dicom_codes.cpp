#include "firmware-sim/emit/dicom_codes.hpp"

namespace gantry::sim {

Coded region_code(Group group) {
    switch (group) {
        case Group::head:
            return {"T-D1100", "SRT", "Head"};
        case Group::neck:
            return {"T-D1600", "SRT", "Neck"};
        case Group::chest:
            return {"T-D3000", "SRT", "Chest"};
        case Group::pelvis:
            return {"T-D6000", "SRT", "Pelvis"};
        case Group::spine:
            return {"T-11500", "SRT", "Spine"};
        case Group::extremity:
            return {"T-D9000", "SRT", "Lower limb"};
        case Group::cardiac:
            return {"T-32000", "SRT", "Heart"};
        case Group::whole_body:
            return {"T-D0010", "SRT", "Entire body"};
        case Group::abdomen:
        case Group::angio:
            return {"T-D4000", "SRT", "Abdomen"};
        case Group::calibration:
            return {"T-D1100", "SRT", "Head"};
    }
    return {};
}

const char* protocol_name(Group group) {
    switch (group) {
        case Group::head:
            return "Head Routine";
        case Group::neck:
            return "Neck Contrast";
        case Group::chest:
            return "Chest Routine";
        case Group::abdomen:
            return "Abdomen Multiphase";
        case Group::pelvis:
            return "Pelvis";
        case Group::spine:
            return "L-Spine";
        case Group::extremity:
            return "Knee";
        case Group::cardiac:
            return "Cardiac CTA";
        case Group::angio:
            return "Angio Aorta";
        case Group::whole_body:
            return "Whole Body Trauma";
        case Group::calibration:
            return "QC Water Phantom";
    }
    return "";
}

Coded acquisition_code(Acquisition acquisition) {
    switch (acquisition) {
        case Acquisition::spiral:
            return {"P5-08001", "SRT", "Spiral Acquisition"};
        case Acquisition::sequenced:
            return {"113804", "DCM", "Sequenced Acquisition"};
        case Acquisition::localiser:
            return {"113805", "DCM", "Constant Angle Acquisition"};
        case Acquisition::stationary:
            return {"113806", "DCM", "Stationary Acquisition"};
    }
    return {};
}

Coded give_up_code(std::string_view reason) {
    if (reason == "equipment_failure") return {"110501", "DCM", "Equipment failure"};
    if (reason == "patient_refused") return {"110505", "DCM", "Patient refused to continue procedure"};
    if (reason == "no_show") return {"110507", "DCM", "Patient did not arrive"};
    if (reason == "patient_condition") return {"110506", "DCM", "Patient condition prevented continuing"};
    if (reason == "wrong_worklist") return {"110514", "DCM", "Incorrect worklist entry selected"};
    if (reason == "operator_error") return {"110519", "DCM", "Operator error"};
    return {"110513", "DCM", "Discontinued for unspecified reason"};
}

}  // namespace gantry::sim
