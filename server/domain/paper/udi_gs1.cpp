#include <fmt/format.h>

#include <algorithm>

#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/udi_parts.hpp"

namespace gantry::paper {
namespace {

constexpr char fnc1 = '\x1d';
// The 82 characters that GS1 allows, in the order that the check of a model number counts them.
constexpr std::string_view charset_82 =
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

Error malformed(std::string what) { return {Errc::malformed, "UDI: " + std::move(what)}; }

const Gs1Identifier* find_identifier(std::string_view ai) {
    const auto& known = gs1_identifiers();
    const auto found = std::ranges::find(known, ai, &Gs1Identifier::ai);
    return found == known.end() ? nullptr : &*found;
}

// The known identifier that the text begins with: no identifier is the beginning of another.
const Gs1Identifier* identifier_at(std::string_view text) {
    for (const Gs1Identifier& known : gs1_identifiers())
        if (text.starts_with(known.ai)) return &known;
    return nullptr;
}

Result<std::int64_t> read_date(std::string_view ai, std::string_view digits, int year_now) {
    const int year = full_year(number_of(digits.substr(0, 2)), year_now);
    const int month = number_of(digits.substr(2, 2));
    const int day = number_of(digits.substr(4, 2));
    std::optional<std::int64_t> at = ms_of_date(year, month, day);
    // Day 00 is the month as a whole: its last day.
    for (int last = 31; day == 0 && !at && last >= 28; --last) at = ms_of_date(year, month, last);
    if (!at) return malformed(fmt::format("({}): got '{}', want a day as YYMMDD", ai, digits));
    return *at;
}

Result<void> check_value(const Gs1Identifier& known, std::string_view value) {
    if (value.empty() || value.size() > known.length_max || (known.fixed && value.size() != known.length_max))
        return malformed(fmt::format("({}): got {} characters, want {}{}", known.ai, value.size(),
                                     known.fixed ? "" : "1 to ", known.length_max));
    if (known.digits && !all_digits(value)) return malformed(fmt::format("({}): want digits only", known.ai));
    if (value.find_first_not_of(charset_82) != std::string_view::npos)
        return malformed(fmt::format("({}): got a character that GS1 does not allow", known.ai));
    return {};
}

Result<void> check_gtin(std::string_view gtin) {
    const char want = gs1_check_digit(gtin.substr(0, gtin.size() - 1));
    if (gtin.back() != want)
        return malformed(fmt::format("GTIN {}: got check digit {}, want {}", gtin, gtin.back(), want));
    return {};
}

Result<void> check_model_number(std::string_view value) {
    const auto want = value.size() < 3 ? std::nullopt : gmn_check_pair(value.substr(0, value.size() - 2));
    if (!want || value.substr(value.size() - 2) != *want)
        return malformed(fmt::format("(8013): got check characters '{}', want '{}'",
                                     value.substr(value.size() - std::min<std::size_t>(2, value.size())),
                                     want.value_or("two after at least one character")));
    return {};
}

Result<void> take_element(Udi& udi, const Gs1Identifier& known, std::string_view value, int year_now) {
    if (auto fits = check_value(known, value); !fits) return fits;
    for (const auto& [ai, before] : udi.elements)
        if (ai == known.ai) return malformed(fmt::format("({}): got it twice, want it once", known.ai));
    udi.elements.emplace_back(known.ai, value);
    if (known.ai == "01") {
        if (auto right = check_gtin(value); !right) return right;
        udi.di = value;
        udi.checked = true;
    }
    if (known.ai == "10") udi.lot = value;
    if (known.ai == "21") udi.serial = value;
    if (known.ai == "8012") udi.software = value;
    if (known.ai == "8013") return check_model_number(value);
    if (known.date) {
        const auto at = read_date(known.ai, value, year_now);
        if (!at) return at.error();
        if (known.ai == "11") udi.manufactured_ms = *at;
        if (known.ai == "17") udi.expires_ms = *at;
    }
    return {};
}

Error unknown_identifier(std::string_view text) {
    std::string known;
    for (const Gs1Identifier& one : gs1_identifiers()) known += (known.empty() ? "" : " ") + std::string{one.ai};
    return malformed(fmt::format("got '{}', want an application identifier: {}", text.substr(0, 4), known));
}

// What stands between the brackets that the text begins with, when it looks like an identifier: two to four digits.
std::string_view bracketed_at(std::string_view text) {
    const std::size_t close = text.find(')');
    if (!text.starts_with('(') || close == std::string_view::npos || close < 3 || close > 5) return {};
    const std::string_view inside = text.substr(1, close - 1);
    return all_digits(inside) ? inside : std::string_view{};
}

// "(01)…(21)…". A value may hold brackets itself: it ends only before what looks like an identifier.
Result<void> read_printed(Udi& udi, std::string_view text, int year_now) {
    while (!text.empty()) {
        const std::string_view ai = bracketed_at(text);
        const Gs1Identifier* known = find_identifier(ai);
        if (!known) return unknown_identifier(ai.empty() ? text : ai);
        text.remove_prefix(ai.size() + 2);
        std::size_t end = 0;
        while (end < text.size() && bracketed_at(text.substr(end)).empty()) ++end;
        if (auto taken = take_element(udi, *known, text.substr(0, end), year_now); !taken) return taken;
        text.remove_prefix(end);
    }
    return {};
}

Result<void> read_scanned(Udi& udi, std::string_view text, int year_now) {
    while (!text.empty()) {
        const Gs1Identifier* known = identifier_at(text);
        if (!known) return unknown_identifier(text);
        text.remove_prefix(known->ai.size());
        const std::size_t end =
            known->fixed ? std::min(known->length_max, text.size()) : std::min(text.find(fnc1), text.size());
        if (auto taken = take_element(udi, *known, text.substr(0, end), year_now); !taken) return taken;
        text.remove_prefix(end);
        if (!text.empty() && text.front() == fnc1) text.remove_prefix(1);
    }
    return {};
}

Result<Udi> gtin_alone(std::string_view digits) {
    Udi udi;
    if (auto right = check_gtin(digits); !right) return right.error();
    udi.di = std::string(14 - digits.size(), '0') + std::string{digits};
    udi.checked = true;
    udi.elements.emplace_back("01", udi.di);
    return udi;
}

}  // namespace

const std::vector<Gs1Identifier>& gs1_identifiers() {
    static const std::vector<Gs1Identifier> known = {
        {.ai = "01", .digits = true, .fixed = true, .length_max = 14},
        {.ai = "10", .length_max = 20},
        {.ai = "11", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "12", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "13", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "15", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "16", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "17", .digits = true, .fixed = true, .length_max = 6, .date = true},
        {.ai = "20", .digits = true, .fixed = true, .length_max = 2},
        {.ai = "21", .length_max = 20},
        {.ai = "22", .length_max = 20},
        {.ai = "240", .length_max = 30},
        {.ai = "241", .length_max = 30},
        {.ai = "250", .length_max = 30},
        {.ai = "30", .digits = true, .length_max = 8},
        {.ai = "8012", .length_max = 20},
        {.ai = "8013", .length_max = 25},
    };
    return known;
}

char gs1_check_digit(std::string_view digits_before) {
    int sum = 0;
    int weight = 3;
    for (std::size_t i = digits_before.size(); i-- > 0; weight = 4 - weight) sum += weight * (digits_before[i] - '0');
    return static_cast<char>('0' + (10 - sum % 10) % 10);
}

std::optional<std::string> gmn_check_pair(std::string_view before) {
    // One prime a character, from the right: at most 23 characters stand before the pair.
    constexpr int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83};
    constexpr std::string_view pair_characters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    if (before.empty() || before.size() > std::size(primes)) return std::nullopt;
    std::size_t sum = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const std::size_t value = charset_82.find(before[before.size() - 1 - i]);
        if (value == std::string_view::npos) return std::nullopt;
        sum += value * static_cast<std::size_t>(primes[i]);
    }
    sum %= 1021;
    return std::string{pair_characters[sum / 32], pair_characters[sum % 32]};
}

Result<Udi> parse_gs1(std::string_view text, int year_now) {
    for (const std::string_view mark : {"]C1", "]d2", "]Q3", "\x1d"})
        if (text.starts_with(mark)) text.remove_prefix(mark.size());
    const bool gtin_length = text.size() == 8 || text.size() == 12 || text.size() == 13 || text.size() == 14;
    if (gtin_length && all_digits(text)) return gtin_alone(text);
    Udi udi;
    const bool printed = text.starts_with('(');
    if (auto read = printed ? read_printed(udi, text, year_now) : read_scanned(udi, text, year_now); !read)
        return read.error();
    if (udi.di.empty()) return malformed("got no (01), want the identifier of the model with it");
    return udi;
}

}  // namespace gantry::paper
