#include "server/domain/paper/xlsx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace gantry::paper {
namespace {

// APPNOTE.TXT 6.3: signatures, and sizes of the fixed parts.
constexpr std::uint32_t end_signature = 0x06054b50, entry_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr std::size_t end_bytes = 22, entry_bytes = 46, local_bytes = 30;
constexpr std::size_t comment_bytes_max = 65'535;
constexpr std::size_t parts_max = 2'000;  // a workbook of many sheets and pictures has some hundred
constexpr unsigned stored = 0, deflated = 8;

Error damaged(std::string_view what) { return {Errc::malformed, fmt::format("XLSX: {}", what)}; }

std::uint32_t number(ByteView bytes, std::size_t at, std::size_t size) {
    std::uint32_t out = 0;
    for (std::size_t i = size; i-- > 0;) out = out << 8 | bytes[at + i];
    return out;
}

struct Part {
    unsigned method = 0;
    std::size_t packed = 0, unpacked = 0, local_at = 0;
    bool encrypted = false;
};
using Parts = std::map<std::string, Part, std::less<>>;

// The directory stands at the end, before a comment of any length.
std::optional<std::size_t> find_end(ByteView file) {
    if (file.size() < end_bytes) return std::nullopt;
    const std::size_t last = file.size() - end_bytes;
    for (std::size_t back = 0; back <= std::min(last, comment_bytes_max); ++back)
        if (number(file, last - back, 4) == end_signature) return last - back;
    return std::nullopt;
}

Result<Parts> read_directory(ByteView file) {
    const auto end = find_end(file);
    if (!end) return damaged("got no ZIP archive, want an .xlsx file");
    const std::size_t count = number(file, *end + 10, 2);
    std::size_t at = number(file, *end + 16, 4);
    if (count > parts_max)
        return Error{Errc::too_large, fmt::format("XLSX: got {} parts, want at most {}", count, parts_max)};
    Parts out;
    for (std::size_t i = 0; i < count; ++i) {
        if (at > *end || *end - at < entry_bytes || number(file, at, 4) != entry_signature)
            return damaged("the archive's directory is damaged");
        const std::size_t name_size = number(file, at + 28, 2);
        const std::size_t rest = name_size + number(file, at + 30, 2) + number(file, at + 32, 2);
        if (*end - at - entry_bytes < rest) return damaged("the archive's directory is damaged");
        std::string name{as_text(file.subspan(at + entry_bytes, name_size))};
        out[std::move(name)] = {.method = number(file, at + 10, 2),
                                .packed = number(file, at + 20, 4),
                                .unpacked = number(file, at + 24, 4),
                                .local_at = number(file, at + 42, 4),
                                .encrypted = (number(file, at + 8, 2) & 1) != 0};
        at += entry_bytes + rest;
    }
    return out;
}

Result<std::string> inflate_raw(ByteView packed, std::size_t size, std::string_view name) {
    std::string out(size, '\0');
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return Error{Errc::unavailable, "XLSX: no memory to unpack"};
    // zlib does not write to its input, but its type is not const.
    stream.next_in = const_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = inflate(&stream, Z_FINISH);
    const std::size_t made = out.size() - stream.avail_out;
    inflateEnd(&stream);
    if (ended != Z_STREAM_END || made != size) return damaged(fmt::format("part {} is damaged", name));
    return out;
}

// Only what the directory says it unpacks to is ever made: a part that hides more is damaged.
Result<std::string> read_part(ByteView file, const Parts& parts, std::string_view name) {
    const auto found = parts.find(name);
    if (found == parts.end()) return Error{Errc::not_found, fmt::format("XLSX: part {} is missing", name)};
    const Part& part = found->second;
    if (part.encrypted) return damaged("the file is protected by a password");
    if (part.unpacked > sheet_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("XLSX: got {} bytes of {}, want at most {}", part.unpacked, name, sheet_bytes_max)};
    if (part.local_at > file.size() || file.size() - part.local_at < local_bytes ||
        number(file, part.local_at, 4) != local_signature)
        return damaged(fmt::format("part {} is damaged", name));
    const std::size_t begin =
        part.local_at + local_bytes + number(file, part.local_at + 26, 2) + number(file, part.local_at + 28, 2);
    if (begin > file.size() || file.size() - begin < part.packed)
        return damaged(fmt::format("part {} is cut off", name));
    const ByteView packed = file.subspan(begin, part.packed);
    if (part.method == stored) {
        if (part.packed != part.unpacked) return damaged(fmt::format("part {} is damaged", name));
        return std::string{as_text(packed)};
    }
    if (part.method != deflated) return damaged(fmt::format("part {} is packed in a way that is not known", name));
    return inflate_raw(packed, part.unpacked, name);
}

// The sheets stand under xl/worksheets; which of them is the first tab, programs mostly write as sheet1.
std::string first_sheet(const Parts& parts) {
    constexpr std::string_view folder = "xl/worksheets/";
    if (parts.contains("xl/worksheets/sheet1.xml")) return "xl/worksheets/sheet1.xml";
    for (const auto& [name, part] : parts)
        if (name.starts_with(folder) && name.ends_with(".xml") && name.find('/', folder.size()) == std::string::npos)
            return name;
    return {};
}

}  // namespace

Result<std::vector<SheetRow>> parse_xlsx(ByteView file) {
    const auto parts = read_directory(file);
    if (!parts) return parts.error();
    const std::string name = first_sheet(*parts);
    if (name.empty()) return damaged("got an archive without a sheet, want an .xlsx file");
    const auto sheet = read_part(file, *parts, name);
    if (!sheet) return sheet.error();
    const auto strings = read_part(file, *parts, "xl/sharedStrings.xml");
    if (!strings && strings.error().code != Errc::not_found) return strings.error();
    return parse_xlsx_sheet(strings ? *strings : std::string{}, *sheet);
}

bool is_xlsx(ByteView file) {
    const auto parts = read_directory(file);
    return parts && parts->contains("[Content_Types].xml") && parts->contains("xl/workbook.xml");
}

}  // namespace gantry::paper
