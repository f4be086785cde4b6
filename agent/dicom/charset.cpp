#include "agent/dicom/charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace gantry::dicom {
namespace {

struct Name {
    std::string_view dicom;  // without "ISO_IR " or "ISO 2022 IR "
    const char* iconv;
};
// DICOM PS3.3 C.12.1.1.2. The multi-byte ISO 2022 sets are read as their 8-bit forms once the escapes are taken out.
constexpr Name names[] = {
    {"100", "ISO-8859-1"}, {"101", "ISO-8859-2"},  {"109", "ISO-8859-3"}, {"110", "ISO-8859-4"},
    {"144", "ISO-8859-5"}, {"127", "ISO-8859-6"},  {"126", "ISO-8859-7"}, {"138", "ISO-8859-8"},
    {"148", "ISO-8859-9"}, {"203", "ISO-8859-15"}, {"13", "SHIFT_JIS"},   {"166", "TIS-620"},
    {"149", "EUC-KR"},     {"58", "GB18030"},      {"87", "ISO-2022-JP"}, {"159", "ISO-2022-JP-2"},
};

// Length of a well-formed UTF-8 character at the front, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
    for (std::size_t at = 1; at < size; ++at) {
        if ((byte(at) & 0xc0) != 0x80) return 0;
    }
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;  // overlong, surrogate
    if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;  // overlong, beyond U+10FFFF
    return size;
}

bool ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<std::uint8_t>(c) < 0x80 && c != '\x1b'; });
}

std::string from_latin1(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < 0x80) {
            out.push_back(c);
        } else {
            out.push_back(static_cast<char>(0xc0 | (byte >> 6)));
            out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
        }
    }
    return out;
}

std::string without_escapes(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (bytes[at] != '\x1b') {
            out.push_back(bytes[at]);
            continue;
        }
        while (at + 1 < bytes.size() && bytes[at + 1] >= 0x20 && bytes[at + 1] <= 0x2f) ++at;  // intermediate bytes
        if (at + 1 < bytes.size()) ++at;                                                       // final byte
        // ESC $ B and its kin have a final byte right after '$', already skipped as intermediate or final above.
    }
    return out;
}

// Empty when the bytes are not valid in that set.
std::string convert(const char* from, std::string_view bytes) {
    iconv_t handle = iconv_open("UTF-8", from);
    if (handle == iconv_t(-1)) return {};
    std::string in{bytes};
    std::string out(in.size() * 4 + 16, '\0');
    char* source = in.data();
    std::size_t source_left = in.size();
    char* target = out.data();
    std::size_t target_left = out.size();
    const std::size_t result = iconv(handle, &source, &source_left, &target, &target_left);
    iconv_close(handle);
    if (result == static_cast<std::size_t>(-1)) return {};
    out.resize(out.size() - target_left);
    return out;
}

// The last character set named: ISO 2022 lists begin with the one-byte set and end with the one that the bytes need.
const char* iconv_name(std::string_view charset) {
    const auto last = charset.find_last_of('\\');
    std::string_view value = last == std::string_view::npos ? charset : charset.substr(last + 1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (value == "GB18030" || value == "GBK") return "GB18030";
    const auto space = value.find_last_of(" _");
    if (space != std::string_view::npos) value = value.substr(space + 1);
    for (const Name& name : names) {
        if (name.dicom == value) return name.iconv;
    }
    return nullptr;
}

bool is_utf8_name(std::string_view charset) { return charset.find("192") != std::string_view::npos; }

}  // namespace

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = utf8_length(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string decode_text(std::string_view bytes, std::string_view charset, bool& repaired) {
    if (ascii(bytes)) return std::string{bytes};
    const bool utf8 = valid_utf8(bytes) && bytes.find('\x1b') == std::string_view::npos;
    if (is_utf8_name(charset)) {
        if (utf8) return std::string{bytes};
        repaired = true;
        return from_latin1(bytes);
    }
    const char* name = iconv_name(charset);
    const std::string_view declared = name == nullptr ? std::string_view{} : std::string_view{name};
    // Latin letters that happen to form valid UTF-8 are far rarer than makers that write UTF-8 and declare ISO_IR 100.
    if (utf8 && !declared.starts_with("GB") && !declared.starts_with("EUC") && declared != "SHIFT_JIS") {
        repaired = true;
        return std::string{bytes};
    }
    if (name != nullptr) {
        const bool stateful = declared.starts_with("ISO-2022");
        std::string out = convert(name, stateful ? std::string{bytes} : without_escapes(bytes));
        if (!out.empty()) return out;
    }
    repaired = true;
    return from_latin1(bytes);
}

std::string to_token(std::string_view utf8, std::size_t size_max, bool& repaired) {
    constexpr std::string_view punctuation = " ._/+:#(),-";
    std::string out;
    while (!utf8.empty() && out.size() < size_max) {
        const std::size_t size = std::max<std::size_t>(1, utf8_length(utf8));
        const char c = utf8.front();
        const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             punctuation.find(c) != std::string_view::npos;
        if (c == '\0') break;
        if (!allowed) repaired = true;
        if (!(out.empty() && c == ' ')) out.push_back(allowed ? c : '_');
        utf8.remove_prefix(size);
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

}  // namespace gantry::dicom
