#include "agent/audit/domain/time.hpp"

#include <date/tz.h>

#include <charconv>
#include <chrono>
#include <sstream>

namespace gantry::audit {
namespace {

using std::chrono::milliseconds;
using LocalMs = date::local_time<milliseconds>;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 24 * 60 * minute_ms;

bool in_range(std::int64_t utc_ms) { return utc_ms >= 0 && utc_ms <= time_ms_max; }

std::optional<int> take_number(std::string_view& text, std::size_t digits, int max) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + digits, value);
    if (problem != std::errc{} || end != text.data() + digits || value < 0 || value > max) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

// ".089" in milliseconds; further digits are cut. Nothing when there is a point without a digit.
std::optional<std::int64_t> take_decimals(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t ms = 0;
    std::int64_t unit = 100;
    bool any = false;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), unit /= 10) {
        ms += (text.front() - '0') * unit;
        any = true;
    }
    if (!any) return std::nullopt;
    return ms;
}

struct Offset {
    bool ok = true;  // false: something that is no offset
    bool given = false;
    int minutes = 0;
};

// "Z", "+08:00", "+0800" or nothing.
Offset take_offset(std::string_view& text) {
    if (text.empty()) return {};
    if (take(text, 'Z')) return {.given = true};
    const int sign = text.front() == '-' ? -1 : 1;
    if (text.front() != '+' && text.front() != '-') return {.ok = false};
    text.remove_prefix(1);
    const auto hours = take_number(text, 2, 14);
    take(text, ':');
    const auto minutes = take_number(text, 2, 59);
    if (!hours || !minutes) return {.ok = false};
    return {.given = true, .minutes = sign * (*hours * 60 + *minutes)};
}

// YYYY-MM-DDThh:mm:ss, a leap second counting as the second before it.
std::optional<std::int64_t> take_local(std::string_view& text) {
    const auto year = take_number(text, 4, 9999);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2, 12);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2, 31);
    if (!day || !take(text, 'T')) return std::nullopt;
    const auto hour = take_number(text, 2, 23);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2, 59);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = take_number(text, 2, 60);
    if (!second) return std::nullopt;
    const date::year_month_day ymd{date::year{*year}, date::month{static_cast<unsigned>(*month)},
                                   date::day{static_cast<unsigned>(*day)}};
    if (!ymd.ok()) return std::nullopt;
    const milliseconds days = date::sys_days{ymd}.time_since_epoch();
    return days.count() + ((*hour * 60LL + *minute) * 60 + std::min(*second, 59)) * 1000;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool has_any(std::string_view format, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
        if (format.find(part) != std::string_view::npos) return true;
    return false;
}

// Decimals of seconds as from_stream takes them: after a point, at most three. Some logs write a comma, or six.
std::string with_milliseconds(std::string_view text) {
    const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool after_seconds = i >= 3 && text[i - 3] == ':' && is_digit(i - 2) && is_digit(i - 1);
        if ((text[i] != ',' && text[i] != '.') || !after_seconds || !is_digit(i + 1)) {
            out.push_back(text[i]);
            continue;
        }
        out.push_back('.');
        for (std::size_t kept = 0; is_digit(i + 1); ++i, ++kept)
            if (kept < 3) out.push_back(text[i + 1]);
    }
    return out;
}

}  // namespace

Result<Zone> Zone::named(std::string_view name) {
    try {
        Zone out;
        out.zone_ = date::locate_zone(std::string{name});
        return out;
    } catch (const std::exception&) {
        return Error{Errc::not_found,
                     "time zone: got \"" + std::string{name} + "\", want an IANA name such as Asia/Shanghai"};
    }
}

std::int64_t Zone::to_utc_ms(std::int64_t local_ms, std::optional<std::int64_t> before_ms) const {
    if (zone_ == nullptr) return local_ms;
    const auto& zone = *static_cast<const date::time_zone*>(zone_);
    const date::local_info info = zone.get_info(LocalMs{milliseconds{local_ms}});
    const std::int64_t first = local_ms - milliseconds{info.first.offset}.count();
    if (info.result != date::local_info::ambiguous || !before_ms) return first;
    const std::int64_t second = local_ms - milliseconds{info.second.offset}.count();
    return first + minute_ms < *before_ms && second + minute_ms >= *before_ms ? second : first;
}

