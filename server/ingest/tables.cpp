#include "server/ingest/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/crypto.hpp"

namespace gantry::ingest {
namespace {

std::string text_of(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : std::string{};
}

std::string place_of(const LifecycleTable& table) {
    return fmt::format("{}/{}", table_key(table.modality()), table.version());
}

}  // namespace

FactLeaf table_fact(const LifecycleTable& table, std::string_view toml) {
    FactLeaf fact{.fact = std::string{lifecycle_in_force}, .subject = {}, .more = {}};
    fact.more["modality"] = table.modality();
    fact.more["valid_from"] = table.valid_from();
    fact.more["version"] = table.version();
    fact.more["sha256"] = to_hex(sha256(as_bytes(toml)));
    return fact;
}

std::string table_meta_key(std::string_view sha256_hex) { return fmt::format("lifecycle.{}", sha256_hex); }

Result<void> Tables::read(store::StoreWriter& store, const FactLeaf& fact) {
    const std::string sha256_hex = text_of(fact, "sha256");
    const auto toml = store.meta(table_meta_key(sha256_hex));
    if (!toml)
        return Error{Errc::not_found, fmt::format("lifecycle table {}: its text is not in the store", sha256_hex)};
    auto parsed = LifecycleTable::parse(*toml, "lifecycle table in the store");
    if (!parsed) return parsed.error();
    hash_of_[place_of(*parsed)] = sha256_hex;
    tables_.put(std::move(*parsed));
    return {};
}

void Tables::load(store::StoreWriter& store) {
    tables_ = {};
    hash_of_.clear();
    std::vector<std::string> stored;
    store.each_meta(in_force_prefix, [&](std::string_view, std::string_view json) { stored.emplace_back(json); });
    for (const std::string& json : stored) read(store, parse_fact_leaf(json).value()).value();
}

Result<void> Tables::put_in_force(store::StoreWriter& store, const FactLeaf& fact) {
    if (auto done = read(store, fact); !done) return done;
    const auto version = fact.more.find("version");
    const auto* number = version == fact.more.end() ? nullptr : std::get_if<std::int64_t>(&version->second);
    store.put_meta(fmt::format("{}{}/{}", in_force_prefix, table_key(text_of(fact, "modality")), number ? *number : 0),
                   fact_leaf_json(fact));
    return {};
}

bool Tables::holds(const LifecycleTable& table, std::string_view sha256_hex) const {
    const auto found = hash_of_.find(place_of(table));
    return found != hash_of_.end() && found->second == sha256_hex;
}

LifecycleTables tables_in_force(store::StoreReader& reader) {
    LifecycleTables out;
    reader.each_meta(in_force_prefix, [&](std::string_view, std::string_view json) {
        const auto toml = reader.meta(table_meta_key(text_of(parse_fact_leaf(json).value(), "sha256")));
        if (toml) out.put(LifecycleTable::parse(*toml, "lifecycle table in the store").value());
    });
    return out;
}

}  // namespace gantry::ingest
