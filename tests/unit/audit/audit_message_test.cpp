#include "agent/audit/domain/audit_message.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/observation.hpp"
#include "tests/unit/audit/fixture.hpp"

using namespace gantry;
using namespace gantry::audit;
using namespace gantry::audit::testing;

namespace {

Result<AuditMessage> read(std::string_view xml) { return read_audit_message(xml, pseudonyms(), Zone::utc()); }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("audit message: every code, in both spellings, becomes what it means and fits the schema") {
    struct Row {
        int event, type;
        std::string want;  // type and body without the user; empty: nothing is sent
    };
    const Row rows[] = {
        {110100, 110120, "power.on {}"},
        {110100, 110121, "power.off {}"},
        {110113, 110128, R"(config.changed {"item":"network")"},
        {110113, 110129, R"(config.changed {"item":"security")"},
        {110113, 110130, R"(config.changed {"item":"hardware")"},
        {110113, 110131, R"(config.changed {"item":"software")"},
        {110113, 110139, R"(service.session {"phase":"start","access":"remote")"},
        {110113, 110140, R"(service.session {"phase":"end","access":"remote")"},
        {110113, 110141, R"(service.session {"phase":"start","access":"local")"},
        {110113, 110142, R"(service.session {"phase":"end","access":"local")"},
        {110114, 110122, R"(audit {"code":110122)"},
        {110114, 110123, R"(audit {"code":110123)"},
        {110108, 110124, R"(audit {"code":110124)"},
        {110108, 110125, R"(audit {"code":110125)"},
        {110113, 110126, R"(audit {"code":110126)"},
        {110113, 110127, R"(audit {"code":110127)"},
        {110113, 110132, R"(audit {"code":110132)"},
        {110113, 110133, R"(audit {"code":110133)"},
        {110113, 110134, R"(audit {"code":110134)"},
        {110113, 110135, R"(audit {"code":110135)"},
        {110113, 110136, R"(audit {"code":110136)"},
        {110113, 110137, R"(audit {"code":110137)"},
        {110113, 110138, R"(audit {"code":110138)"},
        {110101, 0, R"(audit {"code":110101)"},
        {110105, 0, R"(audit {"code":110105)"},
        {110106, 0, R"(audit {"code":110106)"},
        {110108, 0, R"(audit {"code":110108)"},
        {110113, 0, R"(audit {"code":110113)"},
        {110100, 0, ""},  // an application did something that is not said
        {110102, 0, ""},  // what follows is about patients' studies
        {110103, 0, ""},
        {110104, 0, ""},
        {110107, 0, ""},
        {110109, 0, ""},
        {110110, 0, ""},
        {110111, 0, ""},
        {110112, 0, ""},
        {110114, 0, ""},
    };
    for (const Row& row : rows) {
        for (const Spelling spelling : {Spelling::dicom, Spelling::rfc3881}) {
            CAPTURE(row.event);
            CAPTURE(row.type);
            const auto message = read(xml_of({.event = row.event, .type = row.type, .spelling = spelling}));
            REQUIRE(message.has_value());
            CHECK(message->at_ms == 1772571967089);  // 2026-03-03T21:06:07.089Z
            CHECK(message->user_h == pseudonyms().of("user", "SECRET-USER"));
            CHECK(message->ae == "CT_EAST_1");
            const auto observed = observe(*message, "");
            if (row.want.empty()) {
                CHECK(observed.empty());
                continue;
            }
            REQUIRE(observed.size() == 1);
            CHECK((observed[0].type + " " + observed[0].body).starts_with(row.want));
            CHECK(observed[0].at_ms == 1772571967089);
            const bool with_user = !observed[0].type.starts_with("power.");
            CHECK((observed[0].body.find(message->user_h) != std::string::npos) == with_user);
            const auto fits = schema().check(observed[0].type, observed[0].body);
            CHECK_MESSAGE(fits.has_value(), (fits ? "" : fits.error().message));
            const auto unassigned = observe(*message, std::string(32, 'a'));
            CHECK(schema().check(unassigned[0].type, unassigned[0].body).has_value());
            CHECK(unassigned[0].body.find("source_h") != std::string::npos);
        }
    }
}

TEST_CASE("audit message: what did not succeed is no fact, only an attempt") {
    struct Row {
        std::string indicator, type, outcome;
    };
    const Row rows[] = {{"0", "service.session", ""},
                        {"4", "audit", "minor_failure"},
                        {"8", "audit", "serious_failure"},
                        {"12", "audit", "major_failure"},
                        {"7", "service.session", ""}};  // none of the four counts as not said
    for (const Row& row : rows) {
        CAPTURE(row.indicator);
        const auto message = read(xml_of({.event = 110113, .type = 110139, .outcome = row.indicator}));
        REQUIRE(message.has_value());
        const auto observed = observe(*message, "");
        REQUIRE(observed.size() == 1);
        CHECK(observed[0].type == row.type);
        if (!row.outcome.empty()) {
            CHECK(observed[0].body.find("\"code\":110139") != std::string::npos);
            CHECK(observed[0].body.find("\"outcome\":\"" + row.outcome + "\"") != std::string::npos);
        }
    }
}

TEST_CASE("audit message: who asked for it") {
    const std::string application =
        R"(<ActiveParticipant UserID="app" UserIsRequestor="true"><RoleIDCode csd-code="110150" codeSystemName="DCM"/></ActiveParticipant>)";
    const std::string launcher =
        R"(<ActiveParticipant UserID="launcher" UserIsRequestor="false"><RoleIDCode csd-code="110151" codeSystemName="DCM"/></ActiveParticipant>)";
    const std::string person = R"(<ActiveParticipant UserIsRequestor="true" UserID="person"/>)";
    const std::string by_default = R"(<ActiveParticipant UserID="default"/>)";
    const std::string other = R"(<ActiveParticipant UserID="other" UserIsRequestor="false"/>)";
    const std::string medium =
        R"(<ActiveParticipant UserID="cd" UserIsRequestor="true"><RoleIDCode code="110154" codeSystemName="DCM"/></ActiveParticipant>)";
    const std::string foreign =
        R"(<ActiveParticipant UserID="chief"><RoleIDCode csd-code="110150" codeSystemName="LOCAL"/></ActiveParticipant>)";
    struct Row {
        std::string participants, user;
    };
    const Row rows[] = {{application, ""},
                        {application + person, "person"},
                        {person + application, "person"},
                        {application + launcher, "launcher"},
                        {other + person, "person"},
                        {medium + other, "other"},
                        {by_default + person, "default"},
                        {foreign, "chief"},
                        {"", ""}};
    for (const Row& row : rows) {
        CAPTURE(row.participants);
        const auto message = read(
            "<AuditMessage><EventIdentification EventDateTime=\"2026-01-01T00:00:00Z\" EventOutcomeIndicator=\"0\">"
            "<EventID csd-code=\"110114\" codeSystemName=\"DCM\"/></EventIdentification>" +
            row.participants + "</AuditMessage>");
        REQUIRE(message.has_value());
        CHECK(message->user_h == (row.user.empty() ? "" : pseudonyms().of("user", row.user)));
    }
}

TEST_CASE("audit message: the same message is known again, another is not") {
    const FakeMessage base{.event = 110114, .type = 110122};
    const std::string same = read(xml_of(base))->message_h;
    FakeMessage old_spelling = base;
    old_spelling.spelling = Spelling::rfc3881;
    CHECK(read(xml_of(old_spelling))->message_h == same);
    FakeMessage other_zone = base;
    other_zone.time = "2026-03-03T21:06:07.089Z";
    CHECK(read(xml_of(other_zone))->message_h == same);

    FakeMessage other = base;
    SUBCASE("time") { other.time = "2026-03-04T05:06:07.090+08:00"; }
    SUBCASE("code") { other.type = 110123; }
    SUBCASE("source") { other.source = "ANOTHER"; }
    SUBCASE("user") { other.user = "ANOTHER"; }
    SUBCASE("outcome: a refused login and the one after it in the same second are two") { other.outcome = "4"; }
    CHECK(read(xml_of(other))->message_h != same);
}

TEST_CASE("audit message: order of attributes, quotes, prefixes and other code systems") {
    const std::string xml =
        "<a:AuditMessage xmlns:a='urn:x'><a:EventIdentification EventOutcomeIndicator='0' "
        "EventDateTime='2026-03-04T05:06:07'>"
        "<a:EventTypeCode originalText='x' csd-code='ITI-20' codeSystemName='IHE Transactions'/>"
        "<a:EventTypeCode codeSystemName='LOCAL' csd-code='110133'/>"
        "<a:EventTypeCode codeSystemName='DCM' csd-code='110131' originalText='x'/>"
        "<a:EventTypeCode codeSystemName='DCM' csd-code='110130'/>"
        "<a:EventTypeCode codeSystemName='DCM' csd-code='110131'/>"
        "<a:EventID codeSystemName='DCM' csd-code='110113'/></a:EventIdentification></a:AuditMessage>";
    const auto message = read(xml);
    REQUIRE(message.has_value());
    CHECK(message->codes == std::vector<int>{110131, 110130});
    CHECK(message->zone_missing);
    const auto zoned = read_audit_message(xml, pseudonyms(), Zone::named("Asia/Shanghai").value());
    REQUIRE(zoned.has_value());
    CHECK_FALSE(zoned->zone_missing);
    CHECK(zoned->at_ms == message->at_ms - 8 * 3'600'000);
    CHECK(observe(*message, "").size() == 2);
}

TEST_CASE("audit message: every prefix is refused in peace") {
    std::string xml = xml_of({});
    while (xml.back() != '>') xml.pop_back();
    REQUIRE(read(xml).has_value());
    for (std::size_t size = 0; size < xml.size(); ++size) {
        const auto message = read(std::string_view{xml}.substr(0, size));
        REQUIRE_FALSE(message.has_value());
        CHECK(message.error().message.find("SECRET") == std::string::npos);
    }
}

TEST_CASE("audit message: hostile and foreign documents") {
    const std::string good = xml_of({});
    const std::string deep = [] {
        std::string out = "<AuditMessage>";
        for (int i = 0; i < 40; ++i) out += "<x>";
        return out;
    }();
    std::string wide = "<AuditMessage";
    for (int i = 0; i < 40; ++i) wide += " a" + std::to_string(i) + "='1'";
    std::string many = "<AuditMessage>";
    for (int i = 0; i < 5000; ++i) many += "<x/>";
    struct Row {
        std::string xml;
        Errc code;
    };
    const Row rows[] = {
        {"<!DOCTYPE AuditMessage [<!ENTITY a 'x'>]>" + good.substr(good.find("<AuditMessage")), Errc::refused},
        {"<!DOCTYPE AuditMessage SYSTEM 'http://127.0.0.1/x.dtd'>" + good.substr(good.find("<AuditMessage")),
         Errc::refused},
        {replaced(good, "SECRET-USER", "&nosuch;"), Errc::malformed},
        {deep, Errc::too_large},
        {wide + "/>", Errc::too_large},
        {many + "</AuditMessage>", Errc::too_large},
        {replaced(good, "SECRET-USER", std::string(2000, 'u')), Errc::too_large},
        {std::string(audit::limits::message_bytes_max + 1, ' '), Errc::too_large},
        {"<html/>", Errc::refused},
        {"<AuditMessage/>", Errc::malformed},
        {replaced(good, "2026-03-04", "2026-13-04"), Errc::malformed},
        {replaced(good, "110120", "999999999999"), Errc::malformed},
        {good + "<x/>", Errc::malformed},
        {replaced(good, "UTF-8", "EBCDIC-US"), Errc::refused},
        {"not XML", Errc::malformed},
        {std::string{"\0\0\0", 3}, Errc::malformed},
    };
    for (const Row& row : rows) {
        CAPTURE(row.xml.substr(0, 120));
        auto message = read(row.xml);
        if (row.xml.find("999999999999") != std::string::npos) {
            // Another code than DICOM's leaves the event itself.
            REQUIRE(message.has_value());
            CHECK(observe(*message, "").empty());
            continue;
        }
        REQUIRE_FALSE(message.has_value());
        CHECK(message.error().code == row.code);
        CHECK(message.error().message.find("SECRET") == std::string::npos);
    }
}

TEST_CASE("audit message: a long participant object is stepped over, and padding at the end too") {
    const std::string detail = "<ParticipantObjectDetail type='x' value='" + std::string(20'000, 'A') +
                               "'/></ParticipantObjectIdentification>";
    const std::string xml = replaced(xml_of({}), "</ParticipantObjectIdentification>", detail);
    CHECK(read(xml).has_value());
    CHECK(read(xml + std::string(3, '\0') + "\r\n").has_value());
}

TEST_CASE("audit message: encodings") {
    const std::string utf8 = replaced(xml_of({}), "SECRET-USER", "M\xC3\xBCller \xE5\xBC\xA0");
    const std::string latin1 = replaced(replaced(xml_of({}), "UTF-8", "ISO-8859-1"), "SECRET-USER", "M\xFCller");
    const std::string gbk = replaced(replaced(xml_of({}), "UTF-8", "GBK"), "SECRET-USER", "\xD5\xC5");
    const std::string wrong = replaced(xml_of({}), "SECRET-USER", "M\xFCller");
    const std::string wrong2 = replaced(xml_of({}), "SECRET-USER", "M\xF6ller");
    CHECK(read(utf8)->user_h == pseudonyms().of("user", "M\xC3\xBCller \xE5\xBC\xA0"));
    CHECK(read(latin1)->user_h == pseudonyms().of("user", "M\xC3\xBCller"));
    CHECK(read(gbk)->user_h == pseudonyms().of("user", "\xE5\xBC\xA0"));
    CHECK(read(wrong)->user_h == pseudonyms().of("user", "M\xC3\xBCller"));
    CHECK(read(wrong2)->user_h != read(wrong)->user_h);
    std::string utf16 = "\xFF\xFE";
    for (const char c : replaced(xml_of({}), "UTF-8", "UTF-16")) (utf16 += c) += '\0';
    REQUIRE(read(utf16).has_value());
    CHECK(read(utf16)->user_h == pseudonyms().of("user", "SECRET-USER"));
}

TEST_CASE("audit message: an AE title is taken from an application, and only when it is one") {
    struct Row {
        std::string text, want;
    };
    for (const Row& row : {Row{"CT_1;CT_2", "CT_1"}, Row{" CT_1 ", "CT_1"}, Row{"", ""}, Row{std::string(17, 'A'), ""},
                           Row{"CT\xC3\xBC", ""}}) {
        CAPTURE(row.text);
        CHECK(read(xml_of({.ae = row.text}))->ae == row.want);
    }
}
