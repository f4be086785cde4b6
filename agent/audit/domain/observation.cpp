#include "agent/audit/domain/observation.hpp"

#include "common/core/json.hpp"

namespace gantry::audit {
namespace {

// The type of an observation and the fields that its code alone settles.
struct Meaning {
    std::string_view type;
    std::string_view key1, value1;
    std::string_view key2, value2;
};

constexpr Meaning as_audit{"audit", {}, {}, {}, {}};

// PS3.16 CID 400 and 401. Nothing: not about the equipment.
std::optional<Meaning> meaning_of(int code) {
    switch (code) {
        case 110120:
            return Meaning{"power.on", {}, {}, {}, {}};
        case 110121:
            return Meaning{"power.off", {}, {}, {}, {}};
        case 110128:
            return Meaning{"config.changed", "item", "network", {}, {}};
        case 110129:
            return Meaning{"config.changed", "item", "security", {}, {}};
        case 110130:
            return Meaning{"config.changed", "item", "hardware", {}, {}};
        case 110131:
            return Meaning{"config.changed", "item", "software", {}, {}};
        case 110139:
            return Meaning{"service.session", "phase", "start", "access", "remote"};
        case 110140:
            return Meaning{"service.session", "phase", "end", "access", "remote"};
        case 110141:
            return Meaning{"service.session", "phase", "start", "access", "local"};
        case 110142:
            return Meaning{"service.session", "phase", "end", "access", "local"};
        case 110101:  // audit log used
        case 110105:  // study deleted
        case 110106:  // export
        case 110108:  // network entry
        case 110113:  // security alert without a type
        case 110122:  // login
        case 110123:  // logout
        case 110124:  // attach
        case 110125:  // detach
        case 110126:  // node authentication
        case 110127:  // emergency override started
        case 110132:  // use of restricted function
        case 110133:  // audit recording stopped
        case 110134:  // audit recording started
        case 110135:  // object security attributes changed
        case 110136:  // security roles changed
        case 110137:  // user security attributes changed
        case 110138:  // emergency override stopped
            return as_audit;
        default:
            return std::nullopt;
    }
}

std::string body_of(const AuditMessage& message, int code, const Meaning& meaning, std::string_view source_h) {
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    if (meaning.type == "audit") json.field("code", code);
    if (!meaning.key1.empty()) json.field(meaning.key1, meaning.value1);
    if (!meaning.key2.empty()) json.field(meaning.key2, meaning.value2);
    // Who started the scanner in the morning is nobody's business here.
    if (!message.user_h.empty() && !meaning.type.starts_with("power.")) json.field("user_h", message.user_h);
    if (meaning.type == "audit" && message.outcome) json.field("outcome", name(*message.outcome));
    if (!source_h.empty()) json.key("origin").begin_object().field("source_h", source_h).end_object();
    json.end_object();
    return out;
}

}  // namespace

std::string intake_line(std::string_view source, const Observation& observation) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("src", source).field("type", observation.type);
    if (observation.at_ms) json.field("at", *observation.at_ms);
    json.key("body").raw(observation.body).end_object();
    return out;
}

std::vector<Observation> observe(const AuditMessage& message, std::string_view source_h) {
    std::vector<Observation> out;
    const bool done = !message.outcome || *message.outcome == Outcome::success;
    for (const int code : message.codes) {
        auto meaning = meaning_of(code);
        if (!meaning) continue;
        if (!done) meaning = as_audit;
        out.push_back({std::string{meaning->type}, message.at_ms, body_of(message, code, *meaning, source_h)});
    }
    return out;
}

}  // namespace gantry::audit
