#include "common/core/record.hpp"

#include <fmt/format.h>

#include "common/core/json.hpp"

namespace gantry {
namespace {

Error bad(std::string_view what) { return {Errc::malformed, fmt::format("record: {}", what)}; }

template <class Enum, std::size_t N>
bool find_name(std::string_view text, const Enum (&all)[N], Enum& out) {
    for (const Enum value : all) {
        if (name(value) != text) continue;
        out = value;
        return true;
    }
    return false;
}

constexpr ClockState all_clocks[] = {ClockState::sync, ClockState::unsync, ClockState::unknown};
constexpr Source all_sources[] = {Source::rdsr,   Source::mpps,   Source::audit, Source::log,
                                  Source::sensor, Source::manual, Source::agent};

bool is_boot(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// Reads the members in their one order; each step says what it wanted.
class HeadReader {
public:
    explicit HeadReader(JsonCursor& in) : in_{in} {}

    bool key(std::string_view want) {
        std::string_view got;
        if (!in_.next_key(got)) return fail(want);
        return got == want || fail(want);
    }
    bool integer(std::string_view want, std::int64_t& out) { return key(want) && (in_.integer(out) || fail(want)); }
    bool text(std::string_view want, std::string_view& out) {
        return key(want) && (in_.plain_string(out) || fail(want));
    }
    bool fail(std::string_view want) {
        if (wanted_.empty()) wanted_ = want;
        return false;
    }
    Error error() const {
        if (in_.failed()) return bad(fmt::format("{} (wanted member \"{}\")", in_.error().message, wanted_));
        return bad(fmt::format("want member \"{}\" at byte {}", wanted_, in_.position()));
    }

private:
    JsonCursor& in_;
    std::string_view wanted_;
};

}  // namespace

Result<Source> parse_source(std::string_view text) {
    Source out{};
    if (!find_name(text, all_sources, out))
        return Error{Errc::schema, "src: want rdsr, mpps, audit, log, sensor, manual or agent"};
    return out;
}

std::string encode_record(const RecordHead& head, std::string_view body) {
    std::string out;
    out.reserve(160 + body.size());
    JsonWriter json{out};
    json.begin_object()
        .field("seq", head.seq)
        .field("t", head.t_ms)
        .field("mono", head.mono_ms)
        .field("boot", head.boot)
        .field("clk", name(head.clk))
        .field("src", name(head.src));
    if (head.at_ms) json.field("at", *head.at_ms);
    json.field("type", head.type).key("body").raw(body).end_object();
    return out;
}

Result<RecordView> parse_record(std::string_view bytes, const Schema* schema) {
    if (bytes.size() > limits::record_bytes_max)
        return Error{Errc::too_large,
                     fmt::format("record: got {} bytes, want at most {}", bytes.size(), limits::record_bytes_max)};
    JsonCursor in{bytes};
    HeadReader read{in};
    RecordView out;
    std::int64_t seq = 0;
    std::string_view clk, src, key;
    if (!in.enter_object()) return in.error();
    if (!read.integer("seq", seq) || !read.integer("t", out.t_ms) || !read.integer("mono", out.mono_ms) ||
        !read.text("boot", out.boot) || !read.text("clk", clk) || !read.text("src", src))
        return read.error();
    if (seq < 1) return bad(fmt::format("seq: got {}, want at least 1", seq));
    if (out.t_ms < 0 || out.mono_ms < 0) return bad("t and mono: want at least 0");
    if (!is_boot(out.boot)) return bad("boot: want 1 to 64 of a-z 0-9 -");
    if (!find_name(clk, all_clocks, out.clk)) return bad("clk: want sync, unsync or unknown");
    if (!find_name(src, all_sources, out.src)) return bad("src: want rdsr, mpps, audit, log, sensor, manual or agent");
    out.seq = static_cast<std::uint64_t>(seq);

    if (!in.next_key(key)) return in.failed() ? in.error() : bad("want member \"type\"");
    if (key == "at") {
        std::int64_t at = 0;
        if (!in.integer(at)) return in.error();
        if (at < 0) return bad("at: want at least 0");
        out.at_ms = at;
        if (!in.next_key(key)) return in.failed() ? in.error() : bad("want member \"type\"");
    }
    if (key != "type" || !in.plain_string(out.type)) return in.failed() ? in.error() : bad("want member \"type\"");
    if (out.type.empty() || out.type.size() > 64) return bad("type: want 1 to 64 characters");
    if (!read.key("body")) return read.error();

    const std::size_t start = in.position();
    if (in.peek() != JsonCursor::Kind::object) return bad("body: want an object");
    if (schema && schema->find(out.type)) {
        if (auto checked = schema->check_at(out.type, in); !checked) return checked.error();
    } else if (!in.skip()) {
        return in.error();
    }
    out.body = bytes.substr(start, in.position() - start);
    if (in.next_key(key)) return bad("want nothing after \"body\"");
    if (in.failed() || !in.at_end()) return in.error();
    if (schema && !schema->find(out.type)) return Error{Errc::not_found, "record: type is not in the schema"};
    return out;
}

}  // namespace gantry
