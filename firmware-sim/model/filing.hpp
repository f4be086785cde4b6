#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::sim {

/// How a paper's times are written: as text for people's routes (RFC 3339), or as UTC milliseconds for the store.
enum class TimeForm { text, milliseconds };

/// The members of a paper's body in the order they were added; config/schema/papers.toml says which there are.
class PaperBody {
public:
    PaperBody& text(std::string_view key, std::string_view value);
    PaperBody& number(std::string_view key, std::int64_t value);
    PaperBody& flag(std::string_view key, bool value);
    /// 0 is left out: no such date.
    PaperBody& when(std::string_view key, std::int64_t at_ms);
    PaperBody& texts(std::string_view key, const std::vector<std::string>& values);
    PaperBody& list(std::string_view key, std::vector<PaperBody> items);

    std::string json(TimeForm form) const;

private:
    struct Member {
        std::string key;
        std::string raw;  ///< Ready JSON, when it is neither a time nor a list.
        std::int64_t at_ms = 0;
        std::vector<PaperBody> items;
        enum class Kind { raw, time, list } kind = Kind::raw;
    };
    PaperBody& add(std::string_view key, std::string raw);
    std::vector<Member> members_;
};

/// One paper as a person files it. A later filing of the same kind and id takes its place.
struct Filing {
    std::string kind;
    std::string id;
    PaperBody body;
};

}  // namespace gantry::sim
