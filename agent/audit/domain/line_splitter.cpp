#include "agent/audit/domain/line_splitter.hpp"

#include <algorithm>
#include <utility>

#include "agent/audit/domain/limits.hpp"

namespace gantry::audit {

void LineSplitter::feed(std::string_view bytes) {
    buffer_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
    buffer_.append(bytes);
}

std::optional<LineSplitter::Line> LineSplitter::next() {
    while (true) {
        const std::size_t end = buffer_.find('\n', std::max(at_, searched_));
        if (end == std::string::npos) {
            searched_ = buffer_.size();
            if (skipping_ || buffer_.size() - at_ > limits::line_bytes_max) {
                if (!std::exchange(skipping_, true)) ++too_long_;
                skipped_ += buffer_.size() - at_;
                at_ = buffer_.size();
            }
            return std::nullopt;
        }
        std::string_view text{buffer_.data() + at_, end - at_};
        const std::uint64_t bytes = text.size() + 1;
        at_ = searched_ = end + 1;
        if (std::exchange(skipping_, false)) {  // its beginning was counted
            skipped_ += bytes;
            continue;
        }
        if (text.size() > limits::line_bytes_max) {
            ++too_long_;
            skipped_ += bytes;
            continue;
        }
        if (text.ends_with('\r')) text.remove_suffix(1);
        return Line{text, bytes + std::exchange(skipped_, 0)};
    }
}

std::optional<LineSplitter::Line> LineSplitter::rest() {
    if (pending() == 0) return std::nullopt;
    Line line{std::string_view{buffer_}.substr(at_), pending()};
    at_ = searched_ = buffer_.size();
    skipped_ = 0;
    if (std::exchange(skipping_, false)) line.text = {};
    if (line.text.ends_with('\r')) line.text.remove_suffix(1);
    return line;
}

void LineSplitter::clear() {
    buffer_.clear();
    at_ = searched_ = 0;
    skipped_ = 0;
    skipping_ = false;
}

}  // namespace gantry::audit
