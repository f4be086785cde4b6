#include "server/ingest/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/core/crypto.hpp"

namespace gantry::ingest {
namespace {

constexpr std::string_view in_force_prefix = "lifecycle_in_force.";

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

std::string text_of(const FactLeaf& fact, std::string_view key) {
    const auto found = fact.more.find(key);
    const auto* text = found == fact.more.end() ? nullptr : std::get_if<std::string>(&found->second);
    return text ? *text : std::string{};
}

}  // namespace

FactLeaf table_fact(const LifecycleTable& table, std::string_view toml) {
    FactLeaf fact{.fact = std::string{lifecycle_in_force}, .subject = {}, .more = {}};
    fact.more["modality"] = table.modality();
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
    in_force_[lower(text_of(fact, "modality"))] = {sha256_hex,
                                                   std::make_shared<const LifecycleTable>(std::move(*parsed))};
    return {};
}

void Tables::load(store::StoreWriter& store) {
    in_force_.clear();
    std::vector<std::string> stored;
    store.each_meta(in_force_prefix, [&](std::string_view, std::string_view json) { stored.emplace_back(json); });
    for (const std::string& json : stored) read(store, parse_fact_leaf(json).value()).value();
}

Result<void> Tables::put_in_force(store::StoreWriter& store, const FactLeaf& fact) {
    if (auto done = read(store, fact); !done) return done;
    store.put_meta(fmt::format("{}{}", in_force_prefix, lower(text_of(fact, "modality"))), fact_leaf_json(fact));
    return {};
}

std::string_view Tables::hash_of(std::string_view modality) const {
    const auto found = in_force_.find(lower(modality));
    return found == in_force_.end() ? std::string_view{} : std::string_view{found->second.sha256};
}

const LifecycleTable& Tables::of(std::string_view modality) const {
    static const LifecycleTable nothing;
    auto found = in_force_.find(lower(modality));
    if (found == in_force_.end()) found = in_force_.find("ct");
    return found == in_force_.end() ? nothing : *found->second.table;
}

}  // namespace gantry::ingest
