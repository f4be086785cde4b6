#include "agent/audit/domain/text.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "common/core/json.hpp"

namespace gantry::audit {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::size_t sequence_size(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

std::string repaired_utf8(std::string_view bytes, bool& repaired) {
    if (is_valid_utf8(bytes)) return std::string{bytes};
    repaired = true;
    std::string out;
    while (!bytes.empty()) {
        const std::size_t size = sequence_size(static_cast<unsigned char>(bytes.front()));
        if (size > 0 && size <= bytes.size() && is_valid_utf8(bytes.substr(0, size))) {
            out.append(bytes.substr(0, size));
            bytes.remove_prefix(size);
        } else {
            out.append(replacement);
            bytes.remove_prefix(1);
        }
    }
    return out;
}

std::string from_latin1(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out.push_back(c);
        } else {
            out.push_back(static_cast<char>(0xC0 | (byte >> 6)));
            out.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
        }
    }
    return out;
}

class Converter {
public:
    Converter() : handle_{iconv_open("UTF-8", "GB18030")} {
        // iconv_open's failure is a pointer of all ones.
        if (reinterpret_cast<std::intptr_t>(handle_) == -1) throw std::runtime_error{"iconv: GB18030 is not there"};
    }
    ~Converter() { iconv_close(handle_); }
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;

    std::string convert(std::string_view bytes, bool& repaired) {
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
        std::string out(bytes.size() * 2 + 16, '\0');  // two bytes give three at most, four give four
        char* in = const_cast<char*>(bytes.data());    // iconv's signature; it does not write there
        std::size_t left = bytes.size();
        std::size_t written = 0;
        while (left > 0) {
            if (out.size() - written < 8) out.resize(out.size() * 2);
            char* to = out.data() + written;
            std::size_t room = out.size() - written - replacement.size();
            const auto done = iconv(handle_, &in, &left, &to, &room);
            written = static_cast<std::size_t>(to - out.data());
            if (done != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
            repaired = true;
            replacement.copy(out.data() + written, replacement.size());
            written += replacement.size();
            ++in;
            --left;
        }
        out.resize(written);
        return out;
    }

private:
    iconv_t handle_;
};

std::string from_gb18030(std::string_view bytes, bool& repaired) {
    if (std::ranges::all_of(bytes, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
        return std::string{bytes};
    thread_local Converter converter;
    return converter.convert(bytes, repaired);
}

}  // namespace

std::optional<Encoding> encoding_of(std::string_view name) {
    std::string lower{name};
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower == "utf-8" || lower == "utf8" || lower == "us-ascii") return Encoding::utf8;
    if (lower == "latin1" || lower == "iso-8859-1") return Encoding::latin1;
    if (lower == "gbk" || lower == "gb2312" || lower == "gb18030") return Encoding::gb18030;
    return std::nullopt;
}

std::string to_utf8(std::string_view bytes, Encoding encoding, bool& repaired) {
    switch (encoding) {
        case Encoding::utf8:
            return repaired_utf8(bytes, repaired);
        case Encoding::latin1:
            return from_latin1(bytes);
        case Encoding::gb18030:
            return from_gb18030(bytes, repaired);
    }
    return {};
}

bool is_token(std::string_view text, std::size_t size_max) {
    if (text.empty() || text.size() > size_max || text.front() == ' ' || text.back() == ' ') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view{" ._/+:#()-"}.find(c) != std::string_view::npos;
    });
}

}  // namespace gantry::audit
