#include "server/domain/paper/sheet.hpp"

#include <doctest/doctest.h>

using namespace gantry;
using namespace gantry::paper;

namespace {

std::string shown(const Result<std::vector<SheetRow>>& got) {
    if (!got) return "error: " + got.error().message;
    std::string out;
    for (const SheetRow& row : *got) {
        out += std::to_string(row.line) + ":";
        for (const std::string& cell : row.cells) out += "[" + cell + "]";
    }
    return out;
}

const std::string xlsx_head = R"(<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>)";
const std::string xlsx_tail = "</sheetData></worksheet>";

}  // namespace

TEST_CASE("CSV: rows as offices write them") {
    struct Row {
        const char* text;
        const char* want;
    };
    const Row rows[] = {
        {"", ""},
        {"a,b\n1,2\n", "1:[a][b]2:[1][2]"},
        {"a,b\r\n1,2", "1:[a][b]2:[1][2]"},
        {"\xef\xbb\xbf设备,型号\n", "1:[设备][型号]"},
        {"a;b\n1,5;2\n", "1:[a][b]2:[1,5][2]"},
        {"a\tb\n1\t2\n", "1:[a][b]2:[1][2]"},
        {"a,b;c,d\n", "1:[a][b;c][d]"},
        {"\"a;b\",c\n", "1:[a;b][c]"},
        {"a,\"x\ny\",c\n1,2,3\n", "1:[a][x\ny][c]3:[1][2][3]"},
        {"a,\"he said \"\"no\"\"\"\n", "1:[a][he said \"no\"]"},
        {"a,\"\"\n", "1:[a][]"},
        {"\n\n,,\na\n", "4:[a]"},
        {"a,", "1:[a][]"},
        {"a\rb,c\n", "1:[a\rb][c]"},
        {" a , b \n", "1:[ a ][ b ]"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(shown(parse_csv(row.text)) == row.want);
    }
}

TEST_CASE("CSV: what cannot be read is refused with its line") {
    struct Row {
        std::string text;
        const char* says;
        Errc code;
    };
    const Row rows[] = {
        {"a\n\xb9\xa4\xd7\xf7,1\n", "line 2: got bytes that are no UTF-8 (GBK?)", Errc::malformed},
        {"\xff\xfe\x61\x00", "UTF-16", Errc::malformed},
        {std::string{"a\0b", 3}, "zero byte", Errc::malformed},
        {"a\n1,\"open\n\n", "line 2: got a quote that is never closed", Errc::malformed},
        {"a\nb\"c\n", "line 2: got a quote inside a cell", Errc::malformed},
        {"\"a\"b\n", "line 1: got text after a closing quote", Errc::malformed},
        {std::string(sheet_bytes_max + 1, 'a'), "bytes", Errc::too_large},
        {std::string(sheet_cell_bytes_max + 1, 'a'), "a cell of 4097 bytes", Errc::malformed},
        {std::string(sheet_columns_max, ','), "columns", Errc::too_large},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text.substr(0, 20));
        const auto got = parse_csv(row.text);
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
        CHECK(got.error().code == row.code);
    }
    std::string full = "a\n";
    for (std::size_t i = 0; i < sheet_rows_max; ++i) full += "1\n";
    CHECK(parse_csv(full).has_value());
    CHECK(!parse_csv(full + "1\n"));
    CHECK(parse_csv(std::string(sheet_columns_max - 1, ',') + "x").has_value());
}

