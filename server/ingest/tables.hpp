#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "server/domain/leaf_json.hpp"
#include "server/domain/lifecycle_tables.hpp"
#include "server/store/store_reader.hpp"
#include "server/store/store_writer.hpp"

namespace gantry::ingest {

// A system fact: from this leaf on the table with this hash judges this modality. Its text is kept in the store, so a
// rebuild uses the tables of the time and not today's files.
inline constexpr std::string_view lifecycle_in_force = "lifecycle_in_force";

FactLeaf table_fact(const LifecycleTable& table, std::string_view toml);
std::string table_meta_key(std::string_view sha256_hex);

// The meta keys under which the facts of all tables in force are kept begin so.
inline constexpr std::string_view in_force_prefix = "lifecycle_in_force.";

// The lifecycle tables in force: those whose facts are in the log.
class Tables {
public:
    // Reads what was in force at the last commit.
    void load(store::StoreWriter& store);
    // `fact` is a table_fact; the text is read from the store's meta. Needs an open transaction.
    Result<void> put_in_force(store::StoreWriter& store, const FactLeaf& fact);
    // Whether this very text is in force as this version.
    bool holds(const LifecycleTable& table, std::string_view sha256_hex) const;

    const LifecycleTable& of(std::string_view modality) const { return tables_.of(modality); }

private:
    Result<void> read(store::StoreWriter& store, const FactLeaf& fact);
    LifecycleTables tables_;
    std::map<std::string, std::string, std::less<>> hash_of_;  // table_key/version -> sha256
};

// The same tables, for those who only read.
LifecycleTables tables_in_force(store::StoreReader& reader);

}  // namespace gantry::ingest
