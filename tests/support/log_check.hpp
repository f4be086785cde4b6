#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/gantry.hpp"

namespace gantry::testing {

// One stored record, read with plain SQLite and none of the product's reading code.
struct StoredRecord {
    std::uint64_t index = 0;  // in the log
    std::string device;
    std::string epoch;  // hex
    std::uint64_t seq = 0;
    std::string bytes;
};

// All records in log order, over a read-only connection. Throws when the file cannot be read.
std::vector<StoredRecord> read_records(const std::filesystem::path& database);
std::uint64_t count_records(const std::filesystem::path& database);
// Rules of the findings, open or not, with how often each.
std::map<std::string, std::uint64_t> read_findings(const std::filesystem::path& database);

// What is wrong with the log, in words; empty when nothing is:
// every promise is stored exactly once, at its epoch and seq, with the promised line in its bytes and the promised
// chain value; the records of each epoch stand in the log as 1, 2, 3 … without hole or double, and their chain is
// whole.
std::vector<std::string> faults_of_log(const std::filesystem::path& database, const std::vector<Promised>& promises);

// The text of the faults for a test's message: the first ten, and how many.
std::string summary(const std::vector<std::string>& faults);

}  // namespace gantry::testing
