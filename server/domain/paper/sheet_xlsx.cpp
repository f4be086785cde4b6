#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "server/domain/paper/sheet.hpp"

namespace gantry::paper {
namespace {

// A short shared string may stand in very many cells: what they hold together is limited as well.
constexpr std::size_t cells_bytes_max = 4 * sheet_bytes_max;

Error malformed(std::string what) { return {Errc::malformed, "XLSX: " + std::move(what)}; }
Error over(std::string_view what, std::size_t got, std::size_t want) {
    return {Errc::too_large, fmt::format("XLSX: got {} {}, want at most {}", got, what, want)};
}

std::string_view local_name(const XML_Char* name) {
    const std::string_view whole{name};
    const std::size_t colon = whole.find(':');
    return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

std::string_view attribute(const XML_Char** attributes, std::string_view name) {
    for (; *attributes; attributes += 2)
        if (name == *attributes) return attributes[1];
    return {};
}

// Feeds one XML text to a handler with start(name, attributes), end(name) and text(characters), each of which may set
// `problem` to stop.
template <class Handler>
class XmlWalk {
public:
    static Result<void> run(std::string_view part, std::string_view xml, Handler& handler) {
        if (xml.size() > sheet_bytes_max) return over(fmt::format("bytes of {}", part), xml.size(), sheet_bytes_max);
        const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser{XML_ParserCreate(nullptr),
                                                                                  &XML_ParserFree};
        if (!parser) return Error{Errc::unavailable, "XLSX: no memory for the parser"};
        XmlWalk walk{parser.get(), handler};
        XML_SetUserData(parser.get(), &walk);
        XML_SetElementHandler(parser.get(), &on_start, &on_end);
        XML_SetCharacterDataHandler(parser.get(), &on_text);
        XML_SetStartDoctypeDeclHandler(parser.get(), &on_doctype);
        const auto status = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
        if (handler.problem) return *handler.problem;
        if (status != XML_STATUS_OK)
            return malformed(fmt::format("{} line {}: {}", part, XML_GetCurrentLineNumber(parser.get()),
                                         XML_ErrorString(XML_GetErrorCode(parser.get()))));
        return {};
    }

private:
    XmlWalk(XML_Parser parser, Handler& handler) : parser_{parser}, handler_{handler} {}

    static XmlWalk& self(void* user) { return *static_cast<XmlWalk*>(user); }
    void stop_on_problem() {
        if (handler_.problem) XML_StopParser(parser_, XML_FALSE);
    }
    static void on_start(void* user, const XML_Char* name, const XML_Char** attributes) noexcept {
        self(user).handler_.start(local_name(name), attributes);
        self(user).stop_on_problem();
    }
    static void on_end(void* user, const XML_Char* name) noexcept {
        self(user).handler_.end(local_name(name));
        self(user).stop_on_problem();
    }
    static void on_text(void* user, const XML_Char* text, int length) noexcept {
        self(user).handler_.text({text, static_cast<std::size_t>(length)});
    }
    // No office program writes one; entities could make a small file large.
    static void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) noexcept {
        self(user).handler_.problem = malformed("got a document type declaration, want none");
        self(user).stop_on_problem();
    }

    XML_Parser parser_;
    Handler& handler_;
};

// <sst><si><t>…</t></si><si><r><t>…</t></r><rPh><t>how it is spoken</t></rPh></si></sst>
struct SharedStrings {
    std::vector<std::string> strings;
    std::optional<Error> problem;

