#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// One line an event on stderr: text on a terminal, JSON otherwise. Written here rather than with spdlog: a hundred
// lines, no thread, no registry, and none of the half megabyte that it would add to every agent. Thread safe: each line
// is one write(2).
namespace gantry::log {

enum class Level { debug, info, warn, error };
enum class Format { automatic, text, json };

struct Field {
    template <std::integral T>
    Field(std::string_view k, T v) : key{k}, value{std::to_string(v)}, number{true} {}
    Field(std::string_view k, std::string_view v) : key{k}, value{v} {}
    Field(std::string_view k, const char* v) : key{k}, value{v} {}
    Field(std::string_view k, const std::string& v) : key{k}, value{v} {}
    Field(std::string_view k, bool v) : key{k}, value{v ? "true" : "false"}, number{true} {}
    std::string_view key;
    std::string value;
    bool number = false;  // written without quotes
};
using Fields = std::initializer_list<Field>;

// Once, at start. `program` must live for ever.
void init(const char* program, Level least = Level::info, Format format = Format::automatic);
void set_level(Level least);
bool parse_level(std::string_view text, Level& out);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

// The line as it would be written, newline included: for tests.
std::string format_line(Format format, Level level, std::string_view message, Fields fields, std::int64_t utc_ms);

}  // namespace gantry::log
