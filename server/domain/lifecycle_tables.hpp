#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/lifecycle_table.hpp"

namespace gantry {

// The lifecycle tables of all modalities, each with its versions: the newest judges now, an older one what took effect
// while it held.
class LifecycleTables {
public:
    // A table of the same modality and version takes the place of the one before.
    void put(LifecycleTable table);

    // Of the modality, else CT's, else one that forbids nothing; the newest, with those before it behind it
    // (LifecycleTable::at). Lives as long as the tables are not changed.
    const LifecycleTable& of(std::string_view modality) const;
    const LifecycleTable* find(std::string_view modality, std::int64_t version) const;
    bool empty() const { return by_key_.empty(); }
    std::vector<const LifecycleTable*> all() const;  // by modality and version

private:
    struct Entry {
        std::map<std::int64_t, LifecycleTable> versions;
        std::shared_ptr<const LifecycleTable> newest;
    };
    std::map<std::string, Entry, std::less<>> by_key_;  // by table_key
};

}  // namespace gantry
