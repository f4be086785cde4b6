#include "server/domain/paper/paper_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <type_traits>
#include <utility>

#include "server/domain/paper/paper_fields.hpp"

namespace gantry::paper {
namespace {

namespace json = boost::json;

// Reads one object into one struct. The first field that is of another kind than its member is kept as the problem.
class Reader {
public:
    explicit Reader(const json::object& in) : in_{in} {}

    template <class T>
    Reader& operator()(std::string_view name, T& member) {
        const json::value* found = in_.if_contains(name);
        if (found && !read(*found, member) && problem_.empty()) problem_ = name;
        return *this;
    }
    const std::string& problem() const { return problem_; }

private:
    static bool read(const json::value& in, std::string& out) {
        if (!in.is_string()) return false;
        out = std::string_view{in.get_string()};
        return true;
    }
    static bool read(const json::value& in, std::int64_t& out) {
        if (!in.is_int64()) return false;
        out = in.get_int64();
        return true;
    }
    static bool read(const json::value& in, std::uint8_t& out) {
        if (!in.is_int64() || !std::in_range<std::uint8_t>(in.get_int64())) return false;
        out = static_cast<std::uint8_t>(in.get_int64());
        return true;
    }
    static bool read(const json::value& in, bool& out) {
        if (!in.is_bool()) return false;
        out = in.get_bool();
        return true;
    }
    template <class T>
    static bool read(const json::value& in, std::optional<T>& out) {
        return read(in, out.emplace());
    }
    template <class E>
    requires std::is_enum_v<E>
    static bool read(const json::value& in, E& out) {
        std::string word;
        constexpr auto words = words_of(E{});
        if (!read(in, word)) return false;
        const auto found = std::ranges::find(words, std::string_view{word});
        out = static_cast<E>(found - words.begin());
        return found != words.end();
    }
    template <class T>
    static bool read(const json::value& in, std::vector<T>& out) {
        if (!in.is_array()) return false;
        for (const json::value& item : in.get_array())
            if (!read(item, out.emplace_back())) return false;
        return true;
    }
    template <class T>
    requires requires(Reader& reader, T& part) { fields(reader, part); }
    static bool read(const json::value& in, T& out) {
        if (!in.is_object()) return false;
        Reader inner{in.get_object()};
        fields(inner, out);
        return inner.problem_.empty();
    }

    const json::object& in_;
    std::string problem_;
};

struct NameCollector {
    std::vector<std::string> names;
    template <class T>
    NameCollector& operator()(std::string_view name, T&) {
        names.emplace_back(name);
        return *this;
    }
};

template <std::size_t... I>
Paper blank(std::size_t kind, std::index_sequence<I...>) {
    Paper out;
    ((I == kind ? void(out.emplace<I>()) : void()), ...);
    return out;
}

std::optional<Paper> blank(std::string_view kind) {
    const auto found = std::ranges::find(paper_kinds, kind);
    if (found == paper_kinds.end()) return std::nullopt;
    return blank(static_cast<std::size_t>(found - paper_kinds.begin()),
                 std::make_index_sequence<std::variant_size_v<Paper>>{});
}

// One overload a paper: whom it names.
struct SubjectsOf {
    static Subjects device(const std::string& id) { return {.devices = {id}}; }
    static Subjects org(const std::string& id) { return {.orgs = {id}}; }
    static Subjects site(const std::string& id) { return {.sites = {id}}; }
    static Subjects devices_or_org(const std::vector<std::string>& ids, const std::string& id) {
        return ids.empty() ? org(id) : Subjects{.devices = ids};
    }

    Subjects operator()(const Org& p) const { return org(p.id); }
    Subjects operator()(const Site& p) const { return site(p.id); }
    Subjects operator()(const Room& p) const { return p.device.empty() ? site(p.site) : device(p.device); }
    Subjects operator()(const Person& p) const { return org(p.org); }
    Subjects operator()(const DeviceSheet& p) const { return device(p.id); }
    Subjects operator()(const Permit& p) const {
        if (!p.devices.empty()) return {.devices = p.devices};
        // Registered is a model, by a registrant who is not the hospital.
        if (p.kind == PermitKind::product_registration) return {.every_device = true};
        return p.site.empty() ? org(p.holder) : site(p.site);
    }
    Subjects operator()(const Commitment& p) const { return devices_or_org(p.devices, p.org); }
    Subjects operator()(const Certificate& p) const {
        return p.org.empty() ? Subjects{.every_device = true} : org(p.org);
    }
    Subjects operator()(const Operator& p) const { return devices_or_org(p.devices, p.org); }
    Subjects operator()(const Recall& p) const {
        const bool by_model = !(p.maker.empty() && p.model.empty() && p.serial_from.empty() && p.serial_to.empty());
        return {.devices = p.devices, .every_device = by_model};
    }
    Subjects operator()(const Contract& p) const { return {.devices = p.devices}; }
    Subjects operator()(const OpeningHours& p) const { return p.device.empty() ? site(p.site) : device(p.device); }
    Subjects operator()(const HolderChange& p) const { return org(p.org); }
    template <class T>
    Subjects operator()(const T& p) const {
        return device(p.device);
    }
};

}  // namespace

Result<Paper> read_paper(const Filed& filing, std::string_view kind, std::string_view body_json) {
    auto paper = blank(kind);
    if (!paper)
        return Error{Errc::not_found, fmt::format("paper: got kind '{}', want one of the schema's types", kind)};
    boost::system::error_code fault;
    const json::value body = json::parse(body_json, fault);
    if (fault || !body.is_object()) return Error{Errc::malformed, fmt::format("{}: want a JSON object", kind)};
    Reader reader{body.get_object()};
    std::visit(
        [&](auto& p) {
            static_cast<Filed&>(p) = filing;
            fields(reader, p);
        },
        *paper);
    if (!reader.problem().empty())
        return Error{Errc::malformed, fmt::format("{}.{}: got a value of another kind, want what the schema says", kind,
                                                  reader.problem())};
    return std::move(*paper);
}

std::vector<std::string> fields_of(std::string_view kind) {
    NameCollector collector;
    if (auto paper = blank(kind)) std::visit([&](auto& p) { fields(collector, p); }, *paper);
    return std::move(collector.names);
}

Subjects subjects(const Paper& paper) { return std::visit(SubjectsOf{}, paper); }

}  // namespace gantry::paper
