#include "server/ingest/register_entry.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "common/core/json.hpp"
#include "common/io/args.hpp"

namespace gantry::ingest {
namespace {

namespace json = boost::json;

struct TextMember {
    std::string_view name;
    std::string RegisterEntry::*member;
};
constexpr TextMember text_members[] = {
    {"name", &RegisterEntry::name},     {"maker", &RegisterEntry::maker}, {"model", &RegisterEntry::model},
    {"serial", &RegisterEntry::serial}, {"udi", &RegisterEntry::udi},     {"modality", &RegisterEntry::modality},
    {"org", &RegisterEntry::org},       {"site", &RegisterEntry::site},   {"tz", &RegisterEntry::tz},
};

Error bad(std::string what) { return {Errc::malformed, "device entry: " + std::move(what)}; }

const TextMember* find_member(std::string_view name) {
    for (const TextMember& known : text_members)
        if (known.name == name) return &known;
    return nullptr;
}

Error unknown_member(std::string_view name) {
    std::vector<std::string> known{"id", "record_key"};
    for (const TextMember& member : text_members) known.emplace_back(member.name);
    const std::string near = nearest(name, known);
    return bad(fmt::format("{}: not a member{}", name, near.empty() ? "" : ", did you mean " + near));
}

Result<void> set_text(RegisterEntry& entry, const TextMember& known, std::string_view text) {
    if (text.size() > register_text_max)
        return bad(fmt::format("{}: got {} bytes, want at most {}", known.name, text.size(), register_text_max));
    if (!is_valid_utf8(text)) return bad(fmt::format("{}: want UTF-8", known.name));
    for (const char c : text)
        if (static_cast<unsigned char>(c) < 0x20) return bad(fmt::format("{}: want no control characters", known.name));
    entry.*(known.member) = text;
    return {};
}

}  // namespace

Result<RegisterEntry> parse_register_entry(std::string_view text) {
    boost::system::error_code fault;
    const json::value parsed = json::parse({text.data(), text.size()}, fault);
    if (fault || !parsed.is_object()) return bad("want one JSON object");
    const json::object& members = parsed.get_object();
    const auto text_of = [&](std::string_view name) -> Result<std::string_view> {
        const json::value* found = members.if_contains({name.data(), name.size()});
        if (!found || !found->is_string()) return bad(fmt::format("{}: want a text", name));
        return std::string_view{found->get_string().data(), found->get_string().size()};
    };
    const auto id_text = text_of("id");
    if (!id_text) return id_text.error();
    auto id = DeviceId::parse(*id_text);
    if (!id) return bad(id.error().message);
    RegisterEntry entry{.id = *id};
    if (const json::value* given = members.if_contains("record_key"); given && !given->is_null()) {
        const auto key_text = text_of("record_key");
        if (!key_text) return key_text.error();
        const auto key = array_from_hex<32>(*key_text);
        if (!key) return bad("record_key: want 64 lower-case hexadecimal digits");
        entry.record_key = *key;
    }
    for (const auto& member : members) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (name == "id" || name == "record_key") continue;
        const TextMember* known = find_member(name);
        if (!known) return unknown_member(name);
        if (member.value().is_null()) continue;
        const auto value = text_of(name);
        if (!value) return value.error();
        if (auto set = set_text(entry, *known, *value); !set) return set.error();
    }
    return entry;
}

FactLeaf register_fact(const RegisterEntry& entry) {
    FactLeaf fact{.fact = std::string{facts::registered}, .subject = entry.id.text(), .more = {}};
    if (entry.record_key) fact.more["record_key"] = to_hex(*entry.record_key);
    for (const TextMember& known : text_members)
        if (const std::string& text = entry.*(known.member); !text.empty()) fact.more[std::string{known.name}] = text;
    return fact;
}

Result<RegisterEntry> entry_of_fact(const FactLeaf& fact) {
    auto id = DeviceId::parse(fact.subject);
    if (!id) return id.error();
    RegisterEntry entry{.id = *id};
    for (const auto& [name, value] : fact.more) {
        const auto* text = std::get_if<std::string>(&value);
        if (!text) continue;
        if (name == "record_key") {
            const auto key = array_from_hex<32>(*text);
            if (!key) return key.error();
            entry.record_key = *key;
        } else if (const TextMember* known = find_member(name)) {
            entry.*(known->member) = *text;
        }
    }
    return entry;
}

}  // namespace gantry::ingest
