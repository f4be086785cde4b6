#include "server/domain/leaf_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/core/json.hpp"
#include "common/core/limits.hpp"

namespace gantry {
namespace {

namespace json = boost::json;

Error malformed(std::string message) { return {Errc::malformed, std::move(message)}; }

// RFC 8785 sorts by UTF-16 code units: as bytes, but for characters beyond the basic plane, which sort before U+E000 …
// U+FFFF.
bool utf16_less(std::string_view a, std::string_view b) {
    const auto [left, right] = std::ranges::mismatch(a, b);
    if (left == a.end() || right == b.end()) return left == a.end() && right != b.end();
    const auto lead = [](char c) { return static_cast<unsigned char>(c); };
    const unsigned char x = lead(*left);
    const unsigned char y = lead(*right);
    if ((x >= 0xF0) != (y >= 0xF0) && x >= 0xEE && y >= 0xEE) return x >= 0xF0;
    return x < y;
}

Result<void> append_canonical(std::string& out, const json::value& value);

Result<void> append_object(std::string& out, const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : object) members.push_back(&member);
    std::ranges::sort(members, [](const auto* a, const auto* b) { return utf16_less(a->key(), b->key()); });
    out.push_back('{');
    for (const auto* member : members) {
        if (out.back() != '{') out.push_back(',');
        append_json_string(out, member->key());
        out.push_back(':');
        if (auto done = append_canonical(out, member->value()); !done) return done;
    }
    out.push_back('}');
    return {};
}

Result<void> append_canonical(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            return {};
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            return {};
        case json::kind::string:
            append_json_string(out, value.get_string());
            return {};
        case json::kind::object:
            return append_object(out, value.get_object());
        case json::kind::array:
            out.push_back('[');
            for (const json::value& item : value.get_array()) {
                if (&item != value.get_array().data()) out.push_back(',');
                if (auto done = append_canonical(out, item); !done) return done;
            }
            out.push_back(']');
            return {};
        case json::kind::int64:
            if (std::abs(value.get_int64()) > limits::json_integer_max) break;
            out += std::to_string(value.get_int64());
            return {};
        case json::kind::uint64:
        case json::kind::double_:
            break;
    }
    return malformed(fmt::format("JSON: got number {}, want whole numbers below 2^53", json::serialize(value)));
}

Result<json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error) return malformed("JSON: " + error.message());
    if (!value.is_object()) return malformed("JSON: want an object");
    return std::move(value.get_object());
}

json::value to_json(const DataValue& value) {
    return std::visit([](const auto& v) { return json::value(v); }, value);
}

Result<DataValue> from_json(std::string_view key, const json::value& value) {
    if (value.is_bool()) return DataValue{value.get_bool()};
    if (value.is_string()) return DataValue{std::string{std::string_view{value.get_string()}}};
    if (value.is_int64() && std::abs(value.get_int64()) <= limits::json_integer_max)
        return DataValue{value.get_int64()};
    return malformed(fmt::format("{}: want a text, a whole number below 2^53, true or false", key));
}

Result<DataMap> to_data(const json::object& object) {
    DataMap out;
    for (const auto& member : object) {
        auto value = from_json(member.key(), member.value());
        if (!value) return value.error();
        out.emplace(std::string{std::string_view{member.key()}}, std::move(*value));
    }
    return out;
}

json::array to_array(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

// Reads one leaf's members; the first thing that is not as written by us is the error.
class Members {
public:
    explicit Members(const json::object& object) : object_{object} {}

    std::string text(std::string_view key) {
        const json::value* found = object_.if_contains(key);
        if (found && found->is_string()) return std::string{std::string_view{found->get_string()}};
        if (found || key == "event" || key == "role" || key == "fact") missing(key);
        return {};
    }
    std::int64_t integer(std::string_view key) {
        const json::value* found = object_.if_contains(key);
        if (found && found->is_int64()) return found->get_int64();
        missing(key);
        return 0;
    }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        const json::value* found = object_.if_contains(key);
        if (found && !found->is_array()) missing(key);
        if (!found || !found->is_array()) return out;
        for (const json::value& item : found->get_array()) {
            if (!item.is_string()) missing(key);
            if (item.is_string()) out.emplace_back(std::string_view{item.get_string()});
        }
        return out;
    }
    State state(std::string_view key) {
        const std::string name = text(key);
        const auto found = name.empty() ? State::none : state_from(name);
        if (!found) missing(key);
        return found.value_or(State::none);
    }
    void missing(std::string_view key) {
        if (problem_.empty()) problem_ = fmt::format("leaf JSON: member '{}' is missing or of another kind", key);
    }
    const std::string& problem() const { return problem_; }

private:
    const json::object& object_;
    std::string problem_;
};

