#include <fmt/format.h>

#include <algorithm>

#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/udi_parts.hpp"

namespace gantry::paper {
namespace {

constexpr std::string_view charset_43 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
constexpr std::size_t labeler_length = 4;
constexpr std::size_t product_length_max = 18;
constexpr std::size_t lot_length_max = 18;

Error malformed(std::string what) { return {Errc::malformed, "UDI: " + std::move(what)}; }

bool is_letter(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

// Labeler (a letter and three characters), product, unit of measure (one digit).
Result<void> read_primary(Udi& udi, std::string_view text) {
    const bool shaped = is_word(text) && text.size() >= labeler_length + 2 &&
                        text.size() <= labeler_length + product_length_max + 1 && is_letter(text.front()) &&
                        is_digit(text.back());
    if (!shaped)
        return malformed(
            fmt::format("got '{}', want a letter, three characters of labeler, 1 to 18 of product and a digit", text));
    udi.di = text;
    udi.labeler = text.substr(0, labeler_length);
    udi.product = text.substr(labeler_length, text.size() - labeler_length - 1);
    udi.elements.emplace_back("+", udi.di);
    return {};
}

// How the digits after a date's mark are laid out: Y, M, D, J (day of the year), H.
struct DateForm {
    char mark;
    std::string_view layout;
};
constexpr DateForm date_forms[] = {
    {'2', "MMDDYY"}, {'3', "YYMMDD"}, {'4', "YYMMDDHH"}, {'5', "YYJJJ"}, {'6', "YYJJJHH"}};

std::optional<std::int64_t> date_of(std::string_view layout, std::string_view digits, int year_now) {
    const auto part = [&](char letter) {
        int value = -1;
        for (std::size_t i = 0; i < layout.size(); ++i)
            if (layout[i] == letter) value = std::max(value, 0) * 10 + (digits[i] - '0');
        return value;
    };
    const int year = full_year(part('Y'), year_now);
    if (const int day_of_year = part('J'); day_of_year >= 0) {
        const auto first = ms_of_date(year, 1, 1);
        const auto next = ms_of_date(year + 1, 1, 1);
        if (!first || !next || day_of_year < 1 || *first + (day_of_year - 1) * ms_of_day >= *next) return std::nullopt;
        return *first + (day_of_year - 1) * ms_of_day;
    }
    if (part('D') >= 0) return ms_of_date(year, part('M'), part('D'));
    std::optional<std::int64_t> at;  // a month alone: its last day
    for (int last = 31; !at && last >= 28; --last) at = ms_of_date(year, part('M'), last);
    return at;
}

// Takes a date with its mark from the front of `text`; leaves it alone when none stands there.
std::optional<std::int64_t> take_date(std::string_view& text, int year_now) {
    if (text.empty()) return std::nullopt;
    std::string_view layout = "MMYY";
    std::size_t mark = 0;
    if (text.front() != '0' && text.front() != '1') {
        const auto* form = std::ranges::find(date_forms, text.front(), &DateForm::mark);
        if (form == std::end(date_forms)) return std::nullopt;
        layout = form->layout;
        mark = 1;
    }
    const std::string_view digits = text.substr(mark, layout.size());
    if (digits.size() != layout.size() || !all_digits(digits)) return std::nullopt;
    const auto at = date_of(layout, digits, year_now);
    if (at) text.remove_prefix(mark + layout.size());
    return at;
}

// "$$[+][8QQ|9QQQQQ][date]lot": the quantity is kept among the elements only.
Result<void> read_dated(Udi& udi, std::string_view text, int year_now) {
    const bool is_serial = text.starts_with('+');
    if (is_serial) text.remove_prefix(1);
    const std::size_t quantity = text.starts_with('8') ? 3 : text.starts_with('9') ? 6 : 0;
    if (quantity != 0) {
        if (text.size() < quantity || !all_digits(text.substr(0, quantity)))
            return malformed(fmt::format("'$${}': want {} digits of quantity", text, quantity - 1));
        text.remove_prefix(quantity);
    }
    if (text.starts_with('7')) {
        text.remove_prefix(1);
    } else if (const auto at = take_date(text, year_now)) {
        udi.expires_ms = at;
    } else if (quantity == 0) {
        return malformed(fmt::format("'$${}': want a date", text));
    }
    (is_serial ? udi.serial : udi.lot) = text;
    return {};
}

Result<void> read_long_date(std::string_view prefix, std::string_view digits, std::optional<std::int64_t>& out) {
    if (digits.size() == 8 && all_digits(digits))
        out =
            ms_of_date(number_of(digits.substr(0, 4)), number_of(digits.substr(4, 2)), number_of(digits.substr(6, 2)));
    if (!out) return malformed(fmt::format("'{}{}': want a day as YYYYMMDD", prefix, digits));
    return {};
}

Result<void> read_secondary(Udi& udi, std::string_view text, int year_now) {
    const auto prefix = [&](std::string_view mark) {
        if (!text.starts_with(mark)) return false;
        text.remove_prefix(mark.size());
        udi.elements.emplace_back(mark, text);
        return true;
    };
    if (prefix("$$")) return read_dated(udi, text, year_now);
    if (prefix("$+") || prefix("S")) {
        udi.serial = text;
    } else if (prefix("$")) {
        udi.lot = text;
    } else if (prefix("16D")) {
        return read_long_date("16D", text, udi.manufactured_ms);
    } else if (prefix("14D")) {
        return read_long_date("14D", text, udi.expires_ms);
    } else if (!text.empty() && is_letter(text.front())) {
        udi.elements.emplace_back(text.substr(0, 1), text.substr(1));  // quantity, container: nothing to us
    } else if (text.size() >= 5 && all_digits(text.substr(0, 5))) {
        udi.elements.emplace_back("", text);
        udi.expires_ms = date_of("YYJJJ", text.substr(0, 5), year_now);
        udi.lot = text.substr(5);
        if (!udi.expires_ms) return malformed(fmt::format("'{}': want a day as YYJJJ", text));
    } else {
        return malformed(fmt::format("got '/{}', want lot, serial or date as HIBCC writes them", text));
    }
    return {};
}

// An identifier alone, as registers keep it: the check character may be there or not. A last character that is the
// right one and leaves a whole identifier is taken for it.
Result<Udi> identifier_alone(std::string_view text) {
    Udi udi;
    udi.issuer = UdiIssuer::hibcc;
    const std::string before = "+" + std::string{text.substr(0, text.size() - 1)};
    if (hibcc_check_character(before) == text.back() && read_primary(udi, std::string_view{before}.substr(1))) {
        udi.checked = true;
        return udi;
    }
    if (auto read = read_primary(udi, text); !read) return read.error();
    return udi;
}

}  // namespace

std::optional<char> hibcc_check_character(std::string_view before) {
    std::size_t sum = 0;
    for (const char c : before) {
        const std::size_t value = charset_43.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        sum += value;
    }
    return charset_43[sum % charset_43.size()];
}

Result<Udi> parse_hibcc(std::string_view text, int year_now) {
    if (text.size() > 2 && text.front() == '*' && text.back() == '*') text = text.substr(1, text.size() - 2);
    if (!text.starts_with('+')) return identifier_alone(text);
    if (text.size() < 3) return malformed("got '+' alone, want labeler, product, unit and check character");
    const auto want = hibcc_check_character(text.substr(0, text.size() - 1));
    if (!want) return malformed("got a character that HIBCC does not allow, want 0-9 A-Z - . space $ / + %");
    if (text.back() != *want) return malformed(fmt::format("got check character '{}', want '{}'", text.back(), *want));
    text = text.substr(1, text.size() - 2);
    Udi udi;
    udi.issuer = UdiIssuer::hibcc;
    udi.checked = true;
    std::size_t end = std::min(text.find('/'), text.size());
    if (auto read = read_primary(udi, text.substr(0, end)); !read) return read.error();
    while (end < text.size()) {
        text.remove_prefix(end + 1);
        end = std::min(text.find('/'), text.size());
        if (auto read = read_secondary(udi, text.substr(0, end), year_now); !read) return read.error();
    }
    if (udi.lot.size() > lot_length_max || udi.serial.size() > lot_length_max)
        return malformed(fmt::format("lot or serial: got {} characters, want at most {}",
                                     std::max(udi.lot.size(), udi.serial.size()), lot_length_max));
    return udi;
}

}  // namespace gantry::paper
