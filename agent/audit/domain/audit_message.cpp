#include "agent/audit/domain/audit_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/text.hpp"
#include "agent/audit/domain/xml.hpp"

namespace gantry::audit {
namespace {

// A code of CID 400 to 402, of DICOM's own terminology or of none that is named.
std::optional<int> dicom_code(const XmlAttributes& attributes) {
    const std::string_view system = attributes.first({"codeSystemName", "codeSystem"});
    constexpr std::string_view dicom_root = "1.2.840.10008.2.16.4";
    if (!system.empty() && system != "DCM" && system != "dcm" && system != dicom_root) return std::nullopt;
    const std::string_view text = attributes.first({"csd-code", "code"});
    int code = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (problem != std::errc{} || end != text.data() + text.size() || code < 110100 || code > 110199)
        return std::nullopt;
    return code;
}

enum Role { none, application = 110150, launcher = 110151, destination = 110152, source = 110153 };

struct Participant {
    std::string user;
    std::string ae;
    bool requestor = true;  // RFC 3881's default
    int role = none;        // the first DICOM role that is named

    bool person() const { return role == none || role == launcher || role < application || role > 110155; }
};

// "AETITLES=CT_1;CT_1B" (PS3.15 A.5.3): the first of them.
std::string ae_title(std::string_view alternative_id) {
    constexpr std::string_view mark = "AETITLES=";
    const auto at = alternative_id.find(mark);
    if (at == std::string_view::npos) return {};
    std::string_view title = alternative_id.substr(at + mark.size());
    title = title.substr(0, title.find(';'));
    while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
    while (!title.empty() && title.front() == ' ') title.remove_prefix(1);
    return is_token(title, 16) ? std::string{title} : std::string{};
}

std::optional<Outcome> outcome_of(std::string_view text) {
    if (text == "0") return Outcome::success;
    if (text == "4") return Outcome::minor_failure;
    if (text == "8") return Outcome::serious_failure;
    if (text == "12") return Outcome::major_failure;
    return std::nullopt;
}

// Collects the few attributes that count. What stands inside a ParticipantObjectIdentification, patients above all, is
// never looked at.
class Reader : public XmlHandler {
public:
    void begin(std::string_view element, std::string_view parent, std::size_t depth,
               const XmlAttributes& attributes) override {
        if (depth == 1) {
            is_audit_ = element == "AuditMessage";
        } else if (depth == 2 && element == "EventIdentification") {
            time_ = attributes.first({"EventDateTime"});
            outcome_ = attributes.first({"EventOutcomeIndicator"});
            action_ = attributes.first({"EventActionCode"});
        } else if (depth == 2 && element == "ActiveParticipant") {
            reading_participant_ = participants_.size() < limits::participants_max;
            if (reading_participant_) participants_.push_back(participant(attributes));
        } else if (depth == 2 && element == "AuditSourceIdentification") {
            source_ =
                fmt::format("{}|{}", attributes.first({"AuditEnterpriseSiteID"}), attributes.first({"AuditSourceID"}));
        } else if (depth == 3 && parent == "EventIdentification") {
            event_code(element, attributes);
        } else if (depth == 3 && parent == "ActiveParticipant" && element == "RoleIDCode" && reading_participant_) {
            Participant& last = participants_.back();
            if (last.role == none) last.role = dicom_code(attributes).value_or(none);
        }
    }

    Result<AuditMessage> finish(const Pseudonyms& pseudonyms, const Zone& zone) const {
        if (!is_audit_) return Error{Errc::refused, "audit message: got another document, want an AuditMessage"};
        AuditMessage out;
        const auto at = parse_xml_time(time_, zone);
        if (!at) return Error{Errc::malformed, "audit message: got no EventDateTime of the form 2026-03-04T05:06:07Z"};
        out.at_ms = *at;
        out.zone_missing = !zone.is_set() && !carries_offset(time_);
        out.codes = types_;
        if (out.codes.empty() && event_) out.codes.push_back(*event_);
        if (out.codes.empty()) return Error{Errc::malformed, "audit message: got no EventID or EventTypeCode of DICOM"};
        out.outcome = outcome_of(outcome_);
        const std::string* user = requestor();
        if (user != nullptr) out.user_h = pseudonyms.of("user", *user);
        const auto titled = std::ranges::find_if(participants_, [](const Participant& p) {
            return !p.ae.empty() && p.role != destination && p.role != source;
        });
        if (titled != participants_.end()) out.ae = titled->ae;
        out.message_h = pseudonyms.of(
            "message", fmt::format("{}|{}|{}|{}|{}|{}|{}", out.at_ms, fmt::join(out.codes, ","), event_.value_or(0),
                                   action_, outcome_, source_, user == nullptr ? std::string{} : *user));
        return out;
    }

private:
    static Participant participant(const XmlAttributes& attributes) {
        Participant out;
        out.user = attributes.first({"UserID"});
        out.ae = ae_title(attributes.first({"AlternativeUserID"}));
        const std::string_view requestor = attributes.first({"UserIsRequestor"});
        out.requestor = requestor != "false" && requestor != "0";
        return out;
    }
    static bool carries_offset(std::string_view time) {
        return time.ends_with('Z') || time.find_first_of("+-", time.find('T')) != std::string_view::npos;
    }
    void event_code(std::string_view element, const XmlAttributes& attributes) {
        const auto code = dicom_code(attributes);
        if (!code) return;
        if (element == "EventID" && !event_) event_ = code;
        if (element == "EventTypeCode" && types_.size() < limits::codes_max &&
            std::ranges::find(types_, *code) == types_.end())
            types_.push_back(*code);
    }
    // The person (or, failing that, whoever is no application and no medium) who asked for it.
    const std::string* requestor() const {
        for (const bool must_ask : {true, false}) {
            for (const Participant& p : participants_)
                if (p.person() && !p.user.empty() && (p.requestor || !must_ask)) return &p.user;
        }
        return nullptr;
    }

    bool is_audit_ = false;
    bool reading_participant_ = false;
    std::string time_, outcome_, action_, source_;
    std::optional<int> event_;
    std::vector<int> types_;
    std::vector<Participant> participants_;
};

}  // namespace

std::string_view name(Outcome outcome) {
    switch (outcome) {
        case Outcome::success:
            return "success";
        case Outcome::minor_failure:
            return "minor_failure";
        case Outcome::serious_failure:
            return "serious_failure";
        case Outcome::major_failure:
            return "major_failure";
    }
    return "success";
}

Result<AuditMessage> read_audit_message(std::string_view xml, const Pseudonyms& pseudonyms, const Zone& zone) {
    Reader reader;
    if (auto walked = walk_xml(xml, reader); !walked) return walked.error();
    return reader.finish(pseudonyms, zone);
}

}  // namespace gantry::audit
