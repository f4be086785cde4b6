#include "firmware-sim/model/fleet.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "common/core/schema.hpp"
#include "firmware-sim/model/observation.hpp"

using namespace gantry::sim;

namespace {

FleetOptions options_for(std::uint64_t seed, std::uint32_t devices, int days, std::string_view violations = "default") {
    FleetOptions options;
    options.seed = seed;
    options.devices = devices;
    options.hospitals = 4;
    options.from_ms = *parse_date("2026-10-12");  // Holds the end of European summer time.
    options.days = days;
    REQUIRE(select_violations(violations, options).empty());
    return options;
}

std::vector<FleetEvent> all_events(Fleet& fleet, std::int64_t step_ms = day_ms) {
    std::vector<FleetEvent> events;
    for (std::int64_t at = fleet.start_ms(); at < fleet.end_ms(); at += step_ms)
        fleet.advance(std::min(at + step_ms, fleet.end_ms()), false, events);
    return events;
}

std::string told(const Fleet& fleet, const std::vector<FleetEvent>& events) {
    std::string text;
    for (const auto& [device, event] : events) {
        const auto& profile = fleet.profile(device);
        text += profile.id;
        if (const auto observation = observe(fleet.options(), profile, event))
            text += intake_line(*observation);
        else
            text += declaration_json(fleet.options(), profile, event);
        text += '\n';
    }
    return text + fleet.truth();
}

gantry::Schema shipped_schema() {
    std::ifstream file{GANTRY_SOURCE_DIR "/config/schema/events.toml"};
    std::stringstream text;
    text << file.rdbuf();
    auto schema = gantry::Schema::parse(text.str());
    REQUIRE(schema.has_value());
    return *std::move(schema);
}

}  // namespace

TEST_CASE("fleet: same seed, same bytes, however it is asked") {
    const auto options = options_for(5, 16, 6);
    Fleet one{options}, two{options}, three{options_for(6, 16, 6)};
    const std::string first = told(one, all_events(one, day_ms));
    CHECK(first.size() > 1'000'000);
    CHECK(first == told(two, all_events(two, 7 * minute_ms * 13)));
    CHECK(first != told(three, all_events(three)));
}

TEST_CASE("fleet: a device is the same in a fleet of any size") {
    Fleet small{options_for(5, 3, 4)}, large{options_for(5, 20, 4)};
    const auto of_device = [](Fleet& fleet, std::uint32_t device) {
        std::string text;
        for (const auto& [index, event] : all_events(fleet))
            if (index == device)
                if (const auto seen = observe(fleet.options(), fleet.profile(index), event)) text += intake_line(*seen);
        return text;
    };
    CHECK(of_device(small, 2) == of_device(large, 2));
}

TEST_CASE("fleet: every observation is what the schema allows") {
    const auto schema = shipped_schema();
    Fleet fleet{options_for(11, 16, 12)};
    std::map<std::string, int> types;
    int wrong = 0;
    for (const auto& [device, event] : all_events(fleet)) {
        const auto seen = observe(fleet.options(), fleet.profile(device), event);
        if (!seen) continue;
        ++types[std::string{seen->type}];
        const auto checked = schema.check(seen->type, seen->body);
        if (!checked && wrong++ < 5) FAIL_CHECK(seen->type << ": " << checked.error().message << ": " << seen->body);
        const auto* type = schema.find(seen->type);
        if (type && type->agent_only != seen->agent_only && wrong++ < 5)
            FAIL_CHECK(seen->type << ": agent_only differs");
    }
    CHECK(wrong == 0);
    for (const char* type :
         {"usage.exam.start", "usage.exam.end", "usage.exposure", "usage.dose", "identity", "power.on", "power.off",
          "counter", "env", "fault.raised", "fault.cleared", "audit", "service.session", "coverage"}) {
        CAPTURE(type);
        CHECK(types[type] > 0);
    }
}

TEST_CASE("fleet: the stream is in the order of time, and every device tells its own in order") {
    Fleet fleet{options_for(3, 16, 10, "none")};
    std::int64_t last = 0;
    std::map<std::uint32_t, std::int64_t> last_at;
    for (const auto& [device, event] : all_events(fleet)) {
        REQUIRE(event.true_ms >= last);
        last = event.true_ms;
        if (std::holds_alternative<Declared>(event.what)) continue;
        REQUIRE(event.at_ms >= last_at[device]);
        REQUIRE(event.at_ms >= fleet.start_ms());
        REQUIRE(event.at_ms < fleet.end_ms());
        last_at[device] = event.at_ms;
    }
}

