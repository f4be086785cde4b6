#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace gantry {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Hash = std::array<std::uint8_t, 32>;     // SHA-256
using EpochId = std::array<std::uint8_t, 16>;  // random, one a start of an agent
using BootId = std::array<std::uint8_t, 16>;   // random, one a start of a collector

inline constexpr Hash zero_hash{};

inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);

// Exactly 2 × out.size() lower-case digits; anything else is malformed.
Result<void> from_hex(std::string_view text, std::span<std::uint8_t> out);

template <std::size_t N>
Result<std::array<std::uint8_t, N>> array_from_hex(std::string_view text) {
    std::array<std::uint8_t, N> out{};
    if (auto parsed = from_hex(text, out); !parsed) return parsed.error();
    return out;
}
inline Result<Hash> hash_from_hex(std::string_view text) { return array_from_hex<32>(text); }
inline Result<EpochId> epoch_from_hex(std::string_view text) { return array_from_hex<16>(text); }

// RFC 4648 section 4, padded. Decoding accepts only the canonical form.
std::string base64_encode(ByteView bytes);
Result<Bytes> base64_decode(std::string_view text);

// Appends big-endian integers and bytes to a buffer that it does not own.
class ByteWriter {
public:
    explicit ByteWriter(Bytes& out) : out_{out} {}
    void u8(std::uint8_t value) { out_.push_back(value); }
    void u16(std::uint16_t value) { big_endian(value, 2); }
    void u32(std::uint32_t value) { big_endian(value, 4); }
    void u64(std::uint64_t value) { big_endian(value, 8); }
    void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }
    void text(std::string_view value) { bytes(as_bytes(value)); }

private:
    void big_endian(std::uint64_t value, int size) {
        for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
            out_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    Bytes& out_;
};

// Reads big-endian integers and slices. A read past the end sets failed() and yields zeros or an empty view: it never
// touches memory beyond the input, and one check at the end is enough.
class ByteReader {
public:
    explicit ByteReader(ByteView in) : in_{in} {}
    std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
    std::uint64_t u64() { return big_endian(8); }
    ByteView bytes(std::size_t size) {
        if (!take(size)) return {};
        return in_.subspan(at_ - size, size);
    }
    template <std::size_t N>
    std::array<std::uint8_t, N> array() {
        std::array<std::uint8_t, N> out{};
        if (const ByteView view = bytes(N); view.size() == N) std::memcpy(out.data(), view.data(), N);
        return out;
    }
    std::size_t remaining() const { return in_.size() - at_; }
    std::size_t position() const { return at_; }
    bool failed() const { return failed_; }

private:
    bool take(std::size_t size) {
        if (failed_ || size > remaining()) {
            failed_ = true;
            return false;
        }
        at_ += size;
        return true;
    }
    std::uint64_t big_endian(std::size_t size) {
        if (!take(size)) return 0;
        std::uint64_t value = 0;
        for (std::size_t i = at_ - size; i < at_; ++i) value = (value << 8) | in_[i];
        return value;
    }
    ByteView in_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace gantry
