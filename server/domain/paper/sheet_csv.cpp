#include <fmt/format.h>

#include <algorithm>

#include "common/core/json.hpp"
#include "server/domain/paper/sheet.hpp"

namespace gantry::paper {
namespace {

Error at_line(int line, std::string what) { return {Errc::malformed, fmt::format("line {}: {}", line, what)}; }
Error over(std::string_view what, std::size_t got, std::size_t want) {
    return {Errc::too_large, fmt::format("table: got {} {}, want at most {}", got, what, want)};
}

char separator_of(std::string_view text) {
    constexpr std::string_view candidates = ",;\t";
    std::size_t counts[candidates.size()] = {};
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (c == '\n' && !quoted) break;
        const std::size_t i = candidates.find(c);
        if (!quoted && i != std::string_view::npos) ++counts[i];
    }
    return candidates[static_cast<std::size_t>(std::ranges::max_element(counts) - std::begin(counts))];
}

class Csv {
public:
    explicit Csv(std::string_view text) : text_{text}, separator_{separator_of(text)} {}

    Result<std::vector<SheetRow>> read() {
        std::vector<SheetRow> rows;
        while (at_ < text_.size()) {
            SheetRow row{.line = line_, .cells = {}};
            if (auto read = read_row(row); !read) return read.error();
            const auto filled = [](const std::string& cell) { return !cell.empty(); };
            if (std::ranges::none_of(row.cells, filled)) continue;
            if (rows.size() > sheet_rows_max) return over("rows", rows.size(), sheet_rows_max);
            rows.push_back(std::move(row));
        }
        return rows;
    }

private:
    Result<void> read_row(SheetRow& row) {
        while (true) {
            if (row.cells.size() == sheet_columns_max) return over("columns", row.cells.size() + 1, sheet_columns_max);
            std::string& cell = row.cells.emplace_back();
            if (auto read = at('"') ? read_quoted(cell) : read_plain(cell); !read) return read;
            if (cell.size() > sheet_cell_bytes_max)
                return at_line(row.line, fmt::format("got a cell of {} bytes, want at most {}", cell.size(),
                                                     sheet_cell_bytes_max));
            if (at(separator_)) {
                ++at_;
                continue;
            }
            if (at('\r')) ++at_;
            if (at('\n')) ++at_;
            ++line_;
            return {};
        }
    }

    Result<void> read_plain(std::string& cell) {
        while (at_ < text_.size() && !at(separator_) && !at_line_end()) {
            if (at('"')) return at_line(line_, "got a quote inside a cell, want the whole cell in quotes");
            cell.push_back(text_[at_++]);
        }
        return {};
    }

    Result<void> read_quoted(std::string& cell) {
        const int began = line_;
        ++at_;
        while (at_ < text_.size()) {
            if (at('"')) {
                ++at_;
                if (!at('"')) {
                    if (at_ < text_.size() && !at(separator_) && !at_line_end())
                        return at_line(line_, "got text after a closing quote, want the separator");
                    return {};
                }
            }
            if (at('\n')) ++line_;
            cell.push_back(text_[at_++]);
        }
        return at_line(began, "got a quote that is never closed");
    }

    bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool at_line_end() const { return at('\n') || (at('\r') && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n')); }

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    int line_ = 1;
};

// The first line that is no UTF-8, for the message.
int line_of_fault(std::string_view text) {
    int line = 1;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (!is_valid_utf8(text.substr(0, end))) return line;
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line;
    }
    return line;
}

}  // namespace

Result<std::vector<SheetRow>> parse_csv(std::string_view text) {
    if (text.size() > sheet_bytes_max) return over("bytes", text.size(), sheet_bytes_max);
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
        return at_line(1, "got UTF-16, want UTF-8: save the file as \"CSV UTF-8\" (请另存为 CSV UTF-8)");
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (!is_valid_utf8(text))
        return at_line(line_of_fault(text),
                       "got bytes that are no UTF-8 (GBK?), want UTF-8: save the file as \"CSV UTF-8\" "
                       "(请另存为 CSV UTF-8)");
    if (text.find('\0') != std::string_view::npos) return at_line(1, "got a zero byte, want text");
    return Csv{text}.read();
}

}  // namespace gantry::paper