TEST_CASE("fleet: days look like days of a CT department") {
    Fleet fleet{options_for(21, 16, 14, "none")};
    std::map<std::pair<std::uint32_t, std::int64_t>, int> exams;
    double weekday_exams = 0, weekend_exams = 0, weekdays = 0, weekends = 0, by_day = 0, by_night = 0;
    std::uint64_t exposures = 0, patients = 0;
    for (const auto& [device, event] : all_events(fleet)) {
        const auto& zone = fleet.profile(device).zone;
        if (const auto* shot = std::get_if<Exposure>(&event.what))
            exposures += shot->purpose == Purpose::patient ? 1 : 0;
        const auto* started = std::get_if<ExamStarted>(&event.what);
        if (!started || started->purpose != Purpose::patient) continue;
        ++patients;
        ++exams[{device, local_day_of(zone, event.true_ms)}];
        const int hour = to_local(zone, event.true_ms).hour;
        (hour >= 8 && hour < 17 ? by_day : by_night) += 1;
    }
    for (const auto& [key, count] : exams) {
        CHECK(count <= 125);
        const bool weekend = weekday(key.second) >= 5;
        (weekend ? weekend_exams : weekday_exams) += count;
        (weekend ? weekends : weekdays) += 1;
    }
    const double ratio = (weekend_exams / weekends) / (weekday_exams / weekdays);
    CHECK(ratio > 0.45);
    CHECK(ratio < 0.70);
    CHECK(weekday_exams / weekdays > 25);
    CHECK(weekday_exams / weekdays < 85);
    CHECK(by_day > 2 * by_night);
    const double per_exam = static_cast<double>(exposures) / static_cast<double>(patients);
    CHECK(per_exam > 3.2);  // 2.09 scans and one or two localisers.
    CHECK(per_exam < 4.2);
}

