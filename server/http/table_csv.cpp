#include "server/http/table_file.hpp"

namespace gantry::http {
namespace {

constexpr std::string_view formula_begins = "=+-@\t\r";

void append_text(std::string& out, std::string_view text) {
    const bool formula = !text.empty() && formula_begins.find(text.front()) != std::string_view::npos;
    const bool quoted = formula || text.find_first_of("\",\r\n") != std::string_view::npos;
    if (quoted) out.push_back('"');
    if (formula) out.push_back('\'');
    for (const char c : text) {
        if (c == '"') out.push_back('"');
        out.push_back(c);
    }
    if (quoted) out.push_back('"');
}

class CsvFile final : public TableFile {
public:
    CsvFile(std::span<const ColumnHead> columns, Language language, bool bom) : language_{language} {
        if (bom) out_ = "\xef\xbb\xbf";
        for (const ColumnHead& column : columns) {
            if (&column != &columns.front()) out_.push_back(',');
            append_text(out_, language == Language::zh ? column.zh : column.en);
        }
        out_ += "\r\n";
    }

    void row(std::span<const Cell> cells) override {
        for (const Cell& cell : cells) {
            if (&cell != &cells.front()) out_.push_back(',');
            append(cell);
        }
        out_ += "\r\n";
    }
    std::string finish() override { return std::move(out_); }

private:
    void append(const Cell& cell) {
        if (const auto* text = std::get_if<std::string>(&cell))
            append_text(out_, *text);
        else if (const auto* number = std::get_if<std::int64_t>(&cell))
            out_ += std::to_string(*number);
        else if (const auto* flag = std::get_if<bool>(&cell))
            out_ += language_ == Language::zh ? (*flag ? "是" : "否") : (*flag ? "yes" : "no");
        else if (const auto* time = std::get_if<CellTime>(&cell); time && time->utc_ms != 0)
            out_ += time_text(time->utc_ms);
    }

    Language language_;
    std::string out_;
};

}  // namespace

std::unique_ptr<TableFile> csv_file(std::span<const ColumnHead> columns, Language language, bool bom) {
    return std::make_unique<CsvFile>(columns, language, bom);
}

}  // namespace gantry::http
