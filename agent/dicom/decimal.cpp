#include "agent/dicom/decimal.hpp"

#include <charconv>
#include <string>

namespace gantry::dicom {
namespace {

constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;
constexpr std::size_t digits_max = 18;  // 10^18 fits 63 bits

struct Decimal {
    bool negative = false;
    std::string digits;  // without leading zeros
    int exponent = 0;    // value = digits × 10^exponent
};

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '+')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    return text;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
    text = trim(text);
    if (text.empty() || text.size() > 64) return std::nullopt;
    Decimal out;
    if (text.front() == '-') {
        out.negative = true;
        text.remove_prefix(1);
    }
    bool any = false;
    bool fraction = false;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && !fraction) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            if (c != '0' || !out.digits.empty()) out.digits.push_back(c);
            if (fraction) --out.exponent;
        } else {
            break;
        }
    }
    if (!any) return std::nullopt;
    if (at == text.size()) return out;
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    std::string_view rest = text.substr(at + 1);
    if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
    int shift = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), shift);
    if (error != std::errc{} || end != rest.data() + rest.size() || shift > 64 || shift < -64) return std::nullopt;
    out.exponent += shift;
    return out;
}

struct Unit {
    std::string_view name;
    std::int64_t multiplier;
    int power;
};

// Makers write mGycm, mGy.cm, mGy·cm and mGy*cm for one unit, {ratio} and ratio for another.
std::string plain_unit(std::string_view unit) {
    std::string out;
    for (const char c : trim(unit)) {
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '%';
        if (letter) out.push_back(c);
        if (c == '\xb5' || c == '\xbc') out.push_back('u');  // µ in Latin-1, or the last byte of μ in UTF-8
    }
    return out;
}

const Unit* find_unit(Quantity quantity, std::string_view name) {
    static constexpr Unit time[] = {{"s", 1, 3}, {"ms", 1, 0}, {"us", 1, -3}, {"min", 60, 3}};
    static constexpr Unit length[] = {{"mm", 1, 3}, {"cm", 1, 4}, {"m", 1, 6}, {"um", 1, 0}};
    static constexpr Unit dose[] = {{"mGy", 1, 3}, {"uGy", 1, 0}, {"cGy", 1, 4}, {"Gy", 1, 6}};
    static constexpr Unit dlp[] = {{"mGycm", 1, 3}, {"uGycm", 1, 0}, {"Gycm", 1, 6}, {"mGym", 1, 5}, {"uGym", 1, 2}};
    static constexpr Unit ratio[] = {{"ratio", 1, 3}, {"1", 1, 3}, {"", 1, 3}};
    static constexpr Unit voltage[] = {{"kV", 1, 3}, {"kVp", 1, 3}, {"V", 1, 0}};
    static constexpr Unit current[] = {{"mA", 1, 3}, {"uA", 1, 0}, {"A", 1, 6}};
    const auto in = [&](const auto& table) -> const Unit* {
        for (const Unit& unit : table) {
            if (unit.name == name) return &unit;
        }
        return nullptr;
    };
    static constexpr Unit plain = {"", 1, 0};
    switch (quantity) {
        case Quantity::time_ms:
            return in(time);
        case Quantity::length_um:
            return in(length);
        case Quantity::dose_ugy:
            return in(dose);
        case Quantity::dlp_ugy_cm:
            return in(dlp);
        case Quantity::ratio_milli:
            return in(ratio);
        case Quantity::voltage_v:
            return in(voltage);
        case Quantity::current_ua:
            return in(current);
        case Quantity::count:
            return &plain;  // makers name the counted things as they like
    }
    return nullptr;
}

}  // namespace

std::optional<std::int64_t> scale_decimal(std::string_view text, std::int64_t multiplier, int power) {
    std::optional<Decimal> number = parse_decimal(text);
    if (!number) return std::nullopt;
    std::string& digits = number->digits;
    if (digits.empty()) return 0;
    const int shift = number->exponent + power;
    bool round_up = false;
    if (shift >= 0) {
        if (digits.size() + static_cast<std::size_t>(shift) > digits_max) return std::nullopt;
        digits.append(static_cast<std::size_t>(shift), '0');
    } else {
        const auto drop = static_cast<std::size_t>(-shift);
        if (drop > digits.size()) return 0;
        round_up = digits[digits.size() - drop] >= '5';
        if (multiplier != 1) {  // rare (minutes): scale first, so that no digit is lost
            if (digits.size() > 12) return std::nullopt;
            std::int64_t whole = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), whole);
            const std::string product = (number->negative ? "-" : "") + std::to_string(whole * multiplier);
            return scale_decimal(product + "e" + std::to_string(number->exponent), 1, power);
        }
        digits.resize(digits.size() - drop);
        if (digits.empty()) digits = "0";
        if (digits.size() > digits_max) return std::nullopt;
    }
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (round_up) ++value;
    if (value > integer_max / multiplier) return std::nullopt;
    value *= multiplier;
    return number->negative ? -value : value;
}

std::optional<std::int64_t> scaled(Quantity quantity, std::string_view value, std::string_view unit, std::int64_t max,
                                   Problems& problems) {
    if (trim(value).empty()) return std::nullopt;  // an empty value says nothing: unknown, and no fault of the report
    const Unit* found = find_unit(quantity, plain_unit(unit));
    if (found == nullptr) {
        problems.add(Problem::unit_unknown);
        return std::nullopt;
    }
    const auto number = scale_decimal(value, found->multiplier, found->power);
    if (!number || *number < 0 || *number > max) {
        problems.add(Problem::value_out_of_range);
        return std::nullopt;
    }
    return number;
}

}  // namespace gantry::dicom
