#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace gantry {

// One tag for each kind of id, so that a DeviceId can never be passed as a SiteId. `parse` is the only way in: an id
// that exists is valid, and is safe in a topic, a path and a certificate name.
template <class Tag>
class Id {
public:
    static constexpr std::size_t length_max = 64;

    // [a-z0-9-]{1,64}, not starting with '-'.
    static Result<Id> parse(std::string_view text) {
        if (text.empty() || text.size() > length_max)
            return Error{Errc::malformed, "id: got " + std::to_string(text.size()) + " characters, want 1 to " +
                                              std::to_string(length_max)};
        for (const char c : text) {
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
                return Error{Errc::malformed, "id: want only a-z, 0-9 and '-'"};
        }
        if (text.front() == '-') return Error{Errc::malformed, "id: must not start with '-'"};
        return Id{std::string{text}};
    }
    const std::string& text() const noexcept { return text_; }
    auto operator<=>(const Id&) const = default;

private:
    explicit Id(std::string text) : text_{std::move(text)} {}
    std::string text_;
};

using DeviceId = Id<struct DeviceTag>;
using SiteId = Id<struct SiteTag>;
using CollectorId = Id<struct CollectorTag>;

}  // namespace gantry

template <class Tag>
struct std::hash<gantry::Id<Tag>> {
    std::size_t operator()(const gantry::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
