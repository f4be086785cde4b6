#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"

// The unique device identifier on a type plate, as a scanner or a person gives it: which model (DI), and which piece of
// it (lot, serial, dates).
namespace gantry::paper {

inline constexpr std::size_t udi_bytes_max = 256;  // the longest codes on the market have about 100

enum class UdiIssuer : std::uint8_t { gs1, hibcc };

struct Udi {
    UdiIssuer issuer = UdiIssuer::gs1;
    std::string di;       // GS1: 14 digits; HIBCC: labeler, product and unit, without check character
    std::string labeler;  // HIBCC: four characters
    std::string product;  // HIBCC: the labeler's own catalogue number
    std::string lot, serial;
    std::string software;                         // GS1 (8012)
    std::optional<std::int64_t> manufactured_ms;  // midnight UTC of the day; a month alone means its last day
    std::optional<std::int64_t> expires_ms;
    bool checked = false;                                       // a check digit or character was there and is right
    std::vector<std::pair<std::string, std::string>> elements;  // all of it: application identifier or prefix, value
};

// Reads any of:
//   GS1    (01)51022222233336(11)210305(21)S-1      as printed, or
//          01510222222333361121030521S-1            as scanned, with FNC1 as the byte 0x1D, ]C1 or ]d2 before it, or
//          51022222233336                            the GTIN alone, 8, 12, 13 or 14 digits
//   HIBCC  +A99912345/$$52001510X3/S77DEFG457        with the check character, or the identifier alone as registers
//          keep it, with or without the check character.
// `year_now` decides the century of two-digit years. Errors, with got and want: Errc::malformed (not of this form, or a
// check digit is wrong), too_large.
Result<Udi> parse_udi(std::string_view text, int year_now);

// The digit that makes a GTIN whole. Needs digits only.
char gs1_check_digit(std::string_view digits_before);

// The character that ends a HIBCC code; none when the text holds a character outside its 43.
std::optional<char> hibcc_check_character(std::string_view before);

// The two characters that end a GS1 global model number (8013); none outside its character set.
std::optional<std::string> gmn_check_pair(std::string_view before);

// A GS1 application identifier that is read here. `fixed` ones end by their length, the others at FNC1.
struct Gs1Identifier {
    std::string_view ai;
    bool digits = false;
    bool fixed = false;
    std::size_t length_max = 0;
    bool date = false;
};
const std::vector<Gs1Identifier>& gs1_identifiers();

}  // namespace gantry::paper
