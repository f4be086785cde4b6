#include "server/domain/paper/xlsx_file.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <functional>

#include "server/domain/paper/document_type.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

void put(std::string& out, std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::string deflated(const std::string& text) {
    std::string out(text.size() + 100, '\0');
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

struct Entry {
    std::string name, text;
    bool packed = true;
    std::uint32_t flags = 0, method = 8, claims = 0;  // claims: unpacked size told instead of the true one
};

// A ZIP archive as APPNOTE.TXT describes it.
std::string zip(const std::vector<Entry>& entries, const std::string& comment = {}) {
    std::string out, directory;
    for (const Entry& entry : entries) {
        const std::string body = entry.packed ? deflated(entry.text) : entry.text;
        const auto size = static_cast<std::uint32_t>(entry.claims ? entry.claims : entry.text.size());
        const auto head = [&](std::string& to) {
            put(to, 20, 2);
            put(to, entry.flags, 2);
            put(to, entry.packed ? entry.method : 0, 2);
            put(to, 0, 8);
            put(to, static_cast<std::uint32_t>(body.size()), 4);
            put(to, size, 4);
            put(to, static_cast<std::uint32_t>(entry.name.size()), 2);
            put(to, 0, 2);
        };
        put(directory, 0x02014b50, 4);
        put(directory, 20, 2);
        head(directory);
        put(directory, 0, 10);
        put(directory, static_cast<std::uint32_t>(out.size()), 4);
        directory += entry.name;
        put(out, 0x04034b50, 4);
        head(out);
        out += entry.name + body;
    }
    const auto at = static_cast<std::uint32_t>(out.size());
    out += directory;
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, static_cast<std::uint32_t>(entries.size()), 2);
    put(out, static_cast<std::uint32_t>(entries.size()), 2);
    put(out, static_cast<std::uint32_t>(directory.size()), 4);
    put(out, at, 4);
    put(out, static_cast<std::uint32_t>(comment.size()), 2);
    return out + comment;
}

const std::string sheet =
    R"(<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>state</t></is></c></row>)"
    R"(<row r="2"><c r="A2"><v>7</v></c></row></sheetData></worksheet>)";
const std::string strings = "<sst><si><t>id</t></si></sst>";
const std::vector<Entry> workbook{{"[Content_Types].xml", "<Types/>"},
                                  {"xl/workbook.xml", "<workbook/>"},
                                  {"xl/sharedStrings.xml", strings},
                                  {"xl/worksheets/sheet1.xml", sheet}};

std::string shown(const std::string& file) {
    const auto got = parse_xlsx(as_bytes(file));
    if (!got) return got.error().message;
    std::string out;
    for (const SheetRow& row : *got) {
        out += std::to_string(row.line) + ":";
        for (const std::string& cell : row.cells) out += "[" + cell + "]";
    }
    return out;
}

std::vector<Entry> with(std::size_t i, const std::function<void(Entry&)>& change) {
    auto out = workbook;
    change(out[i]);
    return out;
}

}  // namespace

TEST_CASE("XLSX file: sheet and strings come out, packed or stored, with a comment behind") {
    const std::string want = "1:[id][state]2:[7]";
    CHECK(shown(zip(workbook)) == want);
    CHECK(shown(zip(workbook, "made by hand")) == want);
    CHECK(shown(zip(with(3, [](Entry& e) { e.packed = false; }))) == want);
    CHECK(shown(zip({{"xl/worksheets/data.xml", "<worksheet><sheetData/></worksheet>"}})) == "");
    CHECK(is_xlsx(as_bytes(zip(workbook))));
    CHECK_FALSE(is_xlsx(as_bytes(zip({{"word/document.xml", "<w/>"}}))));
}

TEST_CASE("XLSX file: what is damaged, hidden or too large is refused") {
    struct Row {
        std::string file, want;
    };
    const std::string good = zip(workbook);
    std::string broken = good;
    broken[good.find("xl/worksheets/sheet1.xml") + 40] ^= 0x55;
    for (const Row& row : {Row{"", "want an .xlsx file"}, Row{"PK", "want an .xlsx file"},
                           Row{std::string(100, '\0'), "want an .xlsx file"},
                           Row{good.substr(0, good.size() - 30), "want an .xlsx file"}, Row{good.substr(40), "damaged"},
                           Row{broken, "damaged"}, Row{zip({{"word/document.xml", "<w/>"}}), "without a sheet"},
                           Row{zip(with(3, [](Entry& e) { e.flags = 1; })), "password"},
                           Row{zip(with(3, [](Entry& e) { e.method = 12; })), "packed in a way"},
                           Row{zip(with(3, [](Entry& e) { e.claims = 20; })), "damaged"},  // a bomb would hide its size
                           Row{zip(with(3, [](Entry& e) { e.claims = 1 << 30; })), "want at most"}}) {
        CAPTURE(row.want);
        CHECK_MESSAGE(shown(row.file).find(row.want) != std::string::npos, shown(row.file));
    }
}

TEST_CASE("NDJSON: rows by the names of their members") {
    const auto got = parse_ndjson(
        "{\"id\":\"ct-1\",\"rows\":64,\"first\":true}\n\n{\"state\":\"IN_USE\",\"id\":\"ct-2\",\"rows\":null}\n");
    REQUIRE(got.has_value());
    REQUIRE(got->size() == 3);
    CHECK((*got)[0].cells == std::vector<std::string>{"id", "rows", "first", "state"});
    CHECK((*got)[1] == SheetRow{1, {"ct-1", "64", "true"}});
    CHECK((*got)[2] == SheetRow{3, {"ct-2", "", "", "IN_USE"}});
    CHECK(parse_ndjson("")->empty());
    CHECK(parse_ndjson("[1]").error().message == "line 1: want one JSON object a line");
    CHECK(parse_ndjson("{}\n{").error().message == "line 2: want one JSON object a line");
    CHECK(parse_ndjson("{\"id\":{}}").error().message.find("id: want a text") != std::string::npos);
}

TEST_CASE("documents are known by their content") {
    struct Row {
        std::string bytes;
        std::string_view want;
    };
    for (const Row& row :
         {Row{"%PDF-1.7\n…", "application/pdf"}, Row{"\x89PNG\r\n\x1a\n123", "image/png"},
          Row{"\xff\xd8\xff\xe0", "image/jpeg"}, Row{"设备,状态\r\nct-1,在用\r\n", "text/plain"},
          Row{zip(workbook), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
          Row{zip({{"evil.exe", "MZ"}}), ""}, Row{"MZ\x90", ""}, Row{std::string{"a\0b", 3}, ""}, Row{"", ""},
          Row{"\xff\xfe"
              "a",
              ""}}) {
        const auto type = document_type(as_bytes(row.bytes));
        CHECK((type ? type->media_type : std::string_view{}) == row.want);
    }
}
