#pragma once

#include <fmt/format.h>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How the lifecycle tables read TOML: each function gives the value or fails with the line. For lifecycle_table*.cpp.
namespace gantry::lifecycle_toml {

// Thrown and caught by the loader only: one place makes "file:line: reason".
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

inline std::string want_string(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) fail(*node, fmt::format("'{}': want a text", key));
    return *value;
}

inline std::string string_or_empty(const toml::table& table, std::string_view key) {
    return table.contains(key) ? want_string(table, key) : std::string{};
}

inline std::int64_t want_integer(const toml::table& table, std::string_view key, std::int64_t low, std::int64_t high) {
    const toml::node* node = table.get(key);
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < low || *value > high)
        fail(*node, fmt::format("'{}': want a whole number from {} to {}", key, low, high));
    return *value;
}

inline bool want_bool(const toml::table& table, std::string_view key, std::optional<bool> fallback) {
    const toml::node* node = table.get(key);
    if (!node && fallback) return *fallback;
    if (!node) fail(table, fmt::format("'{}' is missing", key));
    const auto value = node->value_exact<bool>();
    if (!value) fail(*node, fmt::format("'{}': want true or false", key));
    return *value;
}

inline const toml::table& want_table(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (!node || !node->is_table()) fail(table, fmt::format("want a table [{}]", key));
    return *node->as_table();
}

inline std::vector<std::string> string_list(const toml::table& table, std::string_view key, bool required) {
    const toml::node* node = table.get(key);
    if (!node && !required) return {};
    if (!node || !node->is_array()) fail(node ? *node : table, fmt::format("'{}': want a list of texts", key));
    std::vector<std::string> out;
    for (const toml::node& item : *node->as_array()) {
        const auto value = item.value_exact<std::string>();
        if (!value || value->empty()) fail(item, fmt::format("'{}': want texts", key));
        if (std::ranges::find(out, *value) != out.end())
            fail(item, fmt::format("'{}': '{}' stands twice", key, *value));
        out.push_back(*value);
    }
    return out;
}

template <class Enum>
struct Word {
    std::string_view text;
    Enum value;
};

template <class Enum, std::size_t N>
Enum want_word(const toml::table& table, std::string_view key, const Word<Enum> (&words)[N]) {
    const std::string text = want_string(table, key);
    std::string allowed;
    for (const Word<Enum>& word : words) {
        if (word.text == text) return word.value;
        allowed += (allowed.empty() ? "" : ", ") + std::string{word.text};
    }
    fail(*table.get(key), fmt::format("'{}': got '{}', want one of: {}", key, text, allowed));
}

}  // namespace gantry::lifecycle_toml
