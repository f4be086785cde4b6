#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "common/core/result.hpp"

// Reads the small tables of this room. Only for their .cpp files: the library behind it is large. A mistake is thrown
// and caught by read_table, which alone makes "file:line: reason".
namespace gantry::paper::table_reader {

struct Mistake {
    std::string reason;
    toml::source_index line = 0;
};

[[noreturn]] inline void fail(const toml::node& node, std::string reason) {
    throw Mistake{std::move(reason), node.source().begin.line};
}

inline void only_keys(const toml::table& table, std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, node] : table) {
        if (std::ranges::find(allowed, key.str()) == allowed.end())
            throw Mistake{fmt::format("unknown key '{}'", key.str()), key.source().begin.line};
    }
}

// None when the key is absent; any other kind of value is a mistake.
template <class T>
std::optional<T> maybe(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node) return std::nullopt;
    auto value = node->value_exact<T>();
    if (!value) fail(*node, fmt::format("'{}': got a value of another kind", key));
    return value;
}

inline std::string want_text(const toml::table& table, std::string_view key) {
    auto value = maybe<std::string>(table, key);
    if (!value || value->empty()) fail(table, fmt::format("'{}': got none, want a text", key));
    return std::move(*value);
}

inline std::vector<std::string> texts(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node) return {};
    if (!node->is_array()) fail(*node, fmt::format("'{}': want a list of texts", key));
    std::vector<std::string> out;
    for (const toml::node& item : *node->as_array()) {
        const auto value = item.value_exact<std::string>();
        if (!value || value->empty()) fail(item, fmt::format("'{}': want texts", key));
        out.push_back(*value);
    }
    return out;
}

// Calls `read` for each [[key]]; at least one, at most `rows_max`.
template <class Read>
void each_row(const toml::table& table, std::string_view key, std::size_t rows_max, Read read) {
    const toml::node* rows = table.get(key);
    if (!rows || !rows->is_array()) fail(table, fmt::format("want rows [[{}]]", key));
    const toml::array& list = *rows->as_array();
    if (list.size() > rows_max) fail(*rows, fmt::format("got {} rows, want at most {}", list.size(), rows_max));
    for (const toml::node& row : list) {
        if (!row.is_table()) fail(row, fmt::format("want rows [[{}]]", key));
        read(*row.as_table());
    }
}

template <class Read>
Result<void> read_table(std::string_view text, std::string_view file_name, Read read) {
    try {
        read(toml::parse(text, file_name));
    } catch (const toml::parse_error& error) {
        return Error{Errc::malformed,
                     fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description())};
    } catch (const Mistake& mistake) {
        return Error{Errc::schema, fmt::format("{}:{}: {}", file_name, mistake.line, mistake.reason)};
    }
    return {};
}

}  // namespace gantry::paper::table_reader
