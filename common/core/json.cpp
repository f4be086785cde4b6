#include "common/core/json.hpp"

#include <fmt/format.h>

namespace gantry {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ASCII that stands for itself inside a string.
constexpr auto is_plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

// Most keys differ in size or in their ends: then no call is needed.
bool same_key(std::string_view a, std::string_view b) {
    return a.size() == b.size() && (a.empty() || (a.front() == b.front() && a.back() == b.back() && a == b));
}

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0 (RFC 3629, table 3-7 of Unicode).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    const std::uint8_t lead = byte(0);
    if (text.empty()) return 0;
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (!tail(1) || !tail(2)) return 0;
        if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
        if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        if (lead == 0xF0 && byte(1) < 0x90) return 0;
        if (lead == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

Error JsonCursor::error() const {
    return Error{Errc::malformed, fmt::format("JSON: {} at byte {}", error_ ? error_ : "no fault", at_)};
}

JsonCursor::Kind JsonCursor::peek() const {
    if (error_ || at_ >= text_.size()) return Kind::invalid;
    const char c = text_[at_];
    if (c == '{') return Kind::object;
    if (c == '[') return Kind::array;
    if (c == '"') return Kind::string;
    if (c == 't' || c == 'f') return Kind::boolean;
    if (c == 'n') return Kind::null;
    return c == '-' || is_digit(c) ? Kind::integer : Kind::invalid;
}

bool JsonCursor::expect(char c, const char* what) {
    if (error_) return false;
    if (at_ >= text_.size() || text_[at_] != c) return fault(what);
    ++at_;
    return true;
}

bool JsonCursor::enter_object() {
    if (!expect('{', "want '{'")) return false;
    if (depth_ >= limits::json_depth_max) return fault("nested too deep, want at most 8 levels");
    levels_[++depth_] = Level{true, true, 0};
    return true;
}

bool JsonCursor::enter_array() {
    if (!expect('[', "want '['")) return false;
    if (depth_ >= limits::json_depth_max) return fault("nested too deep, want at most 8 levels");
    levels_[++depth_] = Level{true, false, 0};
    return true;
}

// Handles the comma before the next member, or the closing bracket.
bool JsonCursor::separator(char close, bool& done) {
    done = false;
    if (error_) return false;
    Level& level = levels_[depth_];
    if (at_ < text_.size() && text_[at_] == close) {
        ++at_;
        key_count_ -= level.keys;
        --depth_;
        done = true;
        return true;
    }
    if (level.first) {
        level.first = false;
        return true;
    }
    return expect(',', "want ',' or a closing bracket");
}

bool JsonCursor::remember_key(std::string_view key) {
    Level& level = levels_[depth_];
    for (std::size_t i = key_count_ - level.keys; i < key_count_; ++i)
        if (same_key(keys_[i].text(), key)) return fault("duplicate key");
    if (level.keys >= limits::json_keys_max || key_count_ >= keys_.size())
        return fault("too many keys, want at most 64");
    keys_[key_count_++] = {key.data(), key.size()};
    ++level.keys;
    return true;
}

bool JsonCursor::next_key(std::string_view& key) {
    bool done = false;
    if (!separator('}', done) || done) return false;
    bool plain = true;
    if (!string(key, &plain)) return false;
    if (!plain) return fault("escape in a key");
    return remember_key(key) && expect(':', "want ':'");
}

bool JsonCursor::next_element() {
    bool done = false;
    return separator(']', done) && !done;
}

bool JsonCursor::integer(std::int64_t& value) {
    if (error_) return false;
    const std::size_t start = at_;
    const bool negative = at_ < text_.size() && text_[at_] == '-';
    std::size_t at = at_ + (negative ? 1 : 0);
    const std::size_t first_digit = at;
    std::int64_t sum = 0;
    while (at < text_.size() && is_digit(text_[at])) {
        sum = sum * 10 + (text_[at] - '0');
        if (sum > limits::json_integer_max) return fault("integer out of range, want |n| < 2^53");
        ++at;
    }
    const std::size_t digits = at - first_digit;
    if (digits == 0) return fault("want an integer");
    if (digits > 1 && text_[first_digit] == '0') return fault("leading zero");
    if (negative && sum == 0) return fault("minus zero");
    if (at < text_.size() && (text_[at] == '.' || text_[at] == 'e' || text_[at] == 'E'))
        return fault("want an integer, got a fraction or exponent");
    value = negative ? -sum : sum;
    at_ = at;
    return at_ > start;
}

bool JsonCursor::literal(std::string_view word) {
    if (error_ || text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

bool JsonCursor::boolean(bool& value) {
    if (error_) return false;
    if (literal("true")) {
        value = true;
        return true;
    }
    if (literal("false")) {
        value = false;
        return true;
    }
    return fault("want true or false");
}

bool JsonCursor::null() {
    if (error_) return false;
    return literal("null") || fault("want null");
}

bool JsonCursor::escape() {
    const auto at = [&](std::size_t i) { return i < text_.size() ? text_[i] : '\0'; };
    const auto hex4 = [&](std::size_t i, unsigned& unit) {
        unit = 0;
        for (std::size_t k = i; k < i + 4; ++k) {
            const char c = at(k);
            const int v = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
            if (v < 0) return false;
            unit = unit * 16 + static_cast<unsigned>(v);
        }
        return true;
    };
    const char c = at(at_ + 1);
    if (c != 'u') {
        if (c == '\0' || std::string_view{"\"\\/bfnrt"}.find(c) == std::string_view::npos) return fault("bad escape");
        at_ += 2;
        return true;
    }
    unsigned unit = 0;
    if (!hex4(at_ + 2, unit)) return fault("bad \\u escape");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fault("lone surrogate");
    at_ += 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        unsigned low = 0;
        if (at(at_) != '\\' || at(at_ + 1) != 'u' || !hex4(at_ + 2, low) || low < 0xDC00 || low > 0xDFFF)
            return fault("lone surrogate");
        at_ += 6;
    }
    return true;
}

bool JsonCursor::utf8_sequence() {
    const std::size_t length = utf8_length(text_.substr(at_));
    if (length == 0) return fault("invalid UTF-8");
    at_ += length;
    return true;
}

bool JsonCursor::string(std::string_view& raw, bool* plain) {
    if (!expect('"', "want a string")) return false;
    const std::size_t start = at_;
    bool escaped = false;
    while (true) {
        const char* const text =
            text_.data();  // without the checks of operator[]: this loop sees every byte of every record
        while (at_ < text_.size() && is_plain[static_cast<std::uint8_t>(text[at_])]) ++at_;
        if (at_ >= text_.size()) return fault("string does not end");
        const char c = text[at_];
        if (c == '"') {
            raw = text_.substr(start, at_ - start);
            if (plain) *plain = !escaped;
            ++at_;
            return true;
        }
        if (c == '\\') {
            escaped = true;
            if (!escape()) return false;
        } else if (static_cast<std::uint8_t>(c) < 0x20) {
            return fault("control character in a string");
        } else if (!utf8_sequence()) {
            return false;
        }
    }
}

bool JsonCursor::plain_string(std::string_view& value) {
    bool plain = true;
    if (!string(value, &plain)) return false;
    return plain || fault("escape where none is needed");
}

bool JsonCursor::skip(std::string_view* raw) {
    const std::size_t start = at_;
    bool ok = false;
    std::string_view text;
    std::int64_t number = 0;
    bool truth = false;
    switch (peek()) {
        case Kind::object:
            ok = enter_object();
            while (ok && next_key(text)) ok = skip();
            break;
        case Kind::array:
            ok = enter_array();
            while (ok && next_element()) ok = skip();
            break;
        case Kind::string:
            ok = string(text);
            break;
        case Kind::integer:
            ok = integer(number);
            break;
        case Kind::boolean:
            ok = boolean(truth);
            break;
        case Kind::null:
            ok = null();
            break;
        case Kind::invalid:
            return fault("want a value");
    }
    if (!ok || error_) return false;
    if (raw) *raw = text_.substr(start, at_ - start);
    return true;
}

bool JsonCursor::at_end() {
    if (error_) return false;
    if (depth_ != 0) return fault("unfinished object");
    return at_ == text_.size() || fault("text after the end");
}

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<std::uint8_t>(c) < 0x20)
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                else
                    out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace gantry
