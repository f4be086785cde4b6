#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/core/bytes.hpp"
#include "server/http/message.hpp"

namespace gantry::http {

// What was answered to which Idempotency-Key. In memory: after a restart every key is new. Belongs to one thread.
class IdempotencyKeys {
public:
    IdempotencyKeys(std::size_t keys_max, std::int64_t keep_ms) : keys_max_{keys_max}, keep_ms_{keep_ms} {}

    enum class Seen : std::uint8_t {
        fresh,      // do it, then finish() or forget()
        in_flight,  // the first is still under way
        answered,   // `answer` says what became of it
        other,      // the key belongs to another request
        full,       // every key that is kept is still under way
    };
    struct Begun {
        Seen seen = Seen::fresh;
        std::optional<Response> answer;
    };
    // `request` is a hash over method, path and body.
    Begun begin(const std::string& key, const Hash& request, std::int64_t now_ms);
    void finish(const std::string& key, const Response& answer);
    // Nothing came of it and nothing will: the key may be used again.
    void forget(const std::string& key);
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Hash request{};
        std::optional<Response> answer;
        std::int64_t begun_ms = 0;
    };
    void make_room(std::int64_t now_ms);

    std::size_t keys_max_;
    std::int64_t keep_ms_;
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::pair<std::int64_t, std::string>> by_age_;  // begun_ms and key; keys that are gone are skipped
};

}  // namespace gantry::http
