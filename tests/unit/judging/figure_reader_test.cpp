#include "server/judging/figure_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "server/domain/kpi/kpi.hpp"
#include "server/ingest/rebuild.hpp"
#include "server/judging/passport.hpp"
#include "server/judging/rule_files.hpp"
#include "server/store/read_days.hpp"
#include "tests/unit/ingest/test_collector.hpp"

using namespace gantry;
using namespace gantry::testing;

namespace {

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t base = TestAgent::start_ms - TestAgent::start_ms % day;
constexpr std::int64_t now = base + 40 * day;

// A device in use since long ago, whose records tell five days.
struct Ward {
    Ward() {
        const ingest::RegisterEntry entry{.id = agent.dev,
                                          .record_key = agent.key.public_key(),
                                          .maker = "Meridian",
                                          .serial = "MA-1",
                                          .modality = "CT",
                                          .org = "h-1",
                                          .site = "s-1",
                                          .tz = "Asia/Shanghai"};
        REQUIRE(collector.add({entry}).has_value());
        Declaration in_use;
        in_use.event = "baseline.declared";
        in_use.subject = "ct-1";
        in_use.actor = "Lin Wei";
        in_use.reason = "because the test says so";
        in_use.at_ms = base - 10 * day;
        in_use.data = {{"state", std::string{"IN_USE"}}};
        REQUIRE(std::holds_alternative<ingest::Committed>(collector.declare(in_use)));
    }
    void file(std::string kind, std::string id, std::string body) {
        Declaration out;
        out.event = paper::filed_event;
        out.subject = "ct-1";
        out.actor = "Lin Wei";
        out.reason = "because the test says so";
        out.at_ms = base;
        out.paper = paper::PaperFiling{std::move(kind), std::move(id), std::move(body)};
        REQUIRE(std::holds_alternative<ingest::Committed>(collector.declare(out)));
    }
    // An hour with three exams of four minutes, one given up, and half an hour watched.
    void work(std::int64_t at_ms) {
        for (std::int64_t i = 0; i < 3; ++i) {
            const std::string exam = to_hex(sha256(as_bytes(std::to_string(at_ms + i)))).substr(0, 32);
            const std::int64_t from = at_ms + i * 10 * minute;
            agent.append("usage.exam.start", R"({"age_band":"18-64","exam_h":")" + exam + R"("})", from, Source::mpps);
            agent.append("usage.exposure",
                         R"({"acq":"spiral","ctdivol_ugy":9000,"duration_ms":2000,"event_h":")" + exam +
                             R"(","exam_h":")" + exam + R"(","proto_group":"chest","purpose":"patient"})",
                         from + minute);
            agent.append(
                "usage.exam.end",
                fmt::format(R"({{"duration_ms":240000,"exam_h":"{}"{},"status":"{}"}})", exam,
                            i == 2 ? R"(,"reason":"equipment_failure")" : "", i == 2 ? "discontinued" : "completed"),
                from + 4 * minute, Source::mpps);
        }
        agent.append("coverage", fmt::format(R"({{"hour":{},"map":"fffffffc0000000"}})", at_ms), std::nullopt,
                     Source::agent);
    }
    void deliver() {
        const std::uint64_t last = agent.epoch().records.size();
        REQUIRE(collector.deliver(agent, sent + 1, last).has_value());
        sent = last;
    }
    std::vector<kpi::Figure> figures(std::int64_t from_ms, std::int64_t to_ms) {
        store::StoreReader reader{collector.database()};
        const auto read = judging::read_figure_case(reader, "ct-1", {from_ms, to_ms}, true, now);
        return kpi::figures(read.value(), {from_ms, to_ms}, {});
    }

    TestCollector collector{[] { return now; }};
    TestAgent agent{"ct-1"};
    std::uint64_t sent = 0;
};

std::string value_of(const std::vector<kpi::Figure>& figures, std::string_view id, std::string_view part = {}) {
    for (const kpi::Figure& figure : figures)
        if (figure.of->id == id && figure.part == part)
            return figure.value ? fmt::format("{:g} @{}", *figure.value, figure.coverage_permille)
                                : std::string{kpi::name(figure.why)};
    return "none";
}

}  // namespace

