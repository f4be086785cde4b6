// The JSON of messages, read strictly: every member once, none ill-formed, the required ones there.
#include <fmt/format.h>

#include <algorithm>

#include "common/core/json.hpp"
#include "common/core/limits.hpp"
#include "common/core/messages.hpp"

namespace gantry {
namespace {

Error bad(std::string what) { return {Errc::malformed, "message: " + std::move(what)}; }

// -----------------------------------------------------------------------------------------------------------------

// Reads one object's members in any order. A member is named once; `done` tells which required one is missing.
class Members {
public:
    explicit Members(JsonCursor& in) : in_{in} { in_.enter_object(); }

    bool next(std::string_view& key) { return !failed() && in_.next_key(key); }
    bool failed() const { return in_.failed() || !error_.empty(); }

    void number(std::uint64_t& out, std::string_view key) {
        std::int64_t value = 0;
        if (!in_.integer(value)) return;
        if (value < 0) return fail(fmt::format("{}: got {}, want at least 0", key, value));
        out = static_cast<std::uint64_t>(value);
        saw(key);
    }
    void time(std::int64_t& out, std::string_view key) {
        std::uint64_t value = 0;
        number(value, key);
        out = static_cast<std::int64_t>(value);
    }
    void number32(std::uint32_t& out, std::string_view key) {
        std::uint64_t value = 0;
        number(value, key);
        if (value > 0xFFFF'FFFF) return fail(fmt::format("{}: got {}, want 32 bits", key, value));
        out = static_cast<std::uint32_t>(value);
    }
    void truth(bool& out, std::string_view key) {
        if (in_.boolean(out)) saw(key);
    }
    // Short plain text: nonces, codes, versions.
    void text(std::string& out, std::string_view key) {
        std::string_view value;
        if (!in_.plain_string(value)) return;
        if (value.empty() || value.size() > 64) return fail(fmt::format("{}: want 1 to 64 characters", key));
        out = value;
        saw(key);
    }
    template <std::size_t N>
    void hex(std::array<std::uint8_t, N>& out, std::string_view key) {
        std::string_view value;
        if (!in_.plain_string(value)) return;
        if (auto parsed = from_hex(value, out); !parsed)
            return fail(fmt::format("{}: {}", key, parsed.error().message));
        saw(key);
    }
    void optional_hash(std::optional<Hash>& out, std::string_view key) {
        if (null(key)) return;
        Hash hash{};
        hex(hash, key);
        out = hash;
    }
    bool null(std::string_view key) {
        if (in_.peek() != JsonCursor::Kind::null) return false;
        in_.null();
        saw(key);
        return true;
    }
    void saw(std::string_view key) {
        if (count_ < seen_.size()) seen_[count_++] = key;
    }
    void skip() { in_.skip(); }
    void fail(std::string message) {
        if (error_.empty()) error_ = std::move(message);
    }
    JsonCursor& cursor() { return in_; }

    // All required members were there.
    Result<void> done(std::initializer_list<std::string_view> required) const {
        if (!error_.empty()) return bad(error_);
        if (in_.failed()) return in_.error();
        for (const std::string_view key : required)
            if (std::find(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(count_), key) ==
                seen_.begin() + static_cast<std::ptrdiff_t>(count_))
                return bad(fmt::format("member \"{}\" is missing", key));
        return {};
    }

private:
    JsonCursor& in_;
    std::string error_;
    std::array<std::string_view, 16> seen_{};
    std::size_t count_ = 0;
};

void read_parent(Members& members, std::optional<EpochParent>& out) {
    if (members.null("parent")) return;
    Members inner{members.cursor()};
    EpochParent parent;
    std::string_view key;
    while (inner.next(key)) {
        if (key == "epoch")
            inner.hex(parent.epoch, key);
        else if (key == "last_seq")
            inner.number(parent.last_seq, key);
        else if (key == "last_head")
            inner.hex(parent.last_head, key);
        else
            inner.skip();
    }
    if (auto done = inner.done({"epoch", "last_seq", "last_head"}); !done)
        return members.fail("parent: " + done.error().message);
    out = parent;
    members.saw("parent");
}

// Reads a list of at most limits::hello_epochs_max objects with `read_one(Members&) -> Result<T>`.
template <class T, class ReadOne>
void read_list(Members& members, std::vector<T>& out, ReadOne read_one) {
    JsonCursor& in = members.cursor();
    if (!in.enter_array()) return;
    while (in.next_element()) {
        if (out.size() >= limits::hello_epochs_max)
            return members.fail(fmt::format("epochs: want at most {}", limits::hello_epochs_max));
        auto element = read_one(in);
        if (!element) return members.fail(element.error().message);
        out.push_back(std::move(*element));
    }
    members.saw("epochs");
}

Result<HelloEpoch> read_hello_epoch(JsonCursor& in) {
    HelloEpoch out;
    Members members{in};
    std::string_view key;
    while (members.next(key)) {
        if (key == "epoch")
            members.hex(out.epoch, key);
        else if (key == "parent")
            read_parent(members, out.parent);
        else if (key == "last_seq")
            members.number(out.last_seq, key);
        else if (key == "last_head")
            members.hex(out.last_head, key);
        else
            members.skip();
    }
    if (auto done = members.done({"epoch", "last_seq", "last_head"}); !done) return done.error();
    return out;
}

Result<StateEpoch> read_state_epoch(JsonCursor& in) {
    StateEpoch out;
    Members members{in};
    std::string_view key;
    while (members.next(key)) {
        if (key == "epoch")
            members.hex(out.epoch, key);
        else if (key == "high")
            members.number(out.high, key);
        else if (key == "at")
            members.number(out.at, key);
        else if (key == "head")
            members.optional_hash(out.head, key);
        else if (key == "conflict")
            members.truth(out.conflict, key);
        else
            members.skip();
    }
    if (auto done = members.done({"epoch", "high", "at"}); !done) return done.error();
    return out;
}

// The frame around every decoder: walk the members with `read(members, key, out)`, then check what is required and that
// nothing follows.
template <class T, class Read>
Result<T> decode(std::string_view json, std::initializer_list<std::string_view> required, Read read) {
    JsonCursor in{json};
    Members members{in};
    T out;
    std::string_view key;
    while (members.next(key)) read(members, key, out);
    if (auto done = members.done(required); !done) return done.error();
    if (!in.at_end()) return in.error();
    return out;
}

}  // namespace

Result<Hello> decode_hello(std::string_view text) {
    return decode<Hello>(text, {"nonce", "t", "mono", "boot_agent", "epochs"},
                         [](Members& m, std::string_view key, Hello& out) {
                             if (key == "nonce")
                                 m.text(out.nonce, key);
                             else if (key == "t")
                                 m.time(out.t_ms, key);
                             else if (key == "mono")
                                 m.time(out.mono_ms, key);
                             else if (key == "boot_agent")
                                 m.text(out.boot_agent, key);
                             else if (key == "epochs")
                                 read_list(m, out.epochs, read_hello_epoch);
                             else
                                 m.skip();
                         });
}

Result<StateReply> decode_state(std::string_view text) {
    return decode<StateReply>(text, {"nonce", "boot", "gen", "epochs"},
                              [](Members& m, std::string_view key, StateReply& out) {
                                  if (key == "nonce")
                                      m.text(out.nonce, key);
                                  else if (key == "boot")
                                      m.hex(out.boot, key);
                                  else if (key == "gen")
                                      m.number(out.gen, key);
                                  else if (key == "t_received")
                                      m.time(out.t_received_ms, key);
                                  else if (key == "t_sent")
                                      m.time(out.t_sent_ms, key);
                                  else if (key == "epochs")
                                      read_list(m, out.epochs, read_state_epoch);
                                  else
                                      m.skip();
                              });
}

Result<Ack> decode_ack(std::string_view text) {
    return decode<Ack>(text, {"boot", "gen", "epoch", "seq", "head", "credit"},
                       [](Members& m, std::string_view key, Ack& out) {
                           if (key == "boot")
                               m.hex(out.boot, key);
                           else if (key == "gen")
                               m.number(out.gen, key);
                           else if (key == "epoch")
                               m.hex(out.epoch, key);
                           else if (key == "seq")
                               m.number(out.seq, key);
                           else if (key == "head")
                               m.optional_hash(out.head, key);
                           else if (key == "leaf")
                               m.number(out.leaf, key);
                           else if (key == "size")
                               m.number(out.size, key);
                           else if (key == "credit")
                               m.number32(out.credit, key);
                           else if (key == "want") {
                               std::uint64_t want = 0;
                               m.number(want, key);
                               out.want = want;
                           } else
                               m.skip();
                       });
}

Result<Refusal> decode_refusal(std::string_view text) {
    return decode<Refusal>(text, {"boot", "epoch", "seq", "code"}, [](Members& m, std::string_view key, Refusal& out) {
        if (key == "boot")
            m.hex(out.boot, key);
        else if (key == "epoch")
            m.hex(out.epoch, key);
        else if (key == "seq")
            m.number(out.seq, key);
        else if (key == "code")
            m.text(out.code, key);
        else
            m.skip();
    });
}

Result<Lost> decode_lost(std::string_view text) {
    auto lost = decode<Lost>(text, {"epoch", "parent", "from", "to", "head_at_to", "host", "host_parts"},
                             [](Members& m, std::string_view key, Lost& out) {
                                 if (key == "epoch") {
                                     m.hex(out.epoch, key);
                                 } else if (key == "parent") {
                                     read_parent(m, out.parent);
                                 } else if (key == "from") {
                                     m.number(out.from, key);
                                 } else if (key == "to") {
                                     m.number(out.to, key);
                                 } else if (key == "head_at_to") {
                                     m.hex(out.head_at_to, key);
                                 } else if (key == "host") {
                                     m.hex(out.host, key);
                                 } else if (key == "host_parts") {
                                     std::uint32_t parts = 0;
                                     m.number32(parts, key);
                                     if (parts > 3) return m.fail("host_parts: want 0 to 3");
                                     out.host_parts = static_cast<std::uint8_t>(parts);
                                 } else {
                                     m.skip();
                                 }
                             });
    if (lost && (lost->from < 1 || lost->to < lost->from))
        return bad(fmt::format("lost: got {} to {}, want 1 <= from <= to", lost->from, lost->to));
    return lost;
}

Result<Beat> decode_beat(std::string_view text) {
    return decode<Beat>(text, {"t", "mono", "pending", "outbox_bytes", "version"},
                        [](Members& m, std::string_view key, Beat& out) {
                            if (key == "t")
                                m.time(out.t_ms, key);
                            else if (key == "mono")
                                m.time(out.mono_ms, key);
                            else if (key == "pending")
                                m.number(out.pending, key);
                            else if (key == "outbox_bytes")
                                m.number(out.outbox_bytes, key);
                            else if (key == "version")
                                m.text(out.version, key);
                            else
                                m.skip();
                        });
}

Result<Settings> decode_settings(std::string_view text) {
    return decode<Settings>(text, {"version"}, [](Members& m, std::string_view key, Settings& out) {
        if (key == "version")
            m.number(out.version, key);
        else if (key == "linger_ms") {
            std::uint32_t linger = 0;
            m.number32(linger, key);
            out.linger_ms = linger;
        } else
            m.skip();
    });
}

Result<Rekey> decode_rekey(std::string_view text) {
    return decode<Rekey>(text, {"new"}, [](Members& m, std::string_view key, Rekey& out) {
        if (key == "new")
            m.hex(out.new_key, key);
        else if (key == "by_recovery")
            m.truth(out.by_recovery, key);
        else
            m.skip();
    });
}

Result<Contradiction> decode_contradiction(std::string_view text) {
    return decode<Contradiction>(text, {"epoch", "at", "head"},
                                 [](Members& m, std::string_view key, Contradiction& out) {
                                     if (key == "epoch")
                                         m.hex(out.epoch, key);
                                     else if (key == "at")
                                         m.number(out.at, key);
                                     else if (key == "head")
                                         m.hex(out.head, key);
                                     else
                                         m.skip();
                                 });
}

}  // namespace gantry