    void start(std::string_view name, const XML_Char**) {
        if (name == "si") strings.emplace_back();
        if (name == "t") in_text_ = true;
        if (name == "rPh") in_phonetic_ = true;
    }
    void end(std::string_view name) {
        if (name == "t") in_text_ = false;
        if (name == "rPh") in_phonetic_ = false;
    }
    void text(std::string_view characters) {
        if (in_text_ && !in_phonetic_ && !strings.empty()) strings.back() += characters;
    }

private:
    bool in_text_ = false;
    bool in_phonetic_ = false;
};

// "BC12" -> 54; none when there are no letters.
std::optional<std::size_t> column_of(std::string_view reference) {
    std::size_t column = 0;
    for (const char c : reference) {
        if (c < 'A' || c > 'Z') break;
        column = column * 26 + static_cast<std::size_t>(c - 'A' + 1);
        if (column > 100'000) return std::nullopt;
    }
    return column == 0 ? std::nullopt : std::optional{column - 1};
}

// Programs write whole numbers also as 64.0 and 6.93E12.
std::string number_text(std::string_view text) {
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = fault == std::errc{} && end == text.data() + text.size() && std::abs(value) < 9e15 &&
                       std::floor(value) == value;
    return whole ? fmt::format("{}", static_cast<std::int64_t>(value)) : std::string{text};
}

// <sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr"><is><t>…</t></is></c></row></sheetData>
class SheetRows {
public:
    explicit SheetRows(const std::vector<std::string>& strings) : strings_{strings} {}

    std::vector<SheetRow> rows;
    std::optional<Error> problem;

    void start(std::string_view name, const XML_Char** attributes) {
        if (name == "row") begin_row(attribute(attributes, "r"));
        if (name == "c") begin_cell(attribute(attributes, "r"), attribute(attributes, "t"));
        if (name == "v" || name == "t") in_value_ = in_cell_;
        if (name == "rPh") in_phonetic_ = true;
    }
    void end(std::string_view name) {
        if (name == "v" || name == "t") in_value_ = false;
        if (name == "rPh") in_phonetic_ = false;
        if (name == "c" && in_cell_) end_cell();
        if (name == "row") end_row();
    }
    void text(std::string_view characters) {
        if (in_value_ && !in_phonetic_) value_ += characters;
    }

private:
    void begin_row(std::string_view reference) {
        int number = line_ + 1;
        if (!reference.empty()) std::from_chars(reference.data(), reference.data() + reference.size(), number);
        line_ = number;
        row_ = {.line = number, .cells = {}};
        column_ = 0;
    }
    void begin_cell(std::string_view reference, std::string_view type) {
        if (const auto column = column_of(reference)) column_ = *column;
        type_ = type;
        value_.clear();
        in_cell_ = true;
    }
    void end_cell() {
        in_cell_ = false;
        const std::string where = fmt::format("line {} column {}", line_, column_ + 1);
        if (value_.empty()) return void(++column_);
        if (type_ == "e") return refuse(malformed(fmt::format("{}: got the error {}, want a value", where, value_)));
        if (type_ == "s" && !take_shared())
            return refuse(malformed(where + ": got a text that the file does not hold"));
        if (type_ == "b") value_ = value_ == "1" ? "true" : "false";
        if (type_.empty() || type_ == "n") value_ = number_text(value_);
        if (column_ >= sheet_columns_max) return refuse(over("columns", column_ + 1, sheet_columns_max));
        if (value_.size() > sheet_cell_bytes_max)
            return refuse(over(where + ": bytes of a cell", value_.size(), sheet_cell_bytes_max));
        bytes_ += value_.size();
        if (bytes_ > cells_bytes_max) return refuse(over("bytes in all cells", bytes_, cells_bytes_max));
        if (row_.cells.size() <= column_) row_.cells.resize(column_ + 1);
        row_.cells[column_++] = value_;
    }
    bool take_shared() {
        std::size_t index = 0;
        const auto [end, fault] = std::from_chars(value_.data(), value_.data() + value_.size(), index);
        if (fault != std::errc{} || end != value_.data() + value_.size() || index >= strings_.size()) return false;
        value_ = strings_[index];
        return true;
    }
    void end_row() {
        if (row_.cells.empty()) return;
        if (rows.size() > sheet_rows_max) return refuse(over("rows", rows.size(), sheet_rows_max));
        rows.push_back(std::move(row_));
        row_ = {};
    }
    void refuse(Error error) {
        if (!problem) problem = std::move(error);
    }

    const std::vector<std::string>& strings_;
    SheetRow row_;
    int line_ = 0;
    std::size_t column_ = 0;
    std::size_t bytes_ = 0;
    std::string type_, value_;
    bool in_cell_ = false;
    bool in_value_ = false;
    bool in_phonetic_ = false;
};

}  // namespace

Result<std::vector<SheetRow>> parse_xlsx_sheet(std::string_view shared_strings, std::string_view sheet) {
    SharedStrings strings;
    if (!shared_strings.empty()) {
        if (auto read = XmlWalk<SharedStrings>::run("sharedStrings.xml", shared_strings, strings); !read)
            return read.error();
    }
    SheetRows rows{strings.strings};
    if (auto read = XmlWalk<SheetRows>::run("sheet1.xml", sheet, rows); !read) return read.error();
    return std::move(rows.rows);
}

}  // namespace gantry::paper
