#include "firmware-sim/model/event.hpp"

#include <utility>

namespace gantry::sim {

Declared filed(Filing filing) {
    return {"paper.filed", "HM", "filed by the hospital", {}, "{}", std::make_shared<const Filing>(std::move(filing))};
}

std::string_view name(Group group) {
    switch (group) {
        case Group::head:
            return "head";
        case Group::neck:
            return "neck";
        case Group::chest:
            return "chest";
        case Group::abdomen:
            return "abdomen";
        case Group::pelvis:
            return "pelvis";
        case Group::spine:
            return "spine";
        case Group::extremity:
            return "extremity";
        case Group::cardiac:
            return "cardiac";
        case Group::angio:
            return "angio";
        case Group::whole_body:
            return "whole_body";
        case Group::calibration:
            return "calibration";
    }
    return "?";
}

std::string_view region_name(Group group) {
    switch (group) {
        case Group::extremity:
            return "lower_extremity";
        case Group::cardiac:
            return "heart";
        case Group::angio:
            return "abdomen";
        case Group::calibration:
            return "other";
        default:
            return name(group);
    }
}

std::string_view name(Purpose purpose) {
    switch (purpose) {
        case Purpose::patient:
            return "patient";
        case Purpose::phantom:
            return "phantom";
        case Purpose::service:
            return "service";
    }
    return "?";
}

std::string_view name(Acquisition acquisition) {
    switch (acquisition) {
        case Acquisition::localiser:
            return "localiser";
        case Acquisition::spiral:
            return "spiral";
        case Acquisition::sequenced:
            return "sequenced";
        case Acquisition::stationary:
            return "stationary";
    }
    return "?";
}

}  // namespace gantry::sim
