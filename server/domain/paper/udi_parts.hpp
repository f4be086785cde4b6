#pragma once

#include "server/domain/paper/udi.hpp"

// What udi.cpp takes together.
namespace gantry::paper {

Result<Udi> parse_gs1(std::string_view text, int year_now);
Result<Udi> parse_hibcc(std::string_view text, int year_now);

// A year of two digits as GS1 reads it: at most 49 years back, at most 50 ahead.
int full_year(int two_digits, int year_now);

inline bool all_digits(std::string_view text) {
    for (const char c : text)
        if (c < '0' || c > '9') return false;
    return !text.empty();
}
// Needs all_digits and at most nine of them.
inline int number_of(std::string_view digits) {
    int value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return value;
}

}  // namespace gantry::paper
