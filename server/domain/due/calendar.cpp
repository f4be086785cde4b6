#include "server/domain/due/calendar.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

namespace gantry::due {
namespace {

struct Words {
    std::string_view en, zh;
};
// In the order of Kind.
constexpr std::array<Words, 13> words{{{"Maintenance", "维护保养"},
                                       {"Status test due", "状态检测到期"},
                                       {"Site protection test due", "场所防护检测到期"},
                                       {"Constancy test", "稳定性检测"},
                                       {"Apply for permit renewal by", "许可延续申请截止"},
                                       {"Permit ends", "许可证到期"},
                                       {"Contract ends", "合同到期"},
                                       {"Answer recall by", "召回确认截止"},
                                       {"Close recall by", "召回完成期限"},
                                       {"Commitment due", "承诺事项到期"},
                                       {"Operator training ends", "操作人员培训到期"},
                                       {"Labelled service life ends", "使用期限届满"},
                                       {"Work order open since", "工单未结"}}};

constexpr std::size_t line_octets_max = 75;  // RFC 5545 3.1

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == ';' || c == ',') out.push_back('\\');
        if (c == '\n')
            out += "\\n";
        else if (c != '\r')
            out.push_back(c);
    }
    return out;
}

// A content line, folded between characters: a continuation begins with a blank.
void add_line(std::string& out, std::string_view line) {
    std::size_t room = line_octets_max;
    while (line.size() > room) {
        std::size_t cut = room;
        while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
        out.append(line.substr(0, cut)).append("\r\n ");
        line.remove_prefix(cut);
        room = line_octets_max - 1;
    }
    out.append(line).append("\r\n");
}

std::tm utc(std::int64_t at_ms) { return fmt::gmtime(static_cast<std::time_t>(at_ms / 1000)); }

}  // namespace

std::string_view title(Kind kind, Language language) {
    const Words& word = words[static_cast<std::size_t>(kind)];
    return language == Language::zh ? word.zh : word.en;
}

std::string summary(const Entry& entry, Language language) {
    std::string out = fmt::format("{} · {}", title(entry.due.kind, language),
                                  entry.device_name.empty() ? entry.device : entry.device_name);
    if (!entry.due.what.empty()) out += " · " + entry.due.what;
    return out;
}

std::string icalendar(std::string_view name, std::span<const Entry> entries, std::int64_t now_ms, Language language) {
    std::string out;
    add_line(out, "BEGIN:VCALENDAR");
    add_line(out, "VERSION:2.0");
    add_line(out, "PRODID:-//Gantry//Gantry//EN");
    add_line(out, "CALSCALE:GREGORIAN");
    add_line(out, "X-WR-CALNAME:" + escaped(name));
    for (const Entry& entry : entries) {
        add_line(out, "BEGIN:VEVENT");
        add_line(out,
                 fmt::format("UID:{}-{}-{}@gantry", entry.device, due::name(entry.due.kind), escaped(entry.due.ref)));
        add_line(out, fmt::format("DTSTAMP:{:%Y%m%dT%H%M%SZ}", utc(now_ms)));
        add_line(out, fmt::format("DTSTART;VALUE=DATE:{:%Y%m%d}", utc(entry.due.at_ms)));
        add_line(out, "SUMMARY:" + escaped(summary(entry, language)));
        if (entry.due.estimated)
            add_line(out, language == Language::zh ? "DESCRIPTION:按近 28 天使用量估算"
                                                   : "DESCRIPTION:Estimated from the last 28 days of use");
        add_line(out, "TRANSP:TRANSPARENT");
        add_line(out, "END:VEVENT");
    }
    add_line(out, "END:VCALENDAR");
    return out;
}

}  // namespace gantry::due
