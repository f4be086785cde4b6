#include "server/http/idempotency.hpp"

#include <utility>

namespace gantry::http {

IdempotencyKeys::Begun IdempotencyKeys::begin(const std::string& key, const Hash& request, std::int64_t now_ms) {
    make_room(now_ms);
    if (const auto it = entries_.find(key); it != entries_.end()) {
        if (it->second.request != request) return {Seen::other, std::nullopt};
        if (!it->second.answer) return {Seen::in_flight, std::nullopt};
        return {Seen::answered, it->second.answer};
    }
    if (entries_.size() >= keys_max_) return {Seen::full, std::nullopt};
    entries_.emplace(key, Entry{request, std::nullopt, now_ms});
    by_age_.emplace_back(now_ms, key);
    return {Seen::fresh, std::nullopt};
}

void IdempotencyKeys::finish(const std::string& key, const Response& answer) {
    if (const auto it = entries_.find(key); it != entries_.end()) it->second.answer = answer;
}

void IdempotencyKeys::forget(const std::string& key) { entries_.erase(key); }

// What is too old goes; when all places are taken the oldest answered one goes too. Those under way stay.
void IdempotencyKeys::make_room(std::int64_t now_ms) {
    std::deque<std::pair<std::int64_t, std::string>> under_way;
    while (!by_age_.empty()) {
        const auto& [begun_ms, key] = by_age_.front();
        const auto it = entries_.find(key);
        const bool current = it != entries_.end() && it->second.begun_ms == begun_ms;
        if (current && now_ms - begun_ms <= keep_ms_ && entries_.size() < keys_max_) break;
        if (current && it->second.answer)
            entries_.erase(it);
        else if (current)
            under_way.push_back(by_age_.front());
        by_age_.pop_front();
    }
    by_age_.insert(by_age_.begin(), std::make_move_iterator(under_way.begin()),
                   std::make_move_iterator(under_way.end()));
}

}  // namespace gantry::http
