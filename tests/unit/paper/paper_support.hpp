#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "common/core/schema.hpp"
#include "server/domain/paper/paper_read.hpp"

inline std::string source_text(std::string_view path) {
    std::ifstream in{std::filesystem::path{GANTRY_SOURCE_DIR} / path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

// The shipped list of what a paper may carry.
inline const gantry::Schema& paper_schema() {
    static const gantry::Schema schema = gantry::Schema::parse(source_text("config/schema/papers.toml")).value();
    return schema;
}

// A paper as it comes from the log; the body must be what the schema allows.
inline gantry::paper::Paper paper_of(std::string_view kind, std::string_view id, std::string_view body,
                                     std::uint64_t leaf = 1) {
    paper_schema().check(kind, body).value();
    return gantry::paper::read_paper({std::string{id}, leaf, 1'000}, kind, body).value();
}

inline constexpr std::int64_t day_ms = 86'400'000;
