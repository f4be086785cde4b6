#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gantry::web {

/// One file of the page, as it lies in the program. All views live as long as the program.
struct Asset {
    std::string_view path;          ///< as requested, beginning with a slash: "/index.html", "/assets/main-….js"
    std::string_view content_type;  ///< for the Content-Type header, with its charset
    std::string_view etag;          ///< strong, quoted: the hash of `identity`
    std::span<const std::uint8_t> identity;
    std::span<const std::uint8_t> gzip;  ///< the same in gzip, empty when that is not smaller
    bool immutable;                      ///< the name holds the content's hash: may be cached for ever
};

/// Every file of the page, sorted by path.
std::span<const Asset> assets();

/// The file with this path, or nullptr.
const Asset* find_asset(std::string_view path);

}  // namespace gantry::web
