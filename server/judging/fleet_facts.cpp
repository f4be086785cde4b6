#include "server/judging/fleet_facts.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/domain/leaf_json.hpp"
#include "server/domain/paper/paper_read.hpp"
#include "server/store/read_papers.hpp"

namespace gantry::judging {
namespace {

constexpr std::size_t page = 1000;

std::string text_of(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : std::string{};
}

void add(std::map<std::string, std::vector<std::string>>& to, const std::string& key, const std::string& device) {
    if (key.empty()) return;
    auto& devices = to[key];
    if (std::ranges::find(devices, device) == devices.end()) devices.push_back(device);
}

void add_serials(FleetFacts& out, const store::StoreReader::Device& device) {
    if (const auto entry = parse_fact_leaf(device.row.entry))
        add(out.by_serial, text_of(*entry, "serial"), device.row.id);
    if (device.fold.empty()) return;
    const auto fold = parse_device_fold(device.fold);
    if (!fold) return;
    add(out.by_serial, fold->identity.serial, device.row.id);
    for (const TubeFold& tube : fold->tubes) add(out.by_serial, tube.serial, device.row.id);
}

void add_test(FleetFacts& out, const paper::Test& test) {
    add(out.by_report, test.report_sha256, test.device);
    if (test.inspector.empty()) return;
    const auto day = static_cast<std::time_t>(test.at_ms / 1000);
    ++out.inspector_day_tests[fmt::format("{}@{:%Y-%m-%d}", test.inspector, fmt::gmtime(day))];
}

void each_paper(store::StoreReader& reader, const std::string& kind,
                const std::function<void(const paper::Paper&)>& on_paper) {
    std::string after;
    while (true) {
        const auto rows = store::papers_page(reader, kind, kind, after, page);
        for (const store::PaperRow& row : rows)
            if (const auto read = paper::read_paper({row.id, row.leaf, row.recv_ms}, row.kind, row.body))
                on_paper(*read);
        if (rows.size() < page) return;
        after = rows.back().id;
    }
}

}  // namespace

FleetFacts read_fleet_facts(store::StoreReader& reader) {
    FleetFacts out;
    const store::StoreReader::Snapshot snapshot{reader};
    for (const store::StoreReader::Device& device : reader.devices()) add_serials(out, device);
    each_paper(reader, "test", [&](const paper::Paper& read) { add_test(out, std::get<paper::Test>(read)); });
    each_paper(reader, "permit", [&](const paper::Paper& read) {
        const auto& permit = std::get<paper::Permit>(read);
        if (permit.kind != paper::PermitKind::config_licence) return;
        for (const std::string& device : permit.devices) add(out.by_licence, permit.no, device);
    });
    return out;
}

void add_fleet_facts(rules::DeviceCase& device, const FleetFacts& fleet) {
    const auto others = [&](const std::map<std::string, std::vector<std::string>>& from, const std::string& key,
                            std::map<std::string, std::vector<std::string>>& to) {
        const auto found = from.find(key);
        if (key.empty() || found == from.end()) return;
        std::vector<std::string> rest = found->second;
        std::erase(rest, device.device);
        if (!rest.empty()) to[key] = std::move(rest);
    };
    device.same_serial.clear();
    device.same_report.clear();
    device.inspector_day_tests.clear();
    device.licence_devices.clear();
    std::set<std::string> serials{device.fold.identity.serial, device.papers.sheet.serial};
    for (const TubeFold& tube : device.fold.tubes) serials.insert(tube.serial);
    for (const std::string& serial : serials) others(fleet.by_serial, serial, device.same_serial);
    for (const paper::Test& test : device.papers.tests) {
        others(fleet.by_report, test.report_sha256, device.same_report);
        const auto day = static_cast<std::time_t>(test.at_ms / 1000);
        const std::string key = fmt::format("{}@{:%Y-%m-%d}", test.inspector, fmt::gmtime(day));
        if (const auto found = fleet.inspector_day_tests.find(key); found != fleet.inspector_day_tests.end())
            device.inspector_day_tests[key] = found->second;
    }
    for (const paper::Permit& permit : device.papers.permits)
        if (const auto found = fleet.by_licence.find(permit.no); found != fleet.by_licence.end())
            device.licence_devices[permit.no] = found->second;
}

}  // namespace gantry::judging
