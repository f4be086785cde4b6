#include "server/domain/due/calendar.hpp"

#include <doctest/doctest.h>

using namespace gantry::due;

TEST_CASE("calendar: all-day events with stable ids, escaped and folded as RFC 5545 wants") {
    const std::vector<Entry> entries{
        {"ct-1", "CT 1; east, new", {Kind::maintenance, 1'767'225'600'000, "S-1", "quarterly", true}},
        {"ct-2",
         "",
         {Kind::permit_end, 1'767'225'600'000, "P", "环辐证〔2026〕第 00012345 号，北京市朝阳区某某医院放射科",
          false}}};
    const std::string text = icalendar("East", entries, 1'767'312'000'000, Language::zh);
    CHECK(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"));
    CHECK(text.ends_with("END:VCALENDAR\r\n"));
    CHECK(text.find("UID:ct-1-maintenance-S-1@gantry\r\nDTSTAMP:20260102T000000Z\r\nDTSTART;VALUE=DATE:20260101\r\n") !=
          std::string::npos);
    CHECK(text.find("SUMMARY:维护保养 · CT 1\\; east\\, new · quarterly\r\n") != std::string::npos);
    CHECK(text.find("按近 28 天") != std::string::npos);
    std::size_t line = 0;
    std::string unfolded;
    for (std::size_t at = 0; at < text.size(); at = line) {
        line = text.find("\r\n", at) + 2;
        CHECK(line - at - 2 <= 75);
        const bool folded = text[at] == ' ';
        // A fold never cuts a character in two.
        CHECK((static_cast<unsigned char>(text[at + (folded ? 1 : 0)]) & 0xC0) != 0x80);
        if (folded && !unfolded.empty()) unfolded.resize(unfolded.size() - 2);
        unfolded += text.substr(at + (folded ? 1 : 0), line - at - (folded ? 1 : 0));
    }
    CHECK(unfolded.find("SUMMARY:许可证到期 · ct-2 · 环辐证〔2026〕第 00012345 号，北京市朝阳区某某医院放射科\r\n") !=
          std::string::npos);
    CHECK(icalendar("x", {}, 0, Language::en).find("VEVENT") == std::string::npos);
    CHECK(summary(entries[0], Language::en) == "Maintenance · CT 1; east, new · quarterly");
}
