#pragma once

#include <atomic>
#include <memory>

#include "server/domain/lifecycle_tables.hpp"

namespace gantry::http {

// The lifecycle tables that answers quote. Whoever reloads them puts others; an answer keeps those that it began with.
class LifecycleShelf {
public:
    void put(LifecycleTables tables) { tables_ = std::make_shared<const LifecycleTables>(std::move(tables)); }
    std::shared_ptr<const LifecycleTables> get() const { return tables_; }

private:
    std::atomic<std::shared_ptr<const LifecycleTables>> tables_{std::make_shared<const LifecycleTables>()};
};

}  // namespace gantry::http
