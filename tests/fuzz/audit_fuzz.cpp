// Syslog, its frames, audit messages, log lines and pattern files under seeded mutation of good examples. What is
// refused must be refused in peace; what is accepted must fit the schema and hold nothing but what may leave.
#include <doctest/doctest.h>

#include "agent/audit/domain/line_splitter.hpp"
#include "agent/audit/domain/syslog.hpp"
#include "tests/fuzz/mutator.hpp"
#include "tests/unit/audit/fixture.hpp"
#include "tests/unit/audit/log_maker.hpp"

using namespace gantry;
using namespace gantry::testing;
using namespace gantry::audit;
using namespace gantry::audit::testing;

namespace {

constexpr std::int64_t now_ms = 1'780'000'000'000;

void check_observation(const Observation& observation) {
    const auto fits = schema().check(observation.type, observation.body);
    CHECK_MESSAGE(fits.has_value(), observation.body);
    CHECK(observation.body.find("SECRET") == std::string::npos);
}

bool read_message(std::string_view xml) {
    const auto message = read_audit_message(xml, pseudonyms(), Zone::utc());
    if (!message) {
        CHECK(message.error().message.find("SECRET") == std::string::npos);
        return false;
    }
    for (const Observation& observation : observe(*message, std::string(32, '0'))) check_observation(observation);
    return true;
}

}  // namespace

TEST_CASE("fuzz: syslog with audit messages") {
    const std::string dicom = syslog_of(xml_of({}));
    const std::string old = syslog_of(xml_of({.event = 110113, .type = 110139, .spelling = Spelling::rfc3881}));
    fuzz("syslog", texts({dicom, old, "<13>1 - - - - - -"}), [](const Bytes& bytes) {
        const auto syslog = parse_syslog(as_text(bytes));
        if (!syslog) return false;
        if (!syslog->text.empty()) read_message(syslog->text);
        return true;
    });
}

TEST_CASE("fuzz: audit messages") {
    std::string utf16 = "\xFF\xFE";
    for (const char c : xml_of({})) (utf16 += c) += '\0';
    std::string gbk = xml_of({});
    gbk.replace(gbk.find("UTF-8"), 5, "GB18030");
    gbk.replace(gbk.find("SECRET-NAME"), 11, "\xD5\xC5\xCE\xB0");
    utf16.replace(utf16.find("U"), 10,
                  std::string{"U\0T\0F\0-\0"
                              "1\0"
                              "6\0",
                              12});
    const std::string one = xml_of({});
    fuzz("messages", texts({one, gbk, utf16}), [](const Bytes& bytes) { return read_message(as_text(bytes)); });
}

TEST_CASE("fuzz: frames of a stream take what they say and no more") {
    const std::string message = "<13>1 - - - - - - x";
    const std::string stream = std::to_string(message.size()) + " " + message + "3 abc5 abc\n\n";
    fuzz("frames", texts({stream}), [](const Bytes& bytes) {
        std::string_view rest = as_text(bytes);
        bool any = false;
        while (true) {
            const auto frame = next_frame(rest);
            if (!frame || !*frame) return any;
            CHECK((*frame)->bytes > (*frame)->message.size());
            CHECK((*frame)->bytes <= rest.size());
            rest.remove_prefix((*frame)->bytes);
            any = true;
        }
    });
}

TEST_CASE("fuzz: lines of logs") {
    for (const char* model : {"acme-ct9", "huaxing-x64", "norden-spira"}) {
        const auto patterns = shipped(model);
        std::vector<Bytes> seeds;
        for (const std::string& line : make_log(model, 1, 40).lines) {
            LineReader lines{patterns, schema(), Zone::utc()};
            if (lines.read(line, now_ms)) seeds.emplace_back(line.begin(), line.end());
        }
        LineReader lines{patterns, schema(), Zone::utc()};
        fuzz(model, seeds, [&](const Bytes& bytes) {
            const auto observation = lines.read(as_text(bytes), now_ms);
            if (observation) check_observation(*observation);
            return observation.has_value();
        });
    }
}

TEST_CASE("fuzz: pattern files") {
    // toml++ takes a branch that it calls unreachable when a letter beyond ASCII stands where a key may; these files
    // are the operator's own, so its letters are left out here.
    const auto beyond_ascii = [](std::uint8_t byte) { return byte >= 0x80; };
    std::vector<Bytes> seeds;
    for (const char* model : {"acme-ct9", "norden-spira"}) {
        const std::string text = read_text(std::string{GANTRY_SOURCE_DIR "/config/audit/patterns/"} + model + ".toml");
        std::erase_if(seeds.emplace_back(text.begin(), text.end()), beyond_ascii);
    }
    // Each costs a parse of a whole file and its expressions.
    fuzz(
        "patterns", seeds,
        [&](const Bytes& bytes) {
            if (std::ranges::any_of(bytes, beyond_ascii)) return false;
            const auto file = PatternFile::parse(as_text(bytes), "fuzz.toml", schema());
            if (!file) CHECK(file.error().message.find("fuzz.toml:") != std::string::npos);
            return file.has_value();
        },
        20);
}
