#include "server/domain/paper/catalogue.hpp"

#include <doctest/doctest.h>

#include "server/domain/paper/dates.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

const std::vector<Catalogue>& shipped() {
    static const std::vector<Catalogue> catalogues = {
        parse_catalogue(source_text("config/catalogue/2018.toml"), "2018.toml").value(),
        parse_catalogue(source_text("config/catalogue/2023.toml"), "2023.toml").value()};
    return catalogues;
}

// Midnight in China.
std::int64_t day(std::string_view date) { return ms_of_iso_date(date).value() - 8 * 3'600'000; }

DeviceSheet device(std::string modality) {
    DeviceSheet sheet;
    sheet.modality = std::move(modality);
    return sheet;
}
DeviceSheet ct(std::optional<std::int64_t> rows) {
    DeviceSheet sheet = device("CT");
    sheet.rows = rows;
    return sheet;
}
DeviceSheet mr(std::optional<std::int64_t> field_mt) {
    DeviceSheet sheet = device("MRI");
    sheet.field_mt = field_mt;
    return sheet;
}
DeviceSheet linac(std::string guided_by) {
    DeviceSheet sheet = device("LINAC");
    sheet.guided_by = std::move(guided_by);
    return sheet;
}
DeviceSheet model(std::string guided_by, std::string model) {
    DeviceSheet sheet = linac(std::move(guided_by));
    sheet.model = std::move(model);
    return sheet;
}
DeviceSheet first(std::string modality, std::optional<std::int64_t> price_cny) {
    DeviceSheet sheet = device(std::move(modality));
    sheet.first_configured = true;
    sheet.price_cny = price_cny;
    return sheet;
}

constexpr const char* small = R"(
name = "t"
valid_from = "2020-01-01"
[[row]]
id = "B1"
class = "B"
modality = ["CT"]
en = "e"
zh = "z"
)";

}  // namespace

