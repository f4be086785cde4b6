#include <doctest/doctest.h>

#include "server/http/device_view.hpp"

using namespace gantry;
using namespace gantry::http;

namespace {

constexpr std::int64_t hour = ms_per_hour;
constexpr std::int64_t now = 1'792'742'400'000 + 10 * 60'000;  // ten past a full hour
constexpr std::int64_t this_hour = 1'792'742'400'000;

DeviceView watched_all_day() {
    DeviceView device;
    device.id = "ct-1";
    device.seen_ms = now;
    device.fold.coverage_hour = this_hour - hour;
    for (int i = 25; i >= 1; --i) {
        store::HourRow row{this_hour - i * hour, {}};
        row.cell.coverage = (std::uint64_t{1} << 60) - 1;
        device.hours.push_back(row);
    }
    return device;
}

void add(DeviceView& device, Lane lane, std::string state, std::int64_t from, std::optional<std::int64_t> to) {
    device.intervals.push_back({lane, "", from, to, std::move(state), 0});
}

std::string_view state_at(const DeviceView& device, std::size_t i) { return bands_24h(device, now).at(i).state; }

}  // namespace

TEST_CASE("band: 48 half hours that end with the present one") {
    const auto bands = bands_24h(watched_all_day(), now);
    REQUIRE(bands.size() == 48);
    CHECK(bands.back().from_ms == this_hour);
    CHECK(bands.front().from_ms == this_hour - 47 * half_hour_ms);
    for (const BandCell& band : bands) CHECK(band.state == "on");
}

TEST_CASE("band: nobody watching is void, never up and never zero") {
    const auto bands = bands_24h(DeviceView{}, now);
    for (const BandCell& band : bands) {
        CHECK(band.state == "void");
        CHECK(!band.use_permille);
    }
}

TEST_CASE("band: use shows as its share of the half hour") {
    DeviceView device = watched_all_day();
    store::HourRow& last = device.hours.back();  // the hour before this one: slots 45 and 46
    last.cell.half_exposures = {3, 0};
    last.cell.half_exposure_ms = {180'000, 0};
    const auto bands = bands_24h(device, now);
    CHECK(bands[45].state == "use");
    CHECK(bands[45].use_permille == 100);  // 180 s of 1,800 s
    CHECK(bands[46].state == "on");
    CHECK(bands[46].use_permille == 0);
}

TEST_CASE("band: what matters most wins") {
    DeviceView device = watched_all_day();
    device.hours.back().cell.half_exposures = {3, 3};
    CHECK(state_at(device, 45) == "use");
    add(device, Lane::faults, "partial", this_hour - hour, std::nullopt);
    CHECK(state_at(device, 45) == "partial");
    add(device, Lane::lifecycle, "PM", this_hour - hour, this_hour);
    CHECK(state_at(device, 45) == "pm");
    add(device, Lane::faults, "hard", this_hour - hour, this_hour);
    CHECK(state_at(device, 45) == "fault");
    add(device, Lane::lifecycle, "SEALED", this_hour - hour, this_hour);
    CHECK(state_at(device, 45) == "blocked");
    CHECK(state_at(device, 47) == "partial");
    CHECK(state_at(device, 44) == "on");
}

TEST_CASE("band: an observation that never ended lasts until the last sign of life") {
    DeviceView device = watched_all_day();
    device.hours.resize(20);  // no coverage told for the last five hours
    device.fold.coverage_hour = device.hours.back().hour_ms;
    device.seen_ms = this_hour - 4 * hour - 20 * 60'000;
    add(device, Lane::operating, "scanning", this_hour - 5 * hour, std::nullopt);
    CHECK(state_at(device, 37) == "use");   // 5 h to 4.5 h before this hour
    CHECK(state_at(device, 38) == "use");   // seen for ten minutes more
    CHECK(state_at(device, 39) == "void");  // silent since
}

TEST_CASE("watched: minutes of the maps, and for the hour under way until last seen") {
    const DeviceView device = watched_all_day();
    CHECK(watched_minutes(device, now - 24 * hour, now, now) == 1440);
    CHECK(watched_minutes(DeviceView{}, now - 24 * hour, now, now) == 0);
    DeviceView half = device;
    for (store::HourRow& row : half.hours)
        row.cell.coverage = (std::uint64_t{1} << 30) - 1;  // the last 30 minutes of each hour
    CHECK(watched_minutes(half, this_hour - hour, this_hour - hour / 2, now) == 0);
    CHECK(watched_minutes(half, this_hour - hour / 2, this_hour, now) == 30);
}

TEST_CASE("midnight: at the site, UTC where the zone is not known") {
    CHECK(site_midnight("", now) == this_hour - 8 * hour);
    CHECK(site_midnight("Asia/Shanghai", now) == this_hour - 16 * hour);  // 16:10 there
    CHECK(site_midnight("No/Where", now) == this_hour - 8 * hour);
    CHECK(site_midnight("Asia/Kolkata", now) == this_hour - 13 * hour - hour / 2);  // 13:40 there
}

TEST_CASE("today begins at the site's midnight, also where that is half past") {
    std::vector<store::HourRow> hours(3);
    for (std::size_t i = 0; i < hours.size(); ++i) {
        hours[i].hour_ms = static_cast<std::int64_t>(i) * ms_per_hour;
        hours[i].cell.exams = 1;
        hours[i].cell.exposures = 10;
        hours[i].cell.half_exposures = {7, 3};
    }
    struct Row {
        std::int64_t midnight_ms, exams, exposures;
    };
    const std::int64_t half = ms_per_hour / 2;
    for (const Row& row :
         {Row{0, 3, 30}, Row{half, 2, 23}, Row{2 * half, 2, 20}, Row{3 * half, 1, 13}, Row{6 * half, 0, 0}}) {
        const UseToday today = use_since(hours, row.midnight_ms, 3 * ms_per_hour);
        CHECK(today.exams == row.exams);
        CHECK(today.exposures == row.exposures);
    }
}
