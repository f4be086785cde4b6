#include "server/domain/record_body.hpp"

#include "common/core/json.hpp"

namespace gantry {
namespace {

// The first sixteen digits; a pseudonym is 32 of them, and eight bytes tell any events of one device's hour apart.
std::optional<std::uint64_t> key_of(std::string_view hex) {
    if (hex.size() < 16) return std::nullopt;
    std::uint64_t key = 0;
    for (const char c : hex.substr(0, 16))
        key = (key << 4) | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    return key;
}

void read_sources(JsonCursor& in, UseBody& out) {
    if (!in.enter_array()) return;
    while (in.next_element()) {
        SourceBody source;
        if (!in.enter_object()) return;
        for (std::string_view key; in.next_key(key);) {
            std::int64_t number = 0;
            if (key == "id") {
                in.plain_string(source.id);
            } else if (key == "ma_mean_ua") {
                if (in.integer(number)) source.ma_mean_ua = number;
            } else {
                in.skip();
            }
        }
        if (out.source_count < out.sources.size()) out.sources[out.source_count++] = source;
    }
}

void read_integer(JsonCursor& in, std::optional<std::int64_t>& out) {
    std::int64_t number = 0;
    if (in.integer(number)) out = number;
}

void read_key(JsonCursor& in, std::optional<std::uint64_t>& out) {
    std::string_view hex;
    if (in.plain_string(hex)) out = key_of(hex);
}

}  // namespace

bool is_use(std::string_view type) {
    return type == "usage.exposure" || type == "usage.exam.start" || type == "usage.exam.end";
}

UseBody read_use(std::string_view body) {
    UseBody out;
    JsonCursor in{body};
    if (!in.enter_object()) return out;
    for (std::string_view key; in.next_key(key);) {
        if (key == "event_h") {
            read_key(in, out.event_key);
        } else if (key == "exam_h") {
            read_key(in, out.exam_key);
        } else if (key == "duration_ms") {
            read_integer(in, out.duration_ms);
        } else if (key == "ctdivol_ugy") {
            read_integer(in, out.ctdivol_ugy);
        } else if (key == "dlp_ugy_cm") {
            read_integer(in, out.dlp_ugy_cm);
        } else if (key == "purpose") {
            in.plain_string(out.purpose);
        } else if (key == "status") {
            in.plain_string(out.status);
        } else if (key == "reason") {
            in.plain_string(out.reason);
        } else if (key == "sources") {
            read_sources(in, out);
        } else {
            in.skip();
        }
    }
    return out;
}

std::string_view BodyFields::text(std::string_view key) const {
    JsonCursor in{body_};
    std::string_view value;
    if (!in.enter_object()) return {};
    for (std::string_view found; in.next_key(found);) {
        if (found != key) {
            in.skip();
        } else if (in.plain_string(value)) {
            return value;
        }
    }
    return {};
}

std::optional<std::int64_t> BodyFields::integer(std::string_view key) const {
    JsonCursor in{body_};
    std::int64_t value = 0;
    if (!in.enter_object()) return std::nullopt;
    for (std::string_view found; in.next_key(found);) {
        if (found != key) {
            in.skip();
        } else if (in.integer(value)) {
            return value;
        }
    }
    return std::nullopt;
}

bool BodyFields::flag(std::string_view key) const {
    JsonCursor in{body_};
    bool value = false;
    if (!in.enter_object()) return false;
    for (std::string_view found; in.next_key(found);) {
        if (found != key) {
            in.skip();
        } else if (in.boolean(value)) {
            return value;
        }
    }
    return false;
}

}  // namespace gantry
