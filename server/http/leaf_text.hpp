#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/core/json.hpp"
#include "server/store/store_reader.hpp"

namespace gantry::http {

std::string_view kind_name(LeafType type);  // record, declaration, fact

// What any leaf says, whichever kind it is. Views into the leaf's bytes, except for `type`.
struct LeafText {
    std::string type;
    std::optional<std::int64_t> at_ms;
    std::optional<std::int64_t> t_ms;
    std::optional<std::string_view> src;
    std::string_view body;
};
LeafText text_of(const store::StoreReader::Leaf& leaf);

void write_optional_time(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& ms);

}  // namespace gantry::http
