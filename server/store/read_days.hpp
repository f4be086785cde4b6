#pragma once

#include <cstdint>
#include <vector>

#include "server/store/store_reader.hpp"

// Reads for figures over long times.
namespace gantry::store {

// The day rows of a device with from <= day < to, in order.
std::vector<DayRow> days(StoreReader& reader, DevNo dev_no, std::int64_t from_ms, std::int64_t to_ms);

// Up to here every day of the device has its row; later ones have hours only. 0: none has.
std::int64_t days_over_ms(StoreReader& reader, DevNo dev_no);

// Declarations of a device about its faults, works and places, oldest first.
std::vector<MomentRow> declared_works(StoreReader& reader, DevNo dev_no);

}  // namespace gantry::store
