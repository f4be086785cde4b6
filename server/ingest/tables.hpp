#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "server/domain/leaf_json.hpp"
#include "server/domain/lifecycle_table.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::ingest {

// A system fact: from this leaf on the table with this hash judges this modality. Its text is kept in the store, so a
// rebuild uses the tables of the time and not today's files.
inline constexpr std::string_view lifecycle_in_force = "lifecycle_in_force";

FactLeaf table_fact(const LifecycleTable& table, std::string_view toml);
std::string table_meta_key(std::string_view sha256_hex);

// The lifecycle tables in force, by modality.
class Tables {
public:
    // Reads what was in force at the last commit.
    void load(store::StoreWriter& store);
    // `fact` is a table_fact; the text is read from the store's meta. Needs an open transaction.
    Result<void> put_in_force(store::StoreWriter& store, const FactLeaf& fact);
    // The hash of the table in force; empty: none.
    std::string_view hash_of(std::string_view modality) const;

    // The device's table: of its modality, else CT's, else one that forbids nothing.
    const LifecycleTable& of(std::string_view modality) const;

private:
    Result<void> read(store::StoreWriter& store, const FactLeaf& fact);
    struct Entry {
        std::string sha256;
        std::shared_ptr<const LifecycleTable> table;
    };
    std::map<std::string, Entry, std::less<>> in_force_;  // by modality in lower case
};

}  // namespace gantry::ingest
