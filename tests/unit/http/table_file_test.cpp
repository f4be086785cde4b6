#include "server/http/table_file.hpp"

#include <doctest/doctest.h>

using namespace gantry::http;

namespace {

constexpr ColumnHead columns[] = {{"Name", "名称"}, {"Value, in mAs", "数值"}};

std::string csv(const Cell& cell, Language language = Language::en, bool bom = false) {
    const auto file = csv_file(columns, language, bom);
    const Cell cells[] = {std::string{"x"}, cell};
    file->row(cells);
    return file->finish();
}

}  // namespace

TEST_CASE("CSV: each kind of cell, quotes where needed, no formula") {
    const struct {
        Cell cell;
        std::string want;
    } rows[] = {
        {std::string{"plain"}, "plain"},
        {std::string{"a,b"}, "\"a,b\""},
        {std::string{"he said \"no\""}, "\"he said \"\"no\"\"\""},
        {std::string{"two\nlines"}, "\"two\nlines\""},
        {std::string{"=1+1"}, "\"'=1+1\""},
        {std::string{"+49"}, "\"'+49\""},
        {std::string{"-5 HU"}, "\"'-5 HU\""},
        {std::string{"@cmd"}, "\"'@cmd\""},
        {std::string{"\t=1"}, "\"'\t=1\""},
        {std::string{"\r=1"}, "\"'\r=1\""},
        {std::string{"a=1"}, "a=1"},
        {std::string{}, ""},
        {Cell{}, ""},
        {std::int64_t{-5}, "-5"},
        {true, "yes"},
        {CellTime{1'600'000'000'000}, "2020-09-13T12:26:40.000Z"},
        {CellTime{}, ""},
    };
    for (const auto& row : rows) CHECK(csv(row.cell) == "Name,\"Value, in mAs\"\r\nx," + row.want + "\r\n");
    CHECK(csv(false, Language::zh, true) == "\xef\xbb\xbf名称,数值\r\nx,否\r\n");
}

TEST_CASE("XLSX: an archive that tells its rows, with texts as texts") {
    const auto file = xlsx_file(columns, Language::zh);
    const Cell cells[] = {std::string{"=1+1"}, CellTime{1'600'000'000'000}};
    file->row(cells);
    const std::string bytes = file->finish();
    CHECK(bytes.starts_with("PK"));
    CHECK(bytes.find("xl/worksheets/sheet1.xml") != std::string::npos);
}

TEST_CASE("percent encoding: everything but the unreserved") {
    CHECK(percent_encode("aZ9-._~") == "aZ9-._~");
    CHECK(percent_encode("a b/c\r\n中") == "a%20b%2Fc%0D%0A%E4%B8%AD");
    CHECK(percent_decode(percent_encode("a b/c%中")).value() == "a b/c%中");
}
