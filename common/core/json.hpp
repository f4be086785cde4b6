#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/core/limits.hpp"
#include "common/core/result.hpp"

// The strict JSON of records: one object, no insignificant whitespace, no duplicate keys, whole numbers with |n| <
// 2^53, valid UTF-8, bounded depth and keys. Used where bytes are hashed and signed; everything else uses a library.
namespace gantry {

// Walks strict JSON token by token, without allocation. After the first fault every call fails and `error()` tells what
// and where. Typical use: enter_object, then while next_key(key) read one value, then at_end.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view text) : text_{text} {}

    enum class Kind { object, array, string, integer, boolean, null, invalid };
    Kind peek() const;

    bool enter_object();
    // False at the closing brace (then consumed) or on a fault. `key` is the raw text between the quotes; keys with
    // escapes are refused.
    bool next_key(std::string_view& key);
    bool enter_array();
    bool next_element();  // false at the closing bracket (then consumed) or on a fault

    bool integer(std::int64_t& value);
    bool boolean(bool& value);
    bool null();
    // The raw text between the quotes, escapes not resolved but checked. `plain` tells that there were none.
    bool string(std::string_view& raw, bool* plain = nullptr);
    // A string without escapes: the only kind that the schema's own fields use.
    bool plain_string(std::string_view& value);
    bool skip(std::string_view* raw = nullptr);  // any value, checked as strictly; `raw` is its text

    bool at_end();  // nothing follows
    bool failed() const { return error_ != nullptr; }
    // "JSON: … at byte N"
    Error error() const;
    std::size_t position() const { return at_; }

private:
    struct Level {
        bool first = true;
        bool object = false;
        std::uint16_t keys = 0;
    };
    bool fault(const char* what) {
        if (!error_) error_ = what;
        return false;
    }
    bool expect(char c, const char* what);
    bool literal(std::string_view word);
    bool separator(char close, bool& done);
    bool remember_key(std::string_view key);
    bool utf8_sequence();
    bool escape();

    std::string_view text_;
    std::size_t at_ = 0;
    const char* error_ = nullptr;
    std::size_t depth_ = 0;
    std::array<Level, limits::json_depth_max + 1> levels_{};
    // Keys of the open objects, outermost first, so that a duplicate is found by looking back at one level's keys.
    // Not initialised on purpose: clearing four kilobytes for each cursor cost more than walking a record.
    struct Key {
        const char* data;
        std::size_t size;
        std::string_view text() const { return {data, size}; }
    };
    std::array<Key, limits::json_keys_max * 4> keys_;
    std::size_t key_count_ = 0;
};

// Text as a JSON string with quotes: RFC 8785 escaping. The input must be valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

// True for well-formed UTF-8 (no surrogates, no overlong forms, no noncharacter check).
bool is_valid_utf8(std::string_view text);

// Writes compact JSON in the order of the calls. The caller keeps the grammar; commas are placed here.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_{out} {}
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name) {
        comma();
        append_json_string(out_, name);
        out_.push_back(':');
        comma_ = false;
        return *this;
    }
    JsonWriter& value(std::int64_t number) {
        comma();
        char buffer[24];
        out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
        return *this;
    }
    JsonWriter& value(std::uint64_t number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(std::uint32_t number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }
    JsonWriter& value(std::string_view text) {
        comma();
        append_json_string(out_, text);
        return *this;
    }
    JsonWriter& value(const char* text) { return value(std::string_view{text}); }
    JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
    JsonWriter& null() { return raw("null"); }
    JsonWriter& raw(std::string_view json) {  // a value that is JSON already
        comma();
        out_.append(json);
        return *this;
    }
    template <class T>
    JsonWriter& field(std::string_view name, const T& v) {
        key(name);
        return value(v);
    }

private:
    JsonWriter& open(char c) {
        comma();
        out_.push_back(c);
        comma_ = false;
        return *this;
    }
    JsonWriter& close(char c) {
        out_.push_back(c);
        comma_ = true;
        return *this;
    }
    void comma() {
        if (comma_) out_.push_back(',');
        comma_ = true;
    }
    std::string& out_;
    bool comma_ = false;
};

}  // namespace gantry
