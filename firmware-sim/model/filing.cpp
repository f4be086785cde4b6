#include "firmware-sim/model/filing.hpp"

#include <fmt/format.h>

#include "firmware-sim/model/calendar.hpp"

namespace gantry::sim {

// All texts are of our own making: nothing in them needs an escape.
PaperBody& PaperBody::add(std::string_view key, std::string raw) {
    members_.push_back({std::string{key}, std::move(raw), 0, {}, Member::Kind::raw});
    return *this;
}
PaperBody& PaperBody::text(std::string_view key, std::string_view value) {
    return value.empty() ? *this : add(key, fmt::format("\"{}\"", value));
}
PaperBody& PaperBody::number(std::string_view key, std::int64_t value) { return add(key, fmt::format("{}", value)); }
PaperBody& PaperBody::flag(std::string_view key, bool value) { return add(key, value ? "true" : "false"); }
PaperBody& PaperBody::when(std::string_view key, std::int64_t at_ms) {
    if (at_ms != 0) members_.push_back({std::string{key}, {}, at_ms, {}, Member::Kind::time});
    return *this;
}
PaperBody& PaperBody::texts(std::string_view key, const std::vector<std::string>& values) {
    std::string raw = "[";
    for (const std::string& value : values) raw += fmt::format("{}\"{}\"", raw.size() > 1 ? "," : "", value);
    return add(key, raw + "]");
}
PaperBody& PaperBody::list(std::string_view key, std::vector<PaperBody> items) {
    members_.push_back({std::string{key}, {}, 0, std::move(items), Member::Kind::list});
    return *this;
}

std::string PaperBody::json(TimeForm form) const {
    std::string out = "{";
    for (const Member& member : members_) {
        if (out.size() > 1) out += ',';
        out += fmt::format("\"{}\":", member.key);
        if (member.kind == Member::Kind::time) {
            out +=
                form == TimeForm::text ? fmt::format("\"{}\"", rfc3339(member.at_ms)) : fmt::format("{}", member.at_ms);
        } else if (member.kind == Member::Kind::list) {
            out += '[';
            for (std::size_t i = 0; i < member.items.size(); ++i)
                out += (i > 0 ? "," : "") + member.items[i].json(form);
            out += ']';
        } else {
            out += member.raw;
        }
    }
    return out + "}";
}

}  // namespace gantry::sim