TEST_CASE("licence: by modality, specification and day") {
    using enum LicenceClass;
    struct Row {
        const char* what;
        DeviceSheet sheet;
        const char* date;
        LicenceClass want;
        const char* catalogue;
        const char* row;
    };
    const Row rows[] = {
        {"CT 64 rows, old list", ct(64), "2021-05-01", b, "2018", "B3"},
        {"CT 63 rows, old list", ct(63), "2021-05-01", none, "2018", ""},
        {"CT 320 rows, old list", ct(320), "2021-05-01", b, "2018", "B3"},
        {"CT 64 rows, new list", ct(64), "2024-05-01", none, "2023", ""},
        {"CT, rows unknown, old list", ct({}), "2021-05-01", unknown, "2018", ""},
        {"CT, rows unknown, new list", ct({}), "2024-05-01", none, "2023", ""},
        {"last day of the old list", ct(64), "2023-03-02", b, "2018", "B3"},
        {"day of change", ct(64), "2023-03-03", none, "2023", ""},
        {"first day of the old list", ct(64), "2018-03-29", b, "2018", "B3"},
        {"the day before it", ct(64), "2018-03-28", unknown, "", ""},
        {"MR 1.5 T, old list", mr(1500), "2022-01-01", b, "2018", "B4"},
        {"MR 1.499 T, old list", mr(1499), "2022-01-01", none, "2018", ""},
        {"MR 3 T, new list", mr(3000), "2023-04-01", none, "2023", ""},
        {"MR unknown field, old list", mr({}), "2022-01-01", unknown, "2018", ""},
        {"PET/CT, old list", device("PET-CT"), "2022-01-01", b, "2018", "B1"},
        {"PET/CT, new list", device("PET-CT"), "2024-01-01", b, "2023", "B2"},
        {"PET/MR, old list", device("PET-MR"), "2022-01-01", a, "2018", "A2"},
        {"PET/MR, new list", device("PET-MR"), "2024-01-01", b, "2023", "B1"},
        {"linac", linac("none"), "2024-01-01", b, "2023", "B4"},
        {"CT guided linac", linac("ct"), "2024-01-01", b, "2023", "B4"},
        {"MR guided linac", linac("mr"), "2024-01-01", a, "2023", "A2"},
        {"stereotactic", linac("stereotactic"), "2024-01-01", a, "2023", "A2"},
        {"proton", linac("proton"), "2024-01-01", a, "2023", "A1"},
        {"heavy ion, old list", linac("heavy_ion"), "2019-01-01", a, "2018", "A1"},
        {"linac, guidance unknown", linac(""), "2024-01-01", unknown, "2023", ""},
        {"Versa HD, old list", model("none", "Versa HD"), "2019-01-01", a, "2018", "A3-models"},
        {"Clinac, old list", model("none", "Clinac iX"), "2019-01-01", b, "2018", "B5"},
        {"linac of unknown model, old list", linac("none"), "2019-01-01", unknown, "2018", ""},
        {"Versa HD, new list", model("none", "Versa HD"), "2024-01-01", b, "2023", "B4"},
        {"DSA", device("DSA"), "2022-01-01", none, "2018", ""},
        {"DR", device("DR"), "2024-01-01", none, "2023", ""},
        {"other", device("OTHER"), "2024-01-01", unknown, "2023", ""},
        {"kind unknown", device(""), "2024-01-01", unknown, "2023", ""},
        {"first DSA of 50 million", first("DSA", 50'000'000), "2024-01-01", a, "2023", "A3"},
        {"first DSA of less", first("DSA", 49'999'999), "2024-01-01", b, "2023", "B5"},
        {"first DSA of 30 million", first("DSA", 30'000'000), "2024-01-01", b, "2023", "B5"},
        {"first DSA of less than that", first("DSA", 29'999'999), "2024-01-01", none, "2023", ""},
        {"first DSA of 30 million, old list", first("DSA", 30'000'000), "2022-01-01", a, "2018", "A4"},
        {"first DSA of 10 million, old list", first("DSA", 10'000'000), "2022-01-01", b, "2018", "B7"},
        {"first DSA, price unknown", first("DSA", {}), "2024-01-01", unknown, "2023", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const LicenceNeed got = licence_needed(shipped(), row.sheet, day(row.date));
        CHECK(name(got.licence) == name(row.want));
        CHECK(got.catalogue == row.catalogue);
        CHECK(got.row == row.row);
        CHECK(!got.en.empty());
        CHECK(!got.zh.empty());
        if (row.want != unknown) CHECK(got.required == (row.want != none));
    }
}

TEST_CASE("licence: the list changes at midnight in China, to the millisecond") {
    CHECK(licence_needed(shipped(), ct(64), day("2023-03-03") - 1).licence == LicenceClass::b);
    CHECK(licence_needed(shipped(), ct(64), day("2023-03-03")).licence == LicenceClass::none);
}

TEST_CASE("licence: what is unknown is told, and that a licence is needed whatever it is") {
    const auto rows = licence_needed(shipped(), ct({}), day("2021-01-01"));
    CHECK(rows.missing == std::vector<std::string>{"rows"});
    CHECK(!rows.required);
    const auto guided = licence_needed(shipped(), linac(""), day("2024-01-01"));
    CHECK(guided.missing == std::vector<std::string>{"guided_by"});
    CHECK(guided.required);
    const auto price = licence_needed(shipped(), first("PET-CT", {}), day("2024-01-01"));
    CHECK(price.licence == LicenceClass::unknown);
    CHECK(price.missing == std::vector<std::string>{"price_cny"});
    CHECK(price.required);
}

TEST_CASE("catalogues: two may not hold on one day") {
    CHECK(check_catalogues(shipped()).has_value());
    std::vector<Catalogue> both = shipped();
    both[0].to_ms += 1;
    REQUIRE(!check_catalogues(both));
    CHECK(check_catalogues(both).error().message.find("'2018' and '2023'") != std::string::npos);
    both[0].to_ms -= 2;
    CHECK(check_catalogues(both).has_value());
}

TEST_CASE("catalogues: a mistake is refused with file and line") {
    CHECK(parse_catalogue(small, "t.toml").has_value());
    struct Row {
        const char* from;
        const char* to;
        const char* says;
    };
    const Row rows[] = {
        {"\"2020-01-01\"", "\"2020-02-30\"", "t.toml:3: 'valid_from'"},
        {"valid_from", "valid_form", "t.toml:3: unknown key 'valid_form'"},
        {"\"B\"", "\"C\"", "t.toml:6: 'class': got 'C'"},
        {"[\"CT\"]", "\"CT\"", "t.toml:7: 'modality'"},
        {"modality = [\"CT\"]", "", "neither modality nor first_configured"},
        {"en = \"e\"", "en = 1", "t.toml:8: 'en'"},
        {"zh = \"z\"", "", "'zh'"},
        {"en = \"e\"", "en = \"e\"\nrows_min = 0", "t.toml:9: 'rows_min'"},
        {"en = \"e\"", "en = \"e\"\nprice_cny_min = 5\nprice_cny_below = 5", "price_cny_below"},
        {"name = \"t\"", "name = \"t\"\nvalid_to = \"2020-01-01\"", "t.toml:3: 'valid_to'"},
        {"name = \"t\"", "name = \"t\"\nzone_minutes = 900", "zone_minutes"},
        {"[[row]]", "[row]", "[[row]]"},
        {"zh = \"z\"", "zh = \"z\"\n[[row]]\nid = \"B1\"\nclass = \"A\"\nmodality = [\"CT\"]\nen = \"e\"\nzh = \"z\"",
         "row 'B1' stands twice"},
        {"name = ", "name : ", "t.toml:2:"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.to);
        std::string text = small;
        text.replace(text.find(row.from), std::string_view{row.from}.size(), row.to);
        const auto got = parse_catalogue(text, "t.toml");
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
}
