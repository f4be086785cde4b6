#pragma once

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "agent/audit/domain/pattern.hpp"
#include "agent/audit/domain/pseudonym.hpp"
#include "common/core/schema.hpp"

// What the tests of gantry-audit share: keys, the shipped schema, audit messages in both spellings.
namespace gantry::audit::testing {

inline Pseudonyms pseudonyms() {
    Hash key{};
    key.fill(7);
    return Pseudonyms{key};
}

inline std::string read_text(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline const Schema& schema() {
    static const Schema loaded = Schema::parse(read_text(GANTRY_SOURCE_DIR "/config/schema/events.toml")).value();
    return loaded;
}

inline std::shared_ptr<const PatternFile> shipped(const std::string& name) {
    const std::string path = GANTRY_SOURCE_DIR "/config/audit/patterns/" + name + ".toml";
    return std::make_shared<const PatternFile>(PatternFile::parse(read_text(path), name + ".toml", schema()).value());
}

enum class Spelling { dicom, rfc3881 };

struct FakeMessage {
    int event = 110100;
    int type = 110120;  // 0: none
    std::string time = "2026-03-04T05:06:07.089+08:00";
    std::string outcome = "0";
    std::string user = "SECRET-USER";
    std::string source = "SECRET-SOURCE";
    std::string ae = "CT_EAST_1";
    Spelling spelling = Spelling::dicom;
};

inline std::string coded(std::string_view element, int code, Spelling spelling) {
    if (code == 0) return {};
    return spelling == Spelling::dicom
               ? fmt::format(R"(<{} csd-code="{}" codeSystemName="DCM" originalText="SECRET-TEXT"/>)", element, code)
               : fmt::format(R"(<{} displayName="SECRET-TEXT" codeSystemName="DCM" code="{}"/>)", element, code);
}

// An application, the person who asked for it, a source, and a patient with a study: everything that must not leave is
// called SECRET.
inline std::string xml_of(const FakeMessage& m) {
    return fmt::format(
        R"(<?xml version="1.0" encoding="UTF-8"?>
<AuditMessage>
  <EventIdentification EventActionCode="E" EventDateTime="{}" EventOutcomeIndicator="{}">{}{}</EventIdentification>
  <ActiveParticipant UserID="SECRET-PROCESS" AlternativeUserID="AETITLES={}" UserIsRequestor="false" NetworkAccessPointID="SECRET-NODE" NetworkAccessPointTypeCode="1">{}</ActiveParticipant>
  <ActiveParticipant UserID="{}" UserName="SECRET-NAME" UserIsRequestor="true"/>
  <AuditSourceIdentification AuditSourceID="{}" AuditEnterpriseSiteID="SECRET-SITE"/>
  <ParticipantObjectIdentification ParticipantObjectID="SECRET-PATIENT" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">
    <ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/>
    <ParticipantObjectName>SECRET-PATIENT-NAME</ParticipantObjectName>
    <ParticipantObjectDetail type="SECRET-DETAIL" value="U0VDUkVU"/>
  </ParticipantObjectIdentification>
</AuditMessage>
)",
        m.time, m.outcome, coded("EventID", m.event, m.spelling), coded("EventTypeCode", m.type, m.spelling), m.ae,
        coded("RoleIDCode", 110150, m.spelling), m.user, m.source);
}

inline std::string syslog_of(std::string_view xml) {
    return fmt::format(
        "<85>1 2026-03-04T05:06:07.089Z SECRET-HOST SECRET-APP 777 DICOM+RFC3881 "
        "[x@32473 k=\"SECRET\\]\"] \xEF\xBB\xBF{}",
        xml);
}

}  // namespace gantry::audit::testing
