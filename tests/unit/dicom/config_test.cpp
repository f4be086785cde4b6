#include <doctest/doctest.h>

#include "agent/dicom/routes.hpp"
#include "agent/dicom/site_config.hpp"

using namespace gantry;
using namespace gantry::dicom;

TEST_CASE("site config: patterns fold case and match whole texts") {
    struct Row {
        std::string_view pattern;
        std::string_view text;
        bool want;
    };
    for (const Row& row : {Row{"*QC*", "monthly_qc^ct", true}, Row{"QC*", "monthly_qc", false}, Row{"QC?", "QC1", true},
                           Row{"QC?", "QC12", false}, Row{"*", "", true}, Row{"", "", true}, Row{"", "x", false},
                           Row{"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaac", false}}) {
        CAPTURE(row.pattern);
        CAPTURE(row.text);
        CHECK(matches_pattern(row.pattern, row.text) == row.want);
    }
}

TEST_CASE("site config: protocol names become groups") {
    const SiteConfig site =
        SiteConfig::parse("[protocol_groups]\n\"5.1 Special\" = \"cardiac\"\n", "site.toml").value();
    struct Row {
        std::string_view name;
        std::string_view want;
    };
    for (const Row& row :
         {Row{"5.1 Special", "cardiac"}, Row{"Thorax^TAP (Adult)", "chest"}, Row{"HeadRoutine", "head"},
          Row{"Head Angio", "angio"}, Row{"冠脉CTA", "angio"}, Row{"头颅平扫", "head"}, Row{"胸部", "chest"},
          Row{"颈椎", "spine"}, Row{"Daily QA", "calibration"}, Row{"Mr. Smith", "other"}, Row{"", ""}}) {
        CAPTURE(row.name);
        CHECK(site.proto_group_of(row.name) == row.want);
    }
}

TEST_CASE("site config: what is wrong is named") {
    struct Row {
        std::string_view text;
        std::string_view message;
    };
    for (const Row& row : {
             Row{"x = 1", "[[test_object]] or [protocol_groups]"},
             Row{"[[test_object]]\nfield = \"name\"\npattern = \"x\"", "patient_id or patient_name"},
             Row{"[[test_object]]\nfield = \"patient_id\"", "a pattern"},
             Row{"[[test_object]]\nfield = \"patient_id\"\npattern = \"x\"\npurpose = \"fun\"", "phantom or service"},
             Row{"[[test_object]]\nfield = \"patient_id\"\npattern = \"x\"\ncolour = \"red\"",
                 "field, pattern or purpose"},
             Row{"[protocol_groups]\nx = \"brainz\"", "one of head, neck"},
             Row{"[", "line 1"},
         }) {
        CAPTURE(row.text);
        const auto site = SiteConfig::parse(row.text, "site.toml");
        REQUIRE_FALSE(site.has_value());
        CHECK(site.error().message.find("site.toml") == 0);
        CHECK(site.error().message.find(row.message) != std::string::npos);
    }
}

TEST_CASE("routes: the narrowest route that fits wins") {
    const RouteTable table = RouteTable::parse(R"(
unassigned = "/run/unassigned.sock"
[[route]]
ae = "CT_1"
intake = "/run/ae.sock"
[[route]]
serial = "S1"
intake = "/run/serial.sock"
[[route]]
ae = "CT_1"
serial = "S2"
intake = "/run/both.sock"
)",
                                               "routes.toml")
                                 .value();
    struct Row {
        std::string ae;
        std::string serial;
        std::string_view want;
    };
    for (const Row& row : {Row{"CT_1", "", "/run/ae.sock"}, Row{"CT_1", "S9", "/run/ae.sock"},
                           Row{"CT_9", "S1", "/run/serial.sock"}, Row{"CT_1", "S1", "/run/serial.sock"},
                           Row{"CT_1", "S2", "/run/both.sock"}, Row{"CT_9", "S2", ""}, Row{"", "", ""}}) {
        CAPTURE(row.ae);
        CAPTURE(row.serial);
        const Route* route = table.find({row.ae, row.serial, "", ""});
        CHECK((route == nullptr ? std::string{} : route->intake.string()) == row.want);
    }
    CHECK(table.unassigned() == "/run/unassigned.sock");
}

TEST_CASE("routes: what is wrong is named") {
    struct Row {
        std::string_view text;
        std::string_view message;
    };
    for (const Row& row : {
             Row{"", "no unassigned"},
             Row{"unassigned = \"x\"\nfoo = 1", "got \"foo\""},
             Row{"unassigned = \"x\"\n[[route]]\nintake = \"y\"", "neither ae nor serial"},
             Row{"unassigned = \"x\"\n[[route]]\nae = \"A\"", "no intake"},
             Row{"unassigned = \"x\"\n[[route]]\nae = 5\nintake = \"y\"", "each a string"},
             Row{"unassigned = \"x\"\n[[route]]\nae = \"A\"\nintake = \"y\"\n[[route]]\nae = \"A\"\nintake = \"z\"",
                 "twice"},
         }) {
        CAPTURE(row.text);
        const auto table = RouteTable::parse(row.text, "routes.toml");
        REQUIRE_FALSE(table.has_value());
        CHECK(table.error().message.find(row.message) != std::string::npos);
    }
}
