#pragma once

#include <cstddef>
#include <functional>

#include "server/store/store_reader.hpp"

namespace gantry::store {

// Readings that come every hour, and everything else.
enum class Moments : bool { rare, frequent };

// The newest `limit` rare leaves of a device, in order of the time that they are about. True: there are no older ones.
bool each_moment(StoreReader& reader, DevNo dev_no, Moments which, std::size_t limit,
                 const std::function<void(const MomentRow&)>& on_row);

}  // namespace gantry::store