std::optional<std::int64_t> parse_xml_time(std::string_view text, const Zone& zone) {
    const auto local = take_local(text);
    if (!local) return std::nullopt;
    const auto decimals = take_decimals(text);
    if (!decimals) return std::nullopt;
    const Offset offset = take_offset(text);
    if (!offset.ok || !text.empty()) return std::nullopt;
    const std::int64_t local_ms = *local + *decimals;
    const std::int64_t utc_ms = offset.given ? local_ms - offset.minutes * minute_ms : zone.to_utc_ms(local_ms);
    if (!in_range(utc_ms)) return std::nullopt;
    return utc_ms;
}

Result<TimeFormat> TimeFormat::parse(std::string_view format) {
    TimeFormat out;
    out.format_ = format;
    if (format == "epoch_s" || format == "epoch_ms") {
        out.kind_ = format == "epoch_s" ? Kind::epoch_s : Kind::epoch_ms;
        out.has_offset_ = true;
        return out;
    }
    const bool whole = has_any(format, {"%c", "%s"});
    out.has_year_ = whole || has_any(format, {"%Y", "%y", "%F", "%D"});
    out.has_offset_ = has_any(format, {"%z", "%Ez", "%Oz", "%s"});
    const bool day = whole || has_any(format, {"%d", "%e", "%F", "%D", "%j"});
    const bool hour = whole || has_any(format, {"%H", "%I", "%T", "%R", "%r"});
    if (!day || !hour) {
        return Error{Errc::malformed, "time format: got \"" + std::string{format} +
                                          "\", want day and hour (such as %Y-%m-%d %H:%M:%S), epoch_s or epoch_ms"};
    }
    return out;
}

std::optional<std::int64_t> TimeFormat::read_calendar(const std::string& text, const std::string& format,
                                                      const Zone& zone, std::optional<std::int64_t> before_ms) const {
    std::istringstream in{text};
    in.imbue(std::locale::classic());
    LocalMs local;
    std::chrono::minutes offset{0};
    std::string abbreviation;
    date::from_stream(in, format.c_str(), local, has_offset_ ? nullptr : &abbreviation,
                      has_offset_ ? &offset : nullptr);
    if (in.fail()) return std::nullopt;
    if (in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
    const std::int64_t local_ms = local.time_since_epoch().count();
    // A local time is read as it stands: an offset comes apart and is taken off here.
    const std::int64_t utc_ms =
        has_offset_ ? local_ms - milliseconds{offset}.count() : zone.to_utc_ms(local_ms, before_ms);
    if (!in_range(utc_ms)) return std::nullopt;
    return utc_ms;
}

std::optional<std::int64_t> TimeFormat::read(std::string_view text, const Zone& zone, std::int64_t now_ms,
                                             std::optional<std::int64_t> before_ms) const {
    if (kind_ != Kind::calendar) {
        const auto number = whole_number(text);
        if (!number || *number < 0 || *number > time_ms_max) return std::nullopt;
        const std::int64_t utc_ms = kind_ == Kind::epoch_s ? *number * 1000 : *number;
        if (!in_range(utc_ms)) return std::nullopt;
        return utc_ms;
    }
    const std::string plain = with_milliseconds(text);
    if (has_year_) return read_calendar(plain, format_, zone, before_ms);
    const auto today = date::floor<date::days>(date::sys_time<milliseconds>{milliseconds{now_ms}});
    const int year = static_cast<int>(date::year_month_day{today}.year());
    const auto of_year = [&](int y) {
        return read_calendar(std::to_string(y) + " " + plain, "%Y " + format_, zone, before_ms);
    };
    const auto this_year = of_year(year);
    if (this_year && *this_year <= now_ms + day_ms) return this_year;
    return of_year(year - 1);
}

}  // namespace gantry::audit
