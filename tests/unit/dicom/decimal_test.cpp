#include "agent/dicom/decimal.hpp"

#include <doctest/doctest.h>

using namespace gantry::dicom;

TEST_CASE("decimal: texts scale exactly") {
    struct Row {
        std::string_view text;
        std::int64_t multiplier;
        int power;
        std::optional<std::int64_t> want;
    };
    for (const Row& row : {
             Row{"7.49", 1, 3, 7490},
             Row{" 0.042 ", 1, 3, 42},
             Row{"0.1", 1, 3, 100},
             Row{"21.5506", 1, 3, 21551},
             Row{"10.7753", 1, 3, 10775},
             Row{"0.0005", 1, 3, 1},
             Row{"0.0004999", 1, 3, 0},
             Row{"1e3", 1, 0, 1000},
             Row{"1.5E-2", 1, 3, 15},
             Row{"+12", 1, 0, 12},
             Row{"-3.5", 1, 0, -4},
             Row{"1.5", 60, 3, 90'000},
             Row{"0.0001", 60, 3, 6},
             Row{"11912", 1, 3, 11'912'000},
             Row{"0", 1, 3, 0},
             Row{"000.000", 1, 3, 0},
             Row{"", 1, 3, std::nullopt},
             Row{".", 1, 3, std::nullopt},
             Row{"1.2.3", 1, 3, std::nullopt},
             Row{"NaN", 1, 3, std::nullopt},
             Row{"1e999", 1, 3, std::nullopt},
             Row{"99999999999999999999", 1, 0, std::nullopt},
             Row{"9007199254740992", 1, 0, std::nullopt},
             Row{"9007199254740991", 1, 0, 9007199254740991},
             Row{"12abc", 1, 0, std::nullopt},
         }) {
        CAPTURE(row.text);
        CHECK(scale_decimal(row.text, row.multiplier, row.power) == row.want);
    }
}

TEST_CASE("decimal: units as makers write them") {
    struct Row {
        Quantity quantity;
        std::string_view value;
        std::string_view unit;
        std::optional<std::int64_t> want;
        std::string_view problem;
    };
    for (const Row& row : {
             Row{Quantity::dlp_ugy_cm, "251.20", "mGycm", 251'200, ""},
             Row{Quantity::dlp_ugy_cm, "251.20", "mGy.cm", 251'200, ""},
             Row{Quantity::dlp_ugy_cm, "251.20",
                 "mGy\xc2\xb7"
                 "cm",
                 251'200, ""},
             Row{Quantity::dlp_ugy_cm, "251.20", "mGy*cm", 251'200, ""},
             Row{Quantity::time_ms, "7.49", "s", 7490, ""},
             Row{Quantity::time_ms, "6986", "ms", 6986, ""},
             Row{Quantity::current_ua, "150", "mA", 150'000, ""},
             Row{Quantity::current_ua, "165044.374", "uA", 165'044, ""},
             Row{Quantity::current_ua, "50",
                 "\xc2\xb5"
                 "A",
                 50, ""},
             Row{Quantity::current_ua, "50",
                 "\xb5"
                 "A",
                 50, ""},
             Row{Quantity::ratio_milli, "0.813", "{ratio}", 813, ""},
             Row{Quantity::ratio_milli, "0.813", "ratio", 813, ""},
             Row{Quantity::voltage_v, "120", "kV", 120'000, ""},
             Row{Quantity::time_ms, "7.49", "fortnight", std::nullopt, "unit_unknown"},
             Row{Quantity::time_ms, "7.49", "", std::nullopt, "unit_unknown"},
             Row{Quantity::time_ms, "-1", "s", std::nullopt, "value_out_of_range"},
             Row{Quantity::time_ms, "banana", "s", std::nullopt, "value_out_of_range"},
             Row{Quantity::time_ms, "1000001", "ms", std::nullopt, "value_out_of_range"},
             Row{Quantity::time_ms, "", "s", std::nullopt, ""},
         }) {
        CAPTURE(row.value);
        CAPTURE(row.unit);
        Problems problems;
        CHECK(scaled(row.quantity, row.value, row.unit, 1'000'000, problems) == row.want);
        CHECK(problems.has(Problem::unit_unknown) == (row.problem == "unit_unknown"));
        CHECK(problems.has(Problem::value_out_of_range) == (row.problem == "value_out_of_range"));
    }
}
