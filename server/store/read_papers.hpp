#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/domain/paper/paper_subjects.hpp"
#include "server/store/store_reader.hpp"

// Reads of the papers that people filed.
namespace gantry::store {

// More papers about one device than this are not read; a device with daily tests for fifteen years has about 6,000.
inline constexpr std::size_t papers_of_device_max = 20'000;

// The papers in force that concern any of `subjects`, each once, by kind and id.
std::vector<PaperRow> papers_about(StoreReader& reader, std::span<const paper::Subject> subjects);

// All that is on file about a device: what names it, its organisation or its site, what concerns everybody, and what
// those papers quote (test bodies, instruments, people).
std::vector<PaperRow> papers_of_device(StoreReader& reader, const std::string& device, const std::string& org,
                                       const std::string& site);
// The same on any connection, with what concerns `more` besides; for the writer, who must see what is not committed.
std::vector<PaperRow> papers_of_device(sql::Database& db, const std::string& device, const std::string& org,
                                       const std::string& site, std::span<const paper::Subject> more);

// The papers in force after (kind, id) in that order; empty `kind`: of all kinds.
std::vector<PaperRow> papers_page(StoreReader& reader, const std::string& kind, const std::string& after_kind,
                                  const std::string& after_id, std::size_t limit);

// Filings and withdrawals at log index >= first, in log order.
std::vector<PaperRow> papers_after(StoreReader& reader, std::uint64_t first, std::size_t limit);

// Log index of the newest filing or withdrawal; 0: there is none.
std::uint64_t newest_paper(StoreReader& reader);

// Every version of one paper, newest first, withdrawals too.
std::vector<PaperRow> paper_versions(StoreReader& reader, const std::string& kind, const std::string& id,
                                     std::size_t limit);

}  // namespace gantry::store
