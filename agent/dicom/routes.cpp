#include "agent/dicom/routes.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>

#include "agent/dicom/intake_client.hpp"
#include "agent/dicom/limits.hpp"
#include "common/io/files.hpp"

namespace gantry::dicom {
namespace {

Error wrong(std::string_view file, std::string message) {
    return {Errc::malformed, fmt::format("{}: {}", file, message)};
}

Result<Route> parse_route(const toml::table& table, std::string_view file) {
    for (const auto& [key, node] : table) {
        const bool known = key == "ae" || key == "serial" || key == "intake";
        if (!known || !node.is_string()) {
            return wrong(file, fmt::format("route: got \"{}\", want ae, serial and intake, each a string", key.str()));
        }
    }
    Route route{table["ae"].value_or(std::string{}), table["serial"].value_or(std::string{}),
                table["intake"].value_or(std::string{})};
    if (route.ae.empty() && route.serial.empty())
        return wrong(file, "route: got neither ae nor serial, want at least one");
    if (route.intake.empty()) return wrong(file, "route: got no intake, want the path of a socket");
    return route;
}

}  // namespace

Result<RouteTable> RouteTable::parse(std::string_view text, std::string_view file) {
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return wrong(file, fmt::format("line {}: {}", error.source().begin.line, error.description()));
    }
    RouteTable out;
    for (const auto& [key, node] : root) {
        if (key == "unassigned" && node.is_string()) {
            out.unassigned_ = node.value_or(std::string{});
        } else if (key == "route" && node.is_array_of_tables()) {
            for (const auto& entry : *node.as_array()) {
                auto route = parse_route(*entry.as_table(), file);
                if (!route) return route.error();
                const auto same = [&](const Route& other) {
                    return other.ae == route->ae && other.serial == route->serial;
                };
                if (std::ranges::any_of(out.routes_, same)) {
                    return wrong(
                        file, fmt::format("route: ae \"{}\", serial \"{}\" is there twice", route->ae, route->serial));
                }
                out.routes_.push_back(std::move(*route));
            }
        } else {
            return wrong(file, fmt::format("got \"{}\", want unassigned = \"SOCKET\" and [[route]]", key.str()));
        }
    }
    if (out.unassigned_.empty()) return wrong(file, "got no unassigned, want the socket for what no route claims");
    return out;
}

const Route* RouteTable::find(const Sender& sender) const {
    const Route* best = nullptr;
    int best_rank = 0;
    for (const Route& route : routes_) {
        if (!route.ae.empty() && route.ae != sender.ae) continue;
        if (!route.serial.empty() && route.serial != sender.serial) continue;
        const int rank = (route.serial.empty() ? 0 : 2) + (route.ae.empty() ? 0 : 1);
        if (rank > best_rank) {
            best = &route;
            best_rank = rank;
        }
    }
    return best;
}

struct IntakeSet::Impl {
    std::map<std::string, std::unique_ptr<IntakeClient>> clients;
    std::unique_ptr<RouteTable> table;  // null: everything goes to `only`
    IntakeClient* only = nullptr;

    IntakeClient* client(const std::filesystem::path& socket) {
        auto& slot = clients[socket.string()];
        if (!slot) slot = std::make_unique<IntakeClient>(socket, limits::intake_timeout);
        return slot.get();
    }
};

IntakeSet::IntakeSet(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
IntakeSet::~IntakeSet() = default;

std::unique_ptr<IntakeSet> IntakeSet::single(const std::filesystem::path& intake) {
    auto impl = std::make_unique<Impl>();
    impl->only = impl->client(intake);
    return std::unique_ptr<IntakeSet>{new IntakeSet{std::move(impl)}};
}

std::unique_ptr<IntakeSet> IntakeSet::routed(RouteTable table) {
    auto impl = std::make_unique<Impl>();
    impl->table = std::make_unique<RouteTable>(std::move(table));
    return std::unique_ptr<IntakeSet>{new IntakeSet{std::move(impl)}};
}

Chooser IntakeSet::chooser() {
    return [impl = impl_.get()](const Sender& sender) {
        if (impl->only != nullptr) return Chosen{impl->only, false};
        const Route* route = impl->table->find(sender);
        return Chosen{impl->client(route == nullptr ? impl->table->unassigned() : route->intake), route == nullptr};
    };
}

Result<std::unique_ptr<IntakeSet>> open_intakes(const std::filesystem::path& intake,
                                                const std::filesystem::path& routes) {
    if (!intake.empty()) return IntakeSet::single(intake);
    const auto text = files::read_all(routes);
    if (!text) return text.error();
    auto table = RouteTable::parse(*text, routes.filename().string());
    if (!table) return table.error();
    return IntakeSet::routed(std::move(*table));
}

}  // namespace gantry::dicom
