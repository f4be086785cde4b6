#include "common/core/bytes.hpp"

#include <fmt/format.h>

namespace gantry {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(hex_digits[byte >> 4]);
        out.push_back(hex_digits[byte & 15]);
    }
    return out;
}

Result<void> from_hex(std::string_view text, std::span<std::uint8_t> out) {
    if (text.size() != out.size() * 2)
        return Error{Errc::malformed, fmt::format("hex: got {} characters, want {}", text.size(), out.size() * 2)};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = hex_value(text[2 * i]);
        const int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return Error{Errc::malformed, fmt::format("hex: bad digit near position {}, want 0-9 a-f", 2 * i)};
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return {};
}

std::string base64_encode(ByteView bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) group = (group << 8) | (k < count ? bytes[i + k] : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out.push_back(k <= count ? base64_digits[(group >> (18 - 6 * k)) & 63] : '=');
    }
    return out;
}

Result<Bytes> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0)
        return Error{Errc::malformed, fmt::format("base64: got {} characters, want a multiple of 4", text.size())};
    Bytes out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t pad = !last ? 0 : (text[i + 3] != '=' ? 0 : (text[i + 2] != '=' ? 1 : 2));
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const int value = k >= 4 - pad ? 0 : base64_value(text[i + k]);
            if (value < 0) return Error{Errc::malformed, fmt::format("base64: bad character at {}", i + k)};
            group = (group << 6) | static_cast<std::uint32_t>(value);
        }
        // Bits under the padding must be zero, or two texts would mean the same bytes.
        if (pad > 0 && (group & ((1U << (8 * pad)) - 1)) != 0)
            return Error{Errc::malformed, "base64: bits under the padding are not zero"};
        for (std::size_t k = 0; k < 3 - pad; ++k) out.push_back(static_cast<std::uint8_t>(group >> (16 - 8 * k)));
    }
    return out;
}

}  // namespace gantry
