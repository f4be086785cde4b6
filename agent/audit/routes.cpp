#include "agent/audit/routes.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "agent/audit/domain/limits.hpp"
#include "common/io/files.hpp"

namespace gantry::audit {
namespace {

struct Condition {
    std::string_view key;
    std::string Sender::*member;
    int rank;
};
// A better condition outweighs all lesser ones together.
constexpr Condition conditions[] = {{"certificate", &Sender::certificate, 8},
                                    {"peer", &Sender::peer, 4},
                                    {"ae", &Sender::ae, 2},
                                    {"host", &Sender::host, 1}};

Error wrong(std::string_view file, const toml::source_region& source, std::string_view message) {
    return {Errc::malformed, fmt::format("{}:{}: {}", file, source.begin.line, message)};
}

Result<Route> parse_route(const toml::table& table, std::string_view file) {
    Route route;
    bool any = false;
    for (const auto& [key, node] : table) {
        const auto condition = std::ranges::find(conditions, key.str(), &Condition::key);
        const std::string text = node.value_or(std::string{});
        if (!node.is_string() || text.empty() || (condition == std::end(conditions) && key.str() != "intake")) {
            return wrong(
                file, key.source(),
                fmt::format("route: got \"{}\", want certificate, peer, ae, host and intake, each a text", key.str()));
        }
        if (key.str() == "intake") {
            route.intake = text;
        } else {
            route.when.*condition->member = text;
            any = true;
        }
    }
    if (!any) return wrong(file, table.source(), "route: got no condition, want certificate, peer, ae or host");
    if (route.intake.empty()) return wrong(file, table.source(), "route: got no intake, want the path of a socket");
    return route;
}

// 0: does not fit.
int rank(const Route& route, const Sender& sender) {
    int out = 0;
    for (const Condition& condition : conditions) {
        const std::string& wanted = route.when.*condition.member;
        if (wanted.empty()) continue;
        if (wanted != sender.*condition.member) return 0;
        out += condition.rank;
    }
    return out;
}

}  // namespace

Result<RouteTable> RouteTable::parse(std::string_view text, std::string_view file) {
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return wrong(file, error.source(), error.description());
    }
    RouteTable out;
    for (const auto& [key, node] : root) {
        if (key == "unassigned" && node.is_string()) {
            out.unassigned_ = node.value_or(std::string{});
        } else if (key == "route" && node.is_array_of_tables()) {
            for (const toml::node& entry : *node.as_array()) {
                auto route = parse_route(*entry.as_table(), file);
                if (!route) return route.error();
                const auto same = [&](const Route& other) {
                    return std::ranges::all_of(conditions, [&](const Condition& condition) {
                        return other.when.*condition.member == route->when.*condition.member;
                    });
                };
                if (std::ranges::any_of(out.routes_, same))
                    return wrong(file, entry.source(), "route: the same conditions are there twice");
                out.routes_.push_back(std::move(*route));
            }
        } else {
            return wrong(file, key.source(),
                         fmt::format("got \"{}\", want unassigned = \"SOCKET\" and [[route]]", key.str()));
        }
    }
    if (out.routes_.size() > limits::routes_max)
        return wrong(file, root.source(),
                     fmt::format("got {} routes, want at most {}", out.routes_.size(), limits::routes_max));
    if (out.unassigned_.empty())
        return wrong(file, root.source(), "got no unassigned, want the socket for what no route claims");
    return out;
}

RouteTable RouteTable::single(const std::filesystem::path& intake) {
    RouteTable out;
    out.only_ = intake;
    return out;
}

RouteTable::Choice RouteTable::choose(const Sender& sender) const {
    if (!only_.empty()) return {only_, false};
    const Route* best = nullptr;
    int best_rank = 0;
    for (const Route& route : routes_) {
        if (const int fits = rank(route, sender); fits > best_rank) {
            best = &route;
            best_rank = fits;
        }
    }
    return best == nullptr ? Choice{unassigned_, true} : Choice{best->intake, false};
}

Result<RouteTable> read_routes(const std::filesystem::path& intake, const std::filesystem::path& routes) {
    if (!intake.empty()) return RouteTable::single(intake);
    const auto text = files::read_all(routes);
    if (!text) return text.error();
    return RouteTable::parse(*text, routes.string());
}

}  // namespace gantry::audit
