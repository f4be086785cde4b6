#include "agent/dicom/dicom_time.hpp"

#include <date/tz.h>

#include <chrono>

namespace gantry::dicom {
namespace {

using LocalMs = date::local_time<std::chrono::milliseconds>;
constexpr std::int64_t time_ms_max = 4'102'444'800'000;  // the schema's end of time, year 2100

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\0')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    return text;
}

// `size` digits from the front; -1 when they are not all there.
int take_digits(std::string_view& text, std::size_t size) {
    if (text.size() < size) return -1;
    int value = 0;
    for (const char c : text.substr(0, size)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(size);
    return value;
}

std::optional<date::sys_days> take_date(std::string_view& text) {
    const int year = take_digits(text, 4);
    const int month = take_digits(text, 2);
    const int day = take_digits(text, 2);
    if (year < 0 || month < 0 || day < 0) return std::nullopt;
    const date::year_month_day date{date::year{year}, date::month{static_cast<unsigned>(month)},
                                    date::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    return date::sys_days{date};
}

// HH[MM[SS[.F…]]] in milliseconds of the day. A leap second counts as the second before it.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
    const int hour = take_digits(text, 2);
    if (hour < 0 || hour > 23) return std::nullopt;
    const auto optional_part = [&](int max) -> std::optional<int> {
        if (text.empty()) return 0;
        const int value = take_digits(text, 2);
        if (value < 0 || value > max) return std::nullopt;
        return value;
    };
    const auto minute = optional_part(59);
    if (!minute) return std::nullopt;
    const auto second = optional_part(60);
    if (!second) return std::nullopt;
    std::int64_t ms = 0;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        std::int64_t unit = 100;
        for (; !text.empty(); text.remove_prefix(1), unit /= 10) {
            if (text.front() < '0' || text.front() > '9') return std::nullopt;
            ms += (text.front() - '0') * unit;
        }
    }
    if (!text.empty()) return std::nullopt;
    return ((hour * 60LL + *minute) * 60 + std::min(*second, 59)) * 1000 + ms;
}

}  // namespace

ZoneRule ZoneRule::utc_default() { return {}; }

Result<ZoneRule> ZoneRule::named(std::string_view name) {
    try {
        ZoneRule rule;
        rule.zone_ = date::locate_zone(std::string{name});
        return rule;
    } catch (const std::exception&) {
        return Error{Errc::not_found,
                     "time zone: got \"" + std::string{name} + "\", want an IANA name such as Asia/Shanghai"};
    }
}

std::int64_t ZoneRule::to_utc_ms(std::int64_t local_ms, Problems& problems) const {
    if (zone_ == nullptr) {
        problems.add(Problem::no_zone);
        return local_ms;
    }
    const auto& zone = *static_cast<const date::time_zone*>(zone_);
    const LocalMs local{std::chrono::milliseconds{local_ms}};
    const date::local_info info = zone.get_info(local);
    // `first` is the offset before the change. In a repeated hour it gives the earlier instant, in a missing hour the
    // later.
    if (info.result != date::local_info::unique) problems.add(Problem::tz_ambiguous);
    const std::chrono::milliseconds offset = info.first.offset;
    return local_ms - offset.count();
}

std::optional<int> parse_offset_minutes(std::string_view text) {
    text = trim(text);
    if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const int hours = take_digits(text, 2);
    const int minutes = take_digits(text, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return std::nullopt;
    return sign * (hours * 60 + minutes);
}

std::optional<std::int64_t> parse_datetime(std::string_view text, std::string_view offset, const ZoneRule& zone,
                                           Problems& problems) {
    text = trim(text);
    std::optional<int> offset_minutes = parse_offset_minutes(offset);
    const auto missing = [&]() -> std::optional<std::int64_t> {
        problems.add(Problem::time_missing);
        return std::nullopt;
    };
    if (const auto sign = text.find_first_of("+-"); sign != std::string_view::npos) {
        offset_minutes = parse_offset_minutes(text.substr(sign));
        if (!offset_minutes) return missing();
        text = trim(text.substr(0, sign));
    }
    const auto day = take_date(text);
    if (!day) return missing();
    const auto time_of_day = take_time_of_day(text);
    if (!time_of_day) return missing();
    const std::int64_t local_ms = std::chrono::milliseconds{day->time_since_epoch()}.count() + *time_of_day;
    Problems found;
    const std::int64_t utc_ms =
        offset_minutes ? local_ms - *offset_minutes * 60'000LL : zone.to_utc_ms(local_ms, found);
    if (utc_ms < 0 || utc_ms > time_ms_max) return missing();
    problems.add(found);
    return utc_ms;
}

std::optional<int> age_years(std::string_view birth_date, std::int64_t at_ms) {
    birth_date = trim(birth_date);
    const auto birth = take_date(birth_date);
    if (!birth || !birth_date.empty()) return std::nullopt;
    const date::year_month_day born{*birth};
    const date::year_month_day now{
        date::floor<date::days>(date::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{at_ms}})};
    int years = static_cast<int>(now.year()) - static_cast<int>(born.year());
    if (now.month() < born.month() || (now.month() == born.month() && now.day() < born.day())) --years;
    if (years < 0 || years > 150) return std::nullopt;
    return years;
}

}  // namespace gantry::dicom