TEST_CASE("fleet: exposures are consistent with themselves and with their exam") {
    Fleet fleet{options_for(8, 12, 7, "none")};
    struct Sum {
        int count = 0;
        std::int64_t ms = 0, dlp = 0, start = 0, last_end = 0;
    };
    std::map<std::pair<std::uint32_t, std::uint64_t>, Sum> open;
    int ended = 0, dual = 0;
    for (const auto& [device, event] : all_events(fleet)) {
        if (const auto* started = std::get_if<ExamStarted>(&event.what))
            open[{device, started->exam}].start = event.at_ms;
        if (const auto* shot = std::get_if<Exposure>(&event.what)) {
            auto& sum = open[{device, shot->exam}];
            CHECK(shot->n == ++sum.count);
            CHECK(event.at_ms >= sum.last_end);
            sum.ms += shot->duration_ms;
            sum.dlp += shot->dlp_ugy_cm;
            sum.last_end = event.at_ms + shot->duration_ms;
            const double dlp = static_cast<double>(shot->ctdivol_ugy) * static_cast<double>(shot->length_um) / 10'000;
            CHECK(static_cast<double>(shot->dlp_ugy_cm) == doctest::Approx(dlp).epsilon(0.001));
            CHECK(shot->duration_ms > 500);
            CHECK(shot->duration_ms < 60'000);
            CHECK(shot->ctdivol_ugy > 10);
            CHECK(shot->ctdivol_ugy < 200'000);
            CHECK(shot->source[0].ma_mean_ua <= shot->source[0].ma_max_ua);
            CHECK(shot->sources <= fleet.profile(device).sources);
            dual += shot->sources == 2 ? 1 : 0;
        }
        if (const auto* end = std::get_if<ExamEnded>(&event.what)) {
            const auto& sum = open[{device, end->exam}];
            if (sum.start == 0) continue;
            ++ended;
            CHECK(end->exposures == sum.count);
            CHECK(end->exposure_ms == sum.ms);
            CHECK(end->dlp_ugy_cm == sum.dlp);
            CHECK(end->duration_ms == event.at_ms - sum.start);
            CHECK(event.at_ms >= sum.last_end);
            if (end->group != Group::calibration && end->completed) {
                CHECK(end->duration_ms >= 8 * minute_ms);
                CHECK(end->duration_ms <= 26 * minute_ms);
            }
        }
    }
    CHECK(ended > 1'500);
    CHECK(dual > 0);
}

TEST_CASE("fleet: counters only grow on one tube, and by what was exposed") {
    Fleet fleet{options_for(13, 12, 14, "none")};
    std::map<std::pair<std::uint32_t, std::string>, Counter> last;
    std::map<std::uint32_t, std::int64_t> exposed_since;
    int steps = 0;
    for (const auto& [device, event] : all_events(fleet)) {
        if (const auto* shot = std::get_if<Exposure>(&event.what)) exposed_since[device] += shot->duration_ms;
        const auto* counter = std::get_if<Counter>(&event.what);
        if (!counter) continue;
        const auto key = std::pair{device, counter->serial};
        if (const auto found = last.find(key); found != last.end()) {
            ++steps;
            CHECK(counter->scan_ms >= found->second.scan_ms);
            CHECK(counter->mas >= found->second.mas);
            CHECK(counter->exams >= found->second.exams);
            if (counter->tube == 0) CHECK(counter->scan_ms - found->second.scan_ms == exposed_since[device]);
        }
        if (counter->tube == 0) exposed_since[device] = 0;
        last[key] = *counter;
    }
    CHECK(steps > 2'000);
}

TEST_CASE("fleet: a year of faults, maintenance and tubes has the rates of the trade") {
    Fleet fleet{options_for(17, 8, 365, "none")};
    double hard = 0, reported = 0, pm = 0, tubes = 0;
    std::map<std::uint32_t, std::string> state;
    std::vector<FleetEvent> events;
    for (std::int64_t at = fleet.start_ms(); at < fleet.end_ms(); at += 7 * day_ms) {
        events.clear();
        fleet.advance(std::min(at + 7 * day_ms, fleet.end_ms()), false, events);
        for (const auto& [device, event] : events) {
            if (const auto* fault = std::get_if<FaultRaised>(&event.what)) hard += fault->severity == "hard" ? 1 : 0;
            if (std::holds_alternative<PartReplaced>(event.what)) tubes += 1;
            const auto* declared = std::get_if<Declared>(&event.what);
            if (!declared) continue;
            auto& now = state[device];
            if (declared->event == "fault.reported") {
                CHECK(now != "PM");
                now = "FAULT", reported += 1;
            } else if (declared->event == "pm.started") {
                CHECK(now != "FAULT");
                now = "PM", pm += 1;
            } else if (declared->event == "repair.completed" || declared->event == "pm.completed") {
                now = declared->data_json.find("tube") == std::string::npos ? "" : "RETEST";
            }
        }
    }
    CHECK(hard / 8 > 0.8);  // 6 faults a year and age, a quarter of them hard.
    CHECK(hard / 8 < 4);
    CHECK(reported >= hard);
    CHECK(pm / 8 > 3.2);
    CHECK(pm / 8 <= 4.2);
    CHECK(tubes / 8 > 0.05);
    CHECK(tubes / 8 < 1.0);
}

namespace {

// What the stream shows of one device between two times.
struct Seen {
    int exposures = 0;
    int anything = 0;
    int sessions = 0;
    std::int64_t exposure_ms = 0;
    std::int64_t counter_grew_ms = 0;
    int counter_fell = 0;
    int clock_back = 0;
};

Seen look(const std::vector<FleetEvent>& events, std::uint32_t device, std::int64_t from_ms, std::int64_t to_ms) {
    Seen seen;
    std::int64_t counter = -1, last_at = 0;
    std::string serial;
    for (const auto& [index, event] : events) {
        if (index != device || std::holds_alternative<Declared>(event.what)) continue;
        const bool inside = event.true_ms >= from_ms && event.true_ms <= to_ms;
        if (inside && event.at_ms < last_at) ++seen.clock_back;
        last_at = event.at_ms;
        if (const auto* now = std::get_if<Counter>(&event.what); now && now->tube == 0) {
            if (inside && now->serial == serial && counter >= 0) {
                seen.counter_grew_ms += std::max<std::int64_t>(0, now->scan_ms - counter);
                seen.counter_fell += now->scan_ms < counter ? 1 : 0;
            }
            counter = now->scan_ms;
            serial = now->serial;
        }
        if (!inside) continue;
        ++seen.anything;
        if (std::holds_alternative<ServiceSession>(event.what)) ++seen.sessions;
        if (const auto* shot = std::get_if<Exposure>(&event.what)) {
            seen.exposure_ms += shot->duration_ms;
            if (shot->purpose == Purpose::patient) ++seen.exposures;
        }
    }
    return seen;
}

std::map<std::string, std::int64_t> declared_times(const std::vector<FleetEvent>& events, std::uint32_t device) {
    std::map<std::string, std::int64_t> times;
    for (const auto& [index, event] : events)
        if (const auto* declared = std::get_if<Declared>(&event.what); declared && index == device)
            times.emplace(declared->event, event.at_ms);
    return times;
}

}  // namespace

TEST_CASE("fleet: what the truth file names is what the stream shows, and each wrong is planted") {
    for (const std::uint64_t seed : {1U, 2U}) {
        Fleet fleet{options_for(seed, 32, 8)};
        const auto events = all_events(fleet);
        std::map<Rule, int> planted;
        for (std::uint32_t device = 0; device < fleet.size(); ++device) {
            DeviceModel model{fleet.options(), device};
            std::vector<SimEvent> own;
            model.advance(model.end_ms(), own);
            for (const auto& violation : model.planted()) {
                CAPTURE(seed);
                CAPTURE(code(violation.rule));
                CAPTURE(fleet.profile(device).id);
                ++planted[violation.rule];
                CHECK(violation.from_ms < violation.to_ms);
                const Seen seen = look(events, device, violation.from_ms, violation.to_ms);
                auto times = declared_times(events, device);
                switch (violation.rule) {
                    case Rule::V10:
                        CHECK(seen.exposures > 0);
                        CHECK(violation.to_ms < times.at("commissioned"));
                        CHECK(violation.from_ms > times.at("acceptance.passed"));
                        break;
                    case Rule::V14:
                        CHECK(seen.exposures > 0);
                        CHECK(violation.from_ms > times.at("decommission.approved"));
                        break;
                    case Rule::V19:
                        CHECK(seen.exposures == 0);
                        CHECK(seen.counter_grew_ms - seen.exposure_ms > minute_ms);
                        CHECK(seen.sessions == 0);
                        break;
                    case Rule::V26:
                        CHECK(seen.exposures > 0);
                        CHECK(seen.sessions == 0);
                        CHECK(times.at("pm.started") == violation.from_ms);
                        CHECK(times.at("pm.completed") == violation.to_ms);
                        break;
                    case Rule::V46:
                        CHECK(seen.anything == 0);
                        CHECK(violation.to_ms - violation.from_ms > day_ms);
                        break;
                    case Rule::V49:
                        CHECK(seen.clock_back > 0);
                        break;
                    case Rule::V50:
                        CHECK(seen.counter_fell == 1);
                        break;
                    default:  // scored by the rules that find them
                        break;
                }
            }
        }
        for (const Rule rule : {Rule::V10, Rule::V14, Rule::V19, Rule::V26, Rule::V46, Rule::V49, Rule::V50}) {
            CAPTURE(code(rule));
            CHECK(planted[rule] == 2);  // Two blocks of sixteen.
        }
    }
}

TEST_CASE("fleet: without violations no patient is scanned where the law forbids it, and the truth is empty") {
    Fleet fleet{options_for(4, 16, 14, "none")};
    CHECK(fleet.truth().empty());
    const auto events = all_events(fleet);
    std::map<std::uint32_t, std::map<std::string, std::int64_t>> life;
    std::map<std::uint32_t, bool> down;
    int exposures = 0, turned = 0;
    for (std::uint32_t device = 0; device < fleet.size(); ++device) life[device] = declared_times(events, device);
    for (const auto& [device, event] : events) {
        if (const auto* declared = std::get_if<Declared>(&event.what)) {
            if (declared->event == "fault.reported" || declared->event == "pm.started") down[device] = true;
            const bool back = declared->event == "pm.completed" || declared->event == "qc.passed" ||
                              (declared->event == "repair.completed" && declared->reason != "tube replaced");
            if (back) down[device] = false;
            turned += declared->event == "decommission.approved" ? 1 : 0;
        }
        const auto* shot = std::get_if<Exposure>(&event.what);
        if (!shot || shot->purpose != Purpose::patient) continue;
        ++exposures;
        CHECK_FALSE(down[device]);
        CHECK(event.true_ms >= life[device].at("commissioned"));
        if (const auto end = life[device].find("decommission.approved"); end != life[device].end())
            CHECK(event.true_ms < end->second);
    }
    CHECK(exposures > 15'000);
    CHECK(turned == 1);
}
