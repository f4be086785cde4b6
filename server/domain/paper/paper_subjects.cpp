#include "server/domain/paper/paper_subjects.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace gantry::paper {
namespace {

namespace json = boost::json;

// Which member of which kind names whom; "*" stands for any kind. A list names each of its texts.
struct Naming {
    std::string_view kind;
    std::string_view member;
    Scope scope;
};
constexpr Naming namings[] = {
    {"*", "device", Scope::device},
    {"*", "devices", Scope::device},
    {"*", "org", Scope::org},
    {"*", "site", Scope::site},
    {"permit", "holder", Scope::org},
    {"certificate", "subject", Scope::named},
    {"commitment", "permit", Scope::named},
};
constexpr Naming quotes[] = {
    {"test", "body", Scope::named},           {"test", "inspector", Scope::named},
    {"test", "instruments", Scope::named},    {"contract", "supplier", Scope::named},
    {"work_order", "engineer", Scope::named},
};

// A paper whose id is that of what it describes.
struct OwnId {
    std::string_view kind;
    Scope scope;
};
constexpr OwnId own_ids[] = {
    {"org", Scope::org}, {"site", Scope::site}, {"device_sheet", Scope::device}, {"person", Scope::named}};

void add(std::vector<Subject>& out, Scope scope, const json::value& value) {
    if (value.is_string()) out.push_back({scope, std::string{std::string_view{value.get_string()}}});
    if (value.is_array())
        for (const json::value& item : value.get_array()) add(out, scope, item);
}

template <std::size_t n>
Result<std::vector<Subject>> collect(const PaperFiling& filing, const Naming (&table)[n]) {
    std::vector<Subject> out;
    if (filing.body.empty()) return out;
    boost::system::error_code error;
    const json::value body = json::parse(filing.body, error);
    if (error || !body.is_object()) return Error{Errc::malformed, "paper body: want a JSON object"};
    for (const Naming& naming : table) {
        if (naming.kind != "*" && naming.kind != filing.kind) continue;
        if (const json::value* found = body.get_object().if_contains(naming.member)) add(out, naming.scope, *found);
    }
    return out;
}

}  // namespace

std::string_view name(Scope scope) {
    switch (scope) {
        case Scope::device:
            return "device";
        case Scope::org:
            return "org";
        case Scope::site:
            return "site";
        case Scope::named:
            return "named";
        case Scope::all:
            return "all";
    }
    return "";
}

Result<std::vector<Subject>> subjects_of(const PaperFiling& filing) {
    auto out = collect(filing, namings);
    if (!out) return out;
    for (const OwnId& own : own_ids)
        if (own.kind == filing.kind) out->push_back({own.scope, filing.id});
    const bool names_devices = std::ranges::any_of(*out, [](const Subject& s) { return s.scope == Scope::device; });
    if (filing.kind == "recall" && !names_devices) out->push_back({Scope::all, ""});
    std::ranges::sort(*out);
    const auto repeated = std::ranges::unique(*out);
    out->erase(repeated.begin(), repeated.end());
    return out;
}

Result<std::vector<Subject>> quoted_by(const PaperFiling& filing) {
    auto out = collect(filing, quotes);
    if (!out) return out;
    if (filing.kind == "permit") out->push_back({Scope::named, filing.id});
    return out;
}

}  // namespace gantry::paper