Result<paper::PaperFiling> to_filing(const json::value& value) {
    if (!value.is_object()) return malformed("leaf JSON: member 'paper' is no object");
    Members members{value.get_object()};
    paper::PaperFiling out{members.text("kind"), members.text("id")};
    if (out.kind.empty() || out.id.empty()) return malformed("leaf JSON: a paper has a kind and an id");
    const json::value* body = value.get_object().if_contains("body");
    if (!body) return out;
    if (auto done = append_canonical(out.body, *body); !done) return done.error();
    return out;
}

std::string canonical(const json::object& object) {
    std::string out;
    append_object(out, object).value();  // built from whole numbers and texts only
    return out;
}

}  // namespace

Result<std::string> canonical_json(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error) return malformed("JSON: " + error.message());
    std::string out;
    if (auto done = append_canonical(out, value); !done) return done.error();
    return out;
}

std::string declaration_leaf_json(const DeclarationLeaf& leaf) {
    const Declaration& d = leaf.declared;
    json::object out{{"actor", d.actor},   {"at", d.at_ms}, {"event", d.event},     {"evidence", to_array(d.evidence)},
                     {"reason", d.reason}, {"org", d.org},  {"role", name(d.role)}, {"subject", d.subject}};
    json::object data;
    for (const auto& [key, value] : d.data) data.emplace(key, to_json(value));
    out.emplace("data", std::move(data));
    if (d.paper) {
        json::object paper{{"kind", d.paper->kind}, {"id", d.paper->id}};
        if (!d.paper->body.empty()) paper.emplace("body", json::parse(d.paper->body));
        out.emplace("paper", std::move(paper));
    }
    if (!leaf.table.empty()) {
        out.emplace("table", leaf.table);
        out.emplace("old", name(leaf.from));
        out.emplace("new", name(leaf.to));
        std::vector<std::string> signers;
        for (const Role role : leaf.countersign) signers.emplace_back(name(role));
        out.emplace("countersign", to_array(signers));
    }
    return canonical(out);
}

Result<DeclarationLeaf> parse_declaration_leaf(std::string_view text) {
    const auto object = parse_object(text);
    if (!object) return object.error();
    Members members{*object};
    DeclarationLeaf out;
    Declaration& d = out.declared;
    d.event = members.text("event");
    d.subject = members.text("subject");
    d.actor = members.text("actor");
    d.org = members.text("org");
    d.reason = members.text("reason");
    d.at_ms = members.integer("at");
    d.evidence = members.texts("evidence");
    const auto role = role_from(members.text("role"));
    if (!role) members.missing("role");
    d.role = role.value_or(Role::hm);
    out.table = members.text("table");
    out.from = members.state("old");
    out.to = members.state("new");
    for (const std::string& word : members.texts("countersign")) {
        const auto signer = role_from(word);
        if (!signer) members.missing("countersign");
        out.countersign.push_back(signer.value_or(Role::hm));
    }
    if (!members.problem().empty()) return malformed(members.problem());
    if (const json::value* data = object->if_contains("data"); data && data->is_object()) {
        auto values = to_data(data->get_object());
        if (!values) return values.error();
        d.data = std::move(*values);
    }
    if (const json::value* paper = object->if_contains("paper")) {
        auto filing = to_filing(*paper);
        if (!filing) return filing.error();
        d.paper = std::move(*filing);
    }
    return out;
}

Result<DataMap> parse_data(std::string_view json_object) {
    const auto object = parse_object(json_object);
    if (!object) return object.error();
    return to_data(*object);
}

std::string fact_leaf_json(const FactLeaf& leaf) {
    json::object out;
    for (const auto& [key, value] : leaf.more) out.emplace(key, to_json(value));
    out["fact"] = leaf.fact;
    if (!leaf.subject.empty()) out["subject"] = leaf.subject;
    return canonical(out);
}

Result<FactLeaf> parse_fact_leaf(std::string_view text) {
    auto object = parse_object(text);
    if (!object) return object.error();
    Members members{*object};
    FactLeaf out{members.text("fact"), members.text("subject"), {}};
    if (!members.problem().empty()) return malformed(members.problem());
    object->erase("fact");
    object->erase("subject");
    auto more = to_data(*object);
    if (!more) return more.error();
    out.more = std::move(*more);
    return out;
}

std::optional<Assignment> assignment_of(const Declaration& declared) {
    if (declared.event != unassigned_assigned) return std::nullopt;
    const std::string* device = declared.text("device");
    const auto log_index = declared.number("log_index");
    if (!device || !log_index || *log_index < 0) return std::nullopt;
    return Assignment{*device, static_cast<std::uint64_t>(*log_index)};
}

}  // namespace gantry
