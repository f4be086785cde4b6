#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::audit {

// Cuts a stream of bytes into lines (ending in \n or \r\n) and says how many bytes each took. Pure. A line longer than
// limits::line_bytes_max is skipped to its end, without being kept, and counted.
class LineSplitter {
public:
    struct Line {
        std::string_view text;    // valid until the next call of feed() or clear()
        std::uint64_t bytes = 0;  // it took, with its end and with what was skipped before it
    };

    void feed(std::string_view bytes);
    // The next whole line; nothing while its end is not there.
    std::optional<Line> next();
    // What stands there without an end, as the last line. Nothing when there is none.
    std::optional<Line> rest();
    void clear();

    // Bytes that were fed and belong to no line yet.
    std::uint64_t pending() const { return skipped_ + (buffer_.size() - at_); }
    std::uint64_t too_long() const { return too_long_; }

private:
    std::string buffer_;
    std::size_t at_ = 0;         // begin of what was not returned
    std::size_t searched_ = 0;   // no end of line before this
    std::uint64_t skipped_ = 0;  // bytes of too long lines since the last line
    bool skipping_ = false;
    std::uint64_t too_long_ = 0;
};

}  // namespace gantry::audit
