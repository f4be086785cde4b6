#pragma once

#include <cstddef>
#include <functional>

#include "server/store/store_reader.hpp"

namespace gantry::store {

// The newest `limit` rare leaves of a device, in order of the time that they are about.
void each_moment(StoreReader& reader, DevNo dev_no, std::size_t limit,
                 const std::function<void(const MomentRow&)>& on_row);

}  // namespace gantry::store
