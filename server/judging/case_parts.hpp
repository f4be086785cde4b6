#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/domain/rules/case.hpp"
#include "server/store/store_reader.hpp"

// The parts that a case is read from, for the readers of cases. Each puts what it reads into `out`.
namespace gantry::judging {

// The register's entry; a device that was never registered has none, and nothing is put.
void read_entry(const std::string& json, rules::DeviceCase& out);

// When the site's local time changed against UTC. A zone that this machine does not know gives none: local time is
// then unknown.
std::vector<rules::ZoneOffset> offsets_of(const std::string& tz, std::int64_t from_ms, std::int64_t to_ms);

void read_states(store::StoreReader& reader, store::DevNo dev_no, rules::DeviceCase& out);
void read_gaps(store::StoreReader& reader, store::DevNo dev_no, rules::DeviceCase& out);

}  // namespace gantry::judging
