#include "agent/audit/domain/syslog.hpp"

#include <fmt/format.h>

#include "agent/audit/domain/limits.hpp"

namespace gantry::audit {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool printable(char c) { return c >= 33 && c <= 126; }

class Header {
public:
    explicit Header(std::string_view bytes) : bytes_{bytes} {}

    Error fault(std::string_view what) const {
        return {Errc::malformed, fmt::format("syslog: {} at byte {}", what, at_)};
    }
    bool take(char c) {
        if (at_ == bytes_.size() || bytes_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool at_end() const { return at_ == bytes_.size(); }
    char peek() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }
    std::size_t position() const { return at_; }
    std::string_view rest() const { return bytes_.substr(at_); }
    std::string_view since(std::size_t begin) const { return bytes_.substr(begin, at_ - begin); }
    void skip() { ++at_; }

    // A number without leading zeros; nothing when there is none or it is larger.
    std::optional<int> number(int max) {
        const std::size_t begin = at_;
        int value = 0;
        while (at_ < bytes_.size() && digit(bytes_[at_])) {
            value = value * 10 + (bytes_[at_++] - '0');
            if (value > max) return std::nullopt;
        }
        if (at_ == begin || (at_ - begin > 1 && bytes_[begin] == '0')) return std::nullopt;
        return value;
    }
    // A word of printable US-ASCII and the space after it.
    std::optional<std::string_view> word(std::size_t size_max) {
        const std::size_t begin = at_;
        while (at_ < bytes_.size() && printable(bytes_[at_])) ++at_;
        const std::string_view text = since(begin);
        if (text.empty() || text.size() > size_max || !take(' ')) return std::nullopt;
        return text == "-" ? std::string_view{} : text;
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

// RFC 5424 6.2.3, which narrows RFC 3339: capitals, at most 6 decimals, no leap second.
bool is_timestamp(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    if (text.size() <= shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == '0' ? !digit(text[i]) : text[i] != shape[i]) return false;
    text.remove_prefix(shape.size());
    if (text.front() == '.') {
        std::size_t decimals = 0;
        while (1 + decimals < text.size() && digit(text[1 + decimals])) ++decimals;
        if (decimals < 1 || decimals > 6) return false;
        text.remove_prefix(1 + decimals);
    }
    if (text == "Z") return true;
    return text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(text[1]) && digit(text[2]) &&
           text[3] == ':' && digit(text[4]) && digit(text[5]);
}

bool name_of_structured_data(Header& in) {
    const std::size_t begin = in.position();
    while (printable(in.peek()) && in.peek() != '=' && in.peek() != ']' && in.peek() != '"') in.skip();
    const std::size_t size = in.position() - begin;
    return size >= 1 && size <= 32;
}

// `"…"` with \" \\ \] for the three characters that must be escaped; another escape stands for itself.
bool quoted_value(Header& in) {
    if (!in.take('"')) return false;
    while (!in.at_end() && in.peek() != '"') {
        if (in.peek() == ']') return false;
        if (in.take('\\')) {
            if (in.at_end()) return false;
        }
        in.skip();
    }
    return in.take('"');
}

bool structured_data(Header& in) {
    if (in.take('-')) return true;
    if (in.peek() != '[') return false;
    while (in.take('[')) {
        if (!name_of_structured_data(in)) return false;
        while (in.take(' ')) {
            if (!name_of_structured_data(in) || !in.take('=') || !quoted_value(in)) return false;
        }
        if (!in.take(']')) return false;
    }
    return true;
}

}  // namespace

Result<SyslogMessage> parse_syslog(std::string_view bytes) {
    if (bytes.size() > limits::message_bytes_max) {
        return Error{Errc::too_large,
                     fmt::format("syslog: got {} bytes, want at most {}", bytes.size(), limits::message_bytes_max)};
    }
    Header in{bytes};
    SyslogMessage out;
    if (!in.take('<')) return in.fault("want a priority in angle brackets");
    const auto priority = in.number(191);
    if (!priority || !in.take('>')) return in.fault("want a priority from 0 to 191");
    out.facility = *priority / 8;
    out.severity = *priority % 8;
    if (!in.take('1') || !in.take(' ')) return in.fault("want version 1 (RFC 5424)");
    struct Word {
        std::string_view SyslogMessage::*member;
        std::size_t size_max;
        std::string_view name;
    };
    constexpr Word words[] = {{&SyslogMessage::timestamp, 32, "want a timestamp"},
                              {&SyslogMessage::host, 255, "want a host name"},
                              {&SyslogMessage::app, 48, "want an application name"},
                              {&SyslogMessage::process, 128, "want a process id"},
                              {&SyslogMessage::id, 32, "want a message id"}};
    for (const Word& word : words) {
        const auto text = in.word(word.size_max);
        if (!text) return in.fault(word.name);
        out.*word.member = *text;
    }
    if (!out.timestamp.empty() && !is_timestamp(out.timestamp)) return in.fault("timestamp: want RFC 3339 or - before");
    const std::size_t begin = in.position();
    if (!structured_data(in)) return in.fault("want structured data");
    out.structured_data = in.since(begin);
    if (out.structured_data == "-") out.structured_data = {};
    if (in.at_end()) return out;
    if (!in.take(' ')) return in.fault("want a space before the message");
    out.text = in.rest();
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (out.text.starts_with(byte_order_mark)) {
        out.utf8 = true;
        out.text.remove_prefix(byte_order_mark.size());
    }
    return out;
}

Result<std::optional<SyslogFrame>> next_frame(std::string_view bytes) {
    std::size_t at = 0;
    std::size_t size = 0;
    while (at < bytes.size() && digit(bytes[at])) {
        size = size * 10 + static_cast<std::size_t>(bytes[at++] - '0');
        if (size == 0) return Error{Errc::malformed, "syslog frame: got a length that begins with 0"};
        if (size > limits::message_bytes_max) {
            return Error{Errc::too_large,
                         fmt::format("syslog frame: got a length of at least {} bytes, want at most {}", size,
                                     limits::message_bytes_max)};
        }
    }
    if (at == bytes.size()) return std::optional<SyslogFrame>{};
    if (at == 0 || bytes[at] != ' ') {
        return Error{Errc::malformed,
                     at == 0 && bytes[at] == '<'
                         ? "syslog frame: got a message without its length, want octet counting (RFC 5425)"
                         : "syslog frame: want a length in digits and a space (RFC 5425)"};
    }
    ++at;
    if (bytes.size() - at < size) return std::optional<SyslogFrame>{};
    return std::optional{SyslogFrame{bytes.substr(at, size), at + size}};
}

}  // namespace gantry::audit
