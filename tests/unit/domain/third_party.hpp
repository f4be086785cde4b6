#pragma once

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/bytes.hpp"

// Test vectors of other projects lie beside the source tree, not in it. Where they are absent the case says so and
// ends.
inline std::optional<boost::json::value> third_party(std::string_view path) {
    const auto file = std::filesystem::path{GANTRY_SOURCE_DIR} / ".." / "shared" / "data" / path;
    std::ifstream in{file, std::ios::binary};
    if (!in) {
        std::printf("skipped: no third-party data %s\n", std::string{path}.c_str());
        return std::nullopt;
    }
    return boost::json::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
}

inline std::string text_of(const boost::json::value& value) { return std::string{std::string_view{value.as_string()}}; }

inline gantry::Bytes unhex(std::string_view text) {
    gantry::Bytes out(text.size() / 2);
    gantry::from_hex(text, out).value();
    return out;
}