TEST_CASE("figures: what the records of some days tell, also at hours in the middle of days and when they come late") {
    Ward ward;
    // Days 0, 1, 3 and 4; then two more hours of day 1, late; day 4 is the newest and has no row of its own.
    for (const std::int64_t d : {0, 1, 3, 4}) {
        ward.work(base + d * day + 5 * hour);
        ward.work(base + d * day + 20 * hour);
        ward.deliver();
    }
    ward.work(base + day + 6 * hour);
    ward.work(base + day + 7 * hour);
    ward.deliver();

    store::StoreReader reader{ward.collector.database()};
    const auto days = store::days(reader, 1, 0, now);
    REQUIRE(days.size() == 3);
    CHECK(days[0].day_ms == base);
    CHECK(days[1].cell.use.exposures == 12);
    CHECK(days[1].cell.use.ends.completed == 8);
    CHECK(days[1].cell.use.ends.discontinued[0] == 4);
    CHECK(days[1].cell.used == (1U << 5 | 1U << 6 | 1U << 7 | 1U << 20));
    CHECK(days[1].cell.serialize_watched() == "Ffffffffc0000000Gfffffffc0000000Hfffffffc0000000Ufffffffc0000000");
    CHECK(store::days_over_ms(reader, 1) == base + 4 * day);

    // Ten hours of 30 minutes, of five days: 2.5 h of 120 h.
    const auto all = ward.figures(base, base + 5 * day);
    CHECK(value_of(all, "exposures") == "30 @42");
    CHECK(value_of(all, "exams") == "20 @42");
    CHECK(value_of(all, "abort_rate") == "33.3333 @42");
    CHECK(value_of(all, "abort_rate", "equipment_failure") == "33.3333 @42");
    CHECK(value_of(all, "turn_round") == "6 @42");
    CHECK(value_of(all, "ctdivol_p50", "chest") == "9 @42");
    // Cut by hours: from day 0 at noon to day 1 at 7 o'clock.
    CHECK(value_of(ward.figures(base + 12 * hour, base + day + 7 * hour), "exposures") == "9 @79");
    // Within one day, and within the newest.
    CHECK(value_of(ward.figures(base + day + 6 * hour, base + day + 8 * hour), "exposures") == "6 @500");
    CHECK(value_of(ward.figures(base + 4 * day + 5 * hour, base + 4 * day + 6 * hour), "exposures") == "3 @500");
    CHECK(value_of(ward.figures(base + 2 * day, base + 3 * day), "exposures") == "no_data");
    CHECK(value_of(ward.figures(base, base + day), "turn_round") == "6 @42");
    CHECK_FALSE(judging::read_figure_case(reader, "ct-9", {base, now}, false, now));

    // What is added up follows from the log alone.
    ward.collector.collector->stop();
    const TempDir scratch;
    const auto again = ingest::rebuild(ward.collector.database(), scratch.path());
    REQUIRE(again.has_value());
    CHECK(again->difference.value_or("") == "");
}

TEST_CASE("figures: a day that was over before a restart is added up after it") {
    Ward ward;
    ward.work(base + 5 * hour);
    ward.deliver();
    ward.collector.restart();
    ward.work(base + day + 5 * hour);
    ward.deliver();
    store::StoreReader reader{ward.collector.database()};
    const auto days = store::days(reader, 1, 0, now);
    REQUIRE(days.size() == 1);
    CHECK(days[0].cell.use.exposures == 3);
}

TEST_CASE("passport: the whole file of a device, for machines and in both languages for people") {
    Ward ward;
    ward.work(base + 5 * hour);
    ward.agent.append("part.replaced", R"({"major":true,"new_serial":"T2","old_serial":"T1","part":"tube"})",
                      base + 6 * hour, Source::log);
    ward.deliver();
    ward.file("permit", "P-1",
              fmt::format(R"({{"from":{},"holder":"h-1","kind":"radiation_safety","no":"R 7","to":{}}})", base,
                          base + 365 * day));
    ward.file("permit", "P-2", R"({"from":5,"holder":"h-9","kind":"radiation_safety","no":"of another","to":6})");
    ward.file("work_order", "W-1",
              fmt::format(R"({{"device":"ct-1","ended_at":{},"kind":"corrective","opened_at":{},"outcome":"resolved",)"
                          R"("parts":[{{"part":"detector"}}],"started_at":{}}})",
                          base + 8 * hour, base + 7 * hour, base + 7 * hour));
    store::StoreReader reader{ward.collector.database()};
    const auto rules = judging::read_rules(GANTRY_SOURCE_DIR "/config/rules");
    CHECK_FALSE(judging::read_passport(reader, "ct-9", nullptr, now));
    const auto passport = judging::read_passport(reader, "ct-1", rules.pack.get(), now);
    REQUIRE(passport);
    CHECK(passport->serial == "MA-1");
    REQUIRE(passport->device.states.size() == 1);
    CHECK(passport->device.declared.size() == 1);
    REQUIRE(passport->parts.size() == 2);
    CHECK(passport->parts[0].new_serial == "T2");
    CHECK(passport->parts[1].work_order == "W-1");
    REQUIRE(passport->years.size() == 1);
    CHECK(value_of(passport->years[0].figures, "exposures").starts_with("3 @"));

    const Schema schema = Schema::parse(text_of_file(GANTRY_SOURCE_DIR "/config/schema/papers.toml")).value();
    const std::string json = judging::passport_json(*passport, schema);
    CAPTURE(json);
    CHECK(json.find(R"("no":"R 7")") != std::string::npos);
    CHECK(json.find(R"("to":"2027-)") != std::string::npos);  // times are text outside
    CHECK(json.find("of another") == std::string::npos);
    CHECK(json.find(R"("event":"baseline.declared")") != std::string::npos);

    const auto texts = judging::Texts::read(GANTRY_SOURCE_DIR "/config/text");
    const std::string english = judging::passport_text(*passport, texts, due::Language::en);
    const std::string chinese = judging::passport_text(*passport, texts, due::Language::zh);
    CHECK(english.find("Device passport ct-1") != std::string::npos);
    CHECK(english.find("Exposures") == std::string::npos);  // not among a year's line
    CHECK(english.find("Examinations: 2.0 (coverage 0 %)") != std::string::npos);
    CHECK(english.find("R 7") != std::string::npos);
    CHECK(chinese.find("设备档案 ct-1") != std::string::npos);
    CHECK(chinese.find("检查数: 2.0") != std::string::npos);
    for (const std::string* text : {&english, &chinese}) {
        CHECK(text->find("passport.") == std::string::npos);  // every word is in the catalogue
        CHECK(text->find("why.") == std::string::npos);
    }
}
