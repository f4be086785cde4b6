#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>

#include "agent/audit/commands.hpp"
#include "agent/audit/domain/audit_message.hpp"
#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/line_splitter.hpp"
#include "agent/audit/domain/observation.hpp"
#include "agent/audit/domain/syslog.hpp"
#include "agent/audit/pattern_file.hpp"
#include "common/core/json.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"

namespace gantry::audit {
namespace {

constexpr std::size_t messages_bytes_max = 64 * 1024 * 1024;  // of one file of audit messages; a log may be any size

void print_line(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
}

// The reason goes to the person who named the file, so it may name it.
void complain(const std::string& file, const std::string& reason) {
    std::string line = "gantry-audit: " + file + ": " + reason;
    for (char& c : line) c = static_cast<unsigned char>(c) < ' ' ? '?' : c;
    std::fprintf(stderr, "%s\n", line.c_str());
}

// The line that follows each file. It stays on this host, so it names the file as it was given.
void print_report(const std::string& file, std::initializer_list<std::pair<std::string_view, std::uint64_t>> counts) {
    std::string line;
    JsonWriter json{line};
    bool ignored = false;
    json.begin_object().field("type", "report").field("file", to_utf8(file, Encoding::utf8, ignored));
    for (const auto& [key, count] : counts) json.field(key, count);
    json.end_object();
    print_line(line);
}

// Syslog messages with their lengths, or one message: syslog or the bare XML.
Result<std::vector<std::string_view>> messages_of(std::string_view bytes) {
    if (bytes.empty()) return Error{Errc::malformed, "got an empty file, want audit messages"};
    if (bytes.front() < '0' || bytes.front() > '9') return std::vector{bytes};
    std::vector<std::string_view> out;
    while (!bytes.empty()) {
        const auto frame = next_frame(bytes);
        if (!frame) return frame.error();
        if (!*frame) return Error{Errc::malformed, fmt::format("message {} is cut off", out.size() + 1)};
        out.push_back((*frame)->message);
        bytes.remove_prefix((*frame)->bytes);
    }
    return out;
}

class Reading {
public:
    explicit Reading(const Host& host) : host_{host} {}

    Result<void> audit_messages(const std::string& file) {
        const auto bytes = files::read_all(file, messages_bytes_max);
        if (!bytes) return bytes.error();
        const auto messages = messages_of(*bytes);
        if (!messages) return messages.error();
        // All or nothing of a file.
        std::vector<std::string> lines;
        std::uint64_t repeated = 0;
        std::uint64_t not_ours = 0;
        for (const std::string_view bytes_of_one : *messages) {
            std::string_view xml = bytes_of_one;
            if (bytes_of_one.starts_with('<') && bytes_of_one.size() > 1 && bytes_of_one[1] >= '0' &&
                bytes_of_one[1] <= '9') {
                const auto syslog = parse_syslog(bytes_of_one);
                if (!syslog) return syslog.error();
                xml = syslog->text;
            } else if (xml.starts_with("\xEF\xBB\xBF")) {
                xml.remove_prefix(3);
            }
            const auto message = read_audit_message(xml, host_.pseudonyms, host_.zone);
            if (!message) return message.error();
            if (!seen_.insert(message->message_h).second) {
                ++repeated;
                continue;
            }
            const auto observed = observe(*message, {});
            not_ours += observed.empty() ? 1U : 0U;
            for (const Observation& observation : observed) lines.push_back(intake_line("audit", observation));
        }
        for (const std::string& line : lines) print_line(line);
        print_report(
            file,
            {{"messages", messages->size()}, {"events", lines.size()}, {"repeated", repeated}, {"not_ours", not_ours}});
        return {};
    }

    Result<void> log_lines(const std::string& file, const std::shared_ptr<const PatternFile>& patterns) {
        const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!fd) return Error{errno == ENOENT ? Errc::not_found : Errc::io, "cannot be opened"};
        LineReader reader{patterns, host_.schema, zone_for(*patterns, host_)};
        LineSplitter splitter;
        std::string chunk(limits::read_chunk_bytes, '\0');
        const std::int64_t now_ms = clock::utc_ms();
        const auto take = [&](std::string_view line) {
            if (const auto event = reader.read(line, now_ms)) print_line(intake_line("log", *event));
        };
        while (true) {
            const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return Error{Errc::io, "cannot be read"};
            if (got == 0) break;
            splitter.feed(std::string_view{chunk}.substr(0, static_cast<std::size_t>(got)));
            while (const auto line = splitter.next()) take(line->text);
        }
        if (const auto line = splitter.rest()) take(line->text);
        const LineCounters& counters = reader.counters();
        print_report(file, {{"lines", counters.lines},
                            {"events", counters.events},
                            {"unmatched", counters.unmatched},
                            {"suppressed", counters.suppressed},
                            {"out_of_range", counters.out_of_range},
                            {"bad_time", counters.bad_time},
                            {"repaired", counters.repaired},
                            {"too_long", splitter.too_long()}});
        return {};
    }

private:
    const Host& host_;
    std::set<std::string> seen_;
};

}  // namespace

int run_read(const Options& options, const Host& host) {
    std::shared_ptr<const PatternFile> patterns;
    if (!options.patterns.empty()) {
        auto read = read_patterns(options.patterns, host.schema);
        if (!read) {
            std::fprintf(stderr, "gantry-audit: %s\n", read.error().message.c_str());
            return exit_codes::config;
        }
        patterns = std::move(*read);
    }
    Reading reading{host};
    int code = exit_codes::ok;
    for (const std::string& file : options.operands) {
        const auto done = patterns ? reading.log_lines(file, patterns) : reading.audit_messages(file);
        if (done) continue;
        complain(file, done.error().message);
        const bool io = done.error().code == Errc::io || done.error().code == Errc::not_found;
        if (!io)
            code = exit_codes::bad_data;
        else if (code == exit_codes::ok)
            code = exit_codes::io;
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return exit_codes::io;
    return code;
}

}  // namespace gantry::audit
