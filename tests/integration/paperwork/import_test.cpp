// The first day: a fleet that exists already comes in by its own table, before any agent does; documents and papers
// follow.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "common/core/crypto.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/feeder.hpp"
#include "tests/support/line_client.hpp"
#include "tests/support/wait.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

const std::string table =
    "设备编号,设备名称,类别,生产企业,型号,序列号,机构,院区,采购日期,排数,状态,启用日期\n"
    "ct-1,一号CT,CT,Meridian,Axis,SN-1,h-1,east,2021-03-05,64,在用,2021-06-01\n"
    "ct-2,二号CT,CT,Meridian,Axis,SN-2,h-1,east,2021-03-05,六十四,在用,2021-06-01\n"
    "ct-3,三号CT,CT,Meridian,Axis,SN-3,h-1,west,2019-01-07,16,IDLE,2024-02-01\n";

std::string counts(const json::value& answer) {
    const json::object& report = answer.at("report").as_object();
    std::string out;
    for (const char* name : {"rows", "added", "changed", "unchanged", "refused"})
        out += std::to_string(report.at(name).as_int64()) + " ";
    return out;
}

std::int64_t log_size(const Desk& desk) { return desk.get("/api/v1/status").at("log_size").as_int64(); }

}  // namespace

TEST_CASE("a fleet comes in by its table, and the same table again changes nothing") {
    const Desk desk;
    write_text(desk.dir / "fleet.csv", table);
    const std::string file = (desk.dir / "fleet.csv").string();
    const std::int64_t empty = log_size(desk);
    CHECK(counts(desk.asked({"import", file, "--dry-run"})) == "3 2 0 0 1 ");
    CHECK(log_size(desk) == empty);
    const json::value first = desk.asked({"import", file});
    CHECK(counts(first) == "3 2 0 0 1 ");
    const json::object& bad = first.at("report").at("results").at(1).as_object();
    CHECK(bad.at("row").as_int64() == 3);
    CHECK(bad.at("errors").at(0).at("column").as_string() == "排数");
    CHECK(bad.at("errors").at(0).at("got").as_string() == "六十四");
    CHECK(!first.at("report").at("results").at(0).at("missing").as_array().empty());

    const std::int64_t after = log_size(desk);
    CHECK(after == empty + 6);  // an entry, a sheet and a baseline for each of two devices
    CHECK(counts(desk.asked({"import", file})) == "3 0 0 2 1 ");
    CHECK(log_size(desk) == after);
    write_text(desk.dir / "fleet.csv", [] {
        std::string changed = table;
        changed.replace(changed.find("六十四"), std::string{"六十四"}.size(), "64");
        changed.replace(changed.find("三号CT"), std::string{"三号CT"}.size(), "三号");
        return changed;
    }());
    CHECK(counts(desk.asked({"import", file})) == "3 1 1 1 0 ");

    // What another way than the page's own wrote is on the page within two seconds.
    json::value devices;
    REQUIRE(wait_until([&] {
        devices = desk.get("/api/v1/devices");
        return devices.at("items").as_array().size() == 3;
    }));
    CHECK(devices.at("items").at(2).at("name").as_string() == "三号");
    CHECK(devices.at("items").at(2).at("state").as_string() == "IDLE");
    CHECK(desk.get("/api/v1/orgs").at("items").at(0).at("devices").as_int64() == 3);
    CHECK(desk.get("/api/v1/devices/ct-1/papers").at("items").at(0).at("body").at("rows").as_int64() == 64);
    CHECK(desk.gantry({"import", (desk.dir / "none.csv").string()}).exit == Exit{74, 0});
    CHECK(desk.gantry({"import", (desk.dir / "fleet.doc").string()}).exit == Exit{2, 0});
    const Ran rebuilt = desk.gantry({"rebuild", "--check"});
    CHECK_MESSAGE(rebuilt.exit == Exit{}, rebuilt.err);
}

TEST_CASE("an agent of a device without a key is refused, and goes on once the key is registered") {
    Desk desk;
    REQUIRE(desk.gantry({"register", "device", "ct-1", "--modality", "CT"}).exit == Exit{});
    Agent agent{desk.dir / "agent", "ct-1", desk.broker_url(), desk.collector.provisioning()};
    agent.start();
    feed(agent, 1, 3);
    CHECK(wait_until(
        [&] { return desk.collector.metric("gantry_frames_refused_total{reason=\"unknown_key\"}").value_or(0) > 0; },
        20s));
    CHECK(agent.status("pending").value_or(0) >= 3);
    REQUIRE(desk.gantry({"register", "device", "ct-1", "--modality", "CT", "--record-key", agent.record_key()}).exit ==
            Exit{});
    agent.kill_now();
    agent.start();  // asks at once instead of after its pause
    CHECK(wait_until([&] { return agent.status("pending") == 0; }, 60s));
}

TEST_CASE("documents and papers go on file from the command line") {
    Desk desk;
    REQUIRE(desk.gantry({"register", "device", "ct-1", "--modality", "CT"}).exit == Exit{});
    const std::string pdf = "%PDF-1.7\nacceptance test\n";
    write_text(desk.dir / "test.pdf", pdf);
    const std::vector<std::string> add{"document",          "add",     (desk.dir / "test.pdf").string(),
                                       "--device",          "ct-1",    "--kind",
                                       "acceptance_report", "--title", "验收报告"};
    const json::value kept = desk.asked(add);
    const std::string sha = to_hex(sha256(as_bytes(pdf)));
    CHECK(kept.at("document").at("sha256").as_string() == sha);
    CHECK(desk.asked(add).at("document").at("log_index") == kept.at("document").at("log_index"));  // filed once
    const auto stored = desk.collector.state() / "documents" / sha.substr(0, 2) / sha.substr(2, 2) / sha;
    CHECK(read_text(stored) == pdf);
    CHECK(std::filesystem::status(stored).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(desk.get("/api/v1/devices/ct-1/papers").at("items").at(0).at("body").at("sha256").as_string() == sha);
    write_text(stored, "%PDF-1.7\nanother test\n");
    const HttpAnswer damaged = http_get(desk.collector.port(), "/api/v1/documents/" + sha);
    CHECK(damaged.status == 500);
    CHECK(damaged.body.find("have changed on the disk") != std::string::npos);
    write_text(desk.dir / "program.pdf", "MZ\x90");
    CHECK(
        desk.gantry({"document", "add", (desk.dir / "program.pdf").string(), "--device", "ct-1", "--kind", "x"}).exit ==
        Exit{65, 0});

    write_text(
        desk.dir / "permit.json",
        R"({"kind":"radiation_safety","no":"HJ-7","holder":"h-1","devices":["ct-1"],"from":"2024-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z"})");
    const std::string permit = (desk.dir / "permit.json").string();
    REQUIRE(desk.gantry({"paper", "file", "permit", "HJ-7", permit, "--reason", "scan of the original"}).exit ==
            Exit{});
    CHECK(desk.gantry({"paper", "file", "novel", "HJ-7", permit, "--reason", "scan of the original"}).exit ==
          Exit{65, 0});
    const json::array dates = desk.asked({"due", "--device", "ct-1"}).as_array();
    REQUIRE(dates.size() == 2);
    CHECK(dates[0].at("kind").as_string() == "permit_renewal");
    CHECK(desk.gantry({"due", "--ics"}).out.starts_with("BEGIN:VCALENDAR\r\n"));
}