TEST_CASE("XLSX: cells of every kind, in their places") {
    const std::string strings =
        R"(<sst><si><t>设备编号</t></si><si><r><t>型</t></r><r><t>号</t></r><rPh><t>xinghao</t></rPh></si><si><t>a&amp;b</t></si></sst>)";
    struct Row {
        const char* sheet;
        const char* want;
    };
    const Row rows[] = {
        {R"(<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>)", "1:[设备编号][型号]"},
        {R"(<row r="3"><c r="A3" t="s"><v>2</v></c><c r="D3"><v>64</v></c></row>)", "3:[a&b][][][64]"},
        {R"(<row r="2"><c r="A2" t="inlineStr"><is><t>in</t></is></c><c r="B2" t="str"><f>A1</f><v>str</v></c></row>)",
         "2:[in][str]"},
        {R"(<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>)", "1:[1][2]2:[3]"},
        {R"(<row r="1"><c t="b"><v>1</v></c><c t="b"><v>0</v></c></row>)", "1:[true][false]"},
        {R"(<row r="1"><c><v>64.0</v></c><c><v>6.937654321098E12</v></c><c><v>1.5</v></c><c><v>44260</v></c></row>)",
         "1:[64][6937654321098][1.5][44260]"},
        {R"(<row r="1"/><row r="2"><c r="A2" s="4"/></row><row r="3"><c r="A3"><v>x</v></c></row>)", "3:[x]"},
        {R"(<row r="1"><c r="A1"><v>1</v></c><c r="ZZ1" s="3"/></row>)", "1:[1]"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.sheet);
        CHECK(shown(parse_xlsx_sheet(strings, xlsx_head + row.sheet + xlsx_tail)) == row.want);
    }
    CHECK(
        shown(parse_xlsx_sheet(
            "",
            R"(<x:worksheet xmlns:x="u"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>)")) ==
        "1:[7]");
}

TEST_CASE("XLSX: what cannot be read is refused") {
    struct Row {
        std::string strings, sheet;
        const char* says;
    };
    std::string many;
    for (std::size_t i = 0; i < sheet_rows_max + 2; ++i) many += "<row><c><v>1</v></c></row>";
    std::string heavy;  // short references to a long text
    for (int i = 0; i < 5'000; ++i) heavy += R"(<row><c t="s"><v>0</v></c></row>)";
    const Row rows[] = {
        {"", xlsx_head, "sheet1.xml line 1"},
        {"<sst>", xlsx_head + xlsx_tail, "sharedStrings.xml line 1"},
        {"", "", "sheet1.xml"},
        {"", xlsx_head + R"(<row r="4"><c r="B4" t="s"><v>0</v></c></row>)" + xlsx_tail,
         "line 4 column 2: got a text that the file does not hold"},
        {"", xlsx_head + R"(<row r="4"><c r="B4" t="e"><v>#REF!</v></c></row>)" + xlsx_tail, "got the error #REF!"},
        {"", xlsx_head + R"(<row r="1"><c r="CW1"><v>1</v></c></row>)" + xlsx_tail, "101 columns"},
        {"", R"(<!DOCTYPE a [<!ENTITY x "y">]>)" + xlsx_head + xlsx_tail, "document type"},
        {"", xlsx_head + many + xlsx_tail, "rows"},
        {"", std::string(sheet_bytes_max + 1, ' '), "bytes of sheet1.xml"},
        {"<sst><si><t>" + std::string(sheet_cell_bytes_max, 'x') + "</t></si></sst>", xlsx_head + heavy + xlsx_tail,
         "bytes in all cells"},
        {"<sst><si><t>" + std::string(sheet_cell_bytes_max + 1, 'x') + "</t></si></sst>",
         xlsx_head + R"(<row><c t="s"><v>0</v></c></row>)" + xlsx_tail, "bytes of a cell"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.says);
        const auto got = parse_xlsx_sheet(row.strings, row.sheet);
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
}

TEST_CASE("tables: no text makes the readers stumble") {
    std::uint64_t state = 88172645463325252ULL;
    const auto next = [&](std::size_t bound) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<std::size_t>(state % bound);
    };
    const std::string_view characters = "a\",;\t\r\n \xe5\x8f\xb7";
    const char* const pieces[] = {
        "<row>",       "<row r=\"7\">", "</row>", "<c>",  "<c t=\"s\">", "<c r=\"B2\" t=\"b\">",
        "<c t=\"e\">", "</c>",          "<v>",    "</v>", "0",           "9.5E3",
        "<is><t>",     "</t></is>",     "<v/>"};
    for (int round = 0; round < 5'000; ++round) {
        std::string csv;
        for (std::size_t n = next(40); n-- > 0;) csv.push_back(characters[next(characters.size())]);
        if (const auto rows = parse_csv(csv))
            for (const SheetRow& row : *rows) CHECK(!row.cells.empty());
        std::string xml = xlsx_head;
        for (std::size_t n = next(20); n-- > 0;) xml += pieces[next(std::size(pieces))];
        if (round % 2 == 0) xml += xlsx_tail;
        if (const auto rows = parse_xlsx_sheet("<sst><si><t>x</t></si></sst>", xml))
            for (const SheetRow& row : *rows) CHECK(!row.cells.empty());
    }
}
