#include "common/io/log.hpp"

#include <unistd.h>

#include <atomic>

#include "common/core/json.hpp"
#include "common/io/clock.hpp"

namespace gantry::log {
namespace {

std::atomic<const char*> program_name{"gantry"};
std::atomic<Level> least_level{Level::info};
std::atomic<bool> as_json{true};

constexpr std::string_view level_name(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
    }
    return "error";
}

// Bytes from outside may reach a message: nothing but valid UTF-8 may enter a JSON line.
std::string printable(std::string_view text) {
    if (is_valid_utf8(text)) return std::string{text};
    std::string out;
    for (const char c : text) out.push_back(c >= 0x20 && c < 0x7F ? c : '?');
    return out;
}

// A line must stay one line, whatever a peer put into it.
void append_text(std::string& out, std::string_view text) {
    for (const char c : printable(text)) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
}

void append_text_value(std::string& out, std::string_view value) {
    const bool bare = !value.empty() && value.find_first_of(" \"=\t\n\r") == std::string_view::npos;
    if (bare)
        append_text(out, value);
    else
        append_json_string(out, printable(value));
}

}  // namespace

void init(const char* program, Level least, Format format) {
    program_name = program;
    least_level = least;
    as_json = format == Format::json || (format == Format::automatic && !isatty(STDERR_FILENO));
}

void set_level(Level least) { least_level = least; }

bool parse_level(std::string_view text, Level& out) {
    for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
        if (text == level_name(level)) {
            out = level;
            return true;
        }
    }
    return false;
}

std::string format_line(Format format, Level level, std::string_view message, Fields fields, std::int64_t utc_ms) {
    std::string line;
    if (format == Format::json) {
        JsonWriter json{line};
        json.begin_object().field("t", clock::rfc3339(utc_ms)).field("level", level_name(level));
        json.field("program", program_name.load()).field("msg", printable(message));
        for (const Field& field : fields) {
            json.key(field.key);
            if (field.number)
                json.raw(field.value);
            else
                json.value(printable(field.value));
        }
        json.end_object();
    } else {
        line = clock::rfc3339(utc_ms);
        line.append(" ").append(level_name(level)).append(level_name(level).size() == 4 ? "  " : " ");
        append_text(line, message);
        for (const Field& field : fields) {
            line.append(" ").append(field.key).append("=");
            append_text_value(line, field.value);
        }
    }
    line.push_back('\n');
    return line;
}

void write(Level level, std::string_view message, Fields fields) {
    if (level < least_level.load()) return;
    const std::string line =
        format_line(as_json ? Format::json : Format::text, level, message, fields, clock::utc_ms());
    // A log that cannot be written must not stop the program.
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace gantry::log
