#include "server/http/sse.hpp"

#include <fmt/format.h>

#include <charconv>

#include "common/core/limits.hpp"

namespace gantry::http {

std::string sse_text(const SseEvent& event) {
    std::string out;
    if (event.id) out += fmt::format("id: {}\n", *event.id);
    if (!event.name.empty()) out += fmt::format("event: {}\n", event.name);
    std::string_view rest = event.data;
    for (bool more = true; more;) {
        const std::size_t end = rest.find_first_of("\r\n");
        out += fmt::format("data: {}\n", rest.substr(0, end));
        more = end != std::string_view::npos;
        if (more) rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    out += '\n';
    return out;
}

std::string sse_comment(std::string_view text) { return fmt::format(": {}\n\n", text); }
std::string sse_retry(std::uint64_t ms) { return fmt::format("retry: {}\n\n", ms); }

Result<std::uint64_t> parse_last_event_id(std::string_view text) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() ||
        id > static_cast<std::uint64_t>(limits::json_integer_max))
        return Error{Errc::malformed, fmt::format("Last-Event-ID: got \"{}\", want a log index", text.substr(0, 40))};
    return id;
}

void SseQueue::push(std::string text, std::optional<std::uint64_t> id) {
    if (overflowed_ || (id && replayed_through_ && *id <= *replayed_through_)) return;
    if (bytes_ + text.size() > bytes_max_) {
        overflowed_ = true;
        return;
    }
    bytes_ += text.size();
    events_.push_back({std::move(text), id});
}

void SseQueue::replayed_through(std::uint64_t id) {
    replayed_through_ = id;
    std::deque<Waiting> keep;
    bytes_ = 0;
    for (Waiting& waiting : events_) {
        if (waiting.id && *waiting.id <= id) continue;
        bytes_ += waiting.text.size();
        keep.push_back(std::move(waiting));
    }
    events_ = std::move(keep);
}

std::string SseQueue::take() {
    std::string out;
    out.reserve(bytes_);
    for (const Waiting& waiting : events_) out += waiting.text;
    events_.clear();
    bytes_ = 0;
    return out;
}

ReplayFrom replay_from(std::optional<std::uint64_t> last_event_id, std::uint64_t size, std::uint64_t entries_max) {
    if (!last_event_id) return ReplayFrom::live;
    // An id at or beyond the end is of another log (restored, or the demo of yesterday).
    if (*last_event_id >= size) return ReplayFrom::reset;
    const std::uint64_t behind = size - 1 - *last_event_id;
    return behind > entries_max ? ReplayFrom::reset : ReplayFrom::store;
}

}  // namespace gantry::http
