#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <stdexcept>

#include "common/io/files.hpp"
#include "server/http/table_file.hpp"

namespace gantry::http {
namespace {

constexpr double day_ms = 86'400'000;
constexpr double unix_day = 25'569;  // 1970-01-01 as spreadsheets count days
constexpr double column_width = 18;
constexpr std::size_t cell_characters_max = 32'767;  // of the file format

// The library writes to a path only; this one is in memory and gone with the object.
class MemoryFile {
public:
    MemoryFile() : fd_{::memfd_create("gantry-table", MFD_CLOEXEC)} {
        if (!fd_) throw std::runtime_error{"xlsx: no memory file"};
    }
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }
    std::string content() const {
        struct stat info {};
        if (::fstat(fd_.get(), &info) != 0) throw std::runtime_error{"xlsx: no memory file"};
        std::string out(static_cast<std::size_t>(info.st_size), '\0');
        std::size_t at = 0;
        while (at < out.size()) {
            const ssize_t got = ::pread(fd_.get(), out.data() + at, out.size() - at, static_cast<off_t>(at));
            if (got <= 0) throw std::runtime_error{"xlsx: the memory file cannot be read"};
            at += static_cast<std::size_t>(got);
        }
        return out;
    }

private:
    UniqueFd fd_;
};

class XlsxFile final : public TableFile {
public:
    XlsxFile(std::span<const ColumnHead> columns, Language language) : language_{language} {
        // Rows leave memory as they come: a hundred thousand of them take no more than one.
        lxw_workbook_options options{};
        options.constant_memory = LXW_TRUE;
        book_ = workbook_new_opt(file_.path().c_str(), &options);
        sheet_ = book_ ? workbook_add_worksheet(book_, nullptr) : nullptr;
        if (!sheet_) throw std::runtime_error{"xlsx: no workbook"};
        lxw_format* bold = workbook_add_format(book_);
        format_set_bold(bold);
        time_ = workbook_add_format(book_);
        format_set_num_format(time_, "yyyy-mm-dd hh:mm:ss");
        worksheet_set_column(sheet_, 0, static_cast<lxw_col_t>(columns.size() - 1), column_width, nullptr);
        worksheet_freeze_panes(sheet_, 1, 0);
        lxw_col_t at = 0;
        for (const ColumnHead& column : columns)
            worksheet_write_string(sheet_, 0, at++,
                                   std::string{language == Language::zh ? column.zh : column.en}.c_str(), bold);
    }
    ~XlsxFile() override {
        if (book_) workbook_close(book_);
    }
    XlsxFile(const XlsxFile&) = delete;
    XlsxFile& operator=(const XlsxFile&) = delete;

    void row(std::span<const Cell> cells) override {
        ++row_;
        lxw_col_t column = 0;
        for (const Cell& cell : cells) write(column++, cell);
    }
    std::string finish() override {
        const lxw_error closed = workbook_close(std::exchange(book_, nullptr));
        if (closed != LXW_NO_ERROR) throw std::runtime_error{fmt::format("xlsx: {}", lxw_strerror(closed))};
        return file_.content();
    }

private:
    void write(lxw_col_t column, const Cell& cell) {
        if (const auto* text = std::get_if<std::string>(&cell)) {
            if (text->size() > cell_characters_max) throw std::runtime_error{"xlsx: a text is too long for a cell"};
            worksheet_write_string(sheet_, row_, column, text->c_str(), nullptr);
        } else if (const auto* number = std::get_if<std::int64_t>(&cell)) {
            worksheet_write_number(sheet_, row_, column, static_cast<double>(*number), nullptr);
        } else if (const auto* flag = std::get_if<bool>(&cell)) {
            worksheet_write_string(sheet_, row_, column,
                                   language_ == Language::zh ? (*flag ? "是" : "否") : (*flag ? "yes" : "no"), nullptr);
        } else if (const auto* time = std::get_if<CellTime>(&cell); time && time->utc_ms != 0) {
            worksheet_write_number(sheet_, row_, column, unix_day + static_cast<double>(time->utc_ms) / day_ms, time_);
        }
    }

    Language language_;
    MemoryFile file_;
    lxw_workbook* book_ = nullptr;
    lxw_worksheet* sheet_ = nullptr;
    lxw_format* time_ = nullptr;
    lxw_row_t row_ = 0;
};

}  // namespace

std::unique_ptr<TableFile> xlsx_file(std::span<const ColumnHead> columns, Language language) {
    return std::make_unique<XlsxFile>(columns, language);
}

}  // namespace gantry::http
