#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/core/schema.hpp"
#include "server/http/commands.hpp"
#include "server/http/params.hpp"
#include "server/store/document_folder.hpp"
#include "server/store/store_reader.hpp"

// A document from its bytes to its paper; the same for HTTP and the command line.
namespace gantry::http {

struct DocumentOrder {
    std::string_view bytes;
    std::string device{}, kind{};         // both or none; none: kept, and quoted by whoever needs it
    std::string title{};                  // empty: none
    std::optional<std::int64_t> at_ms{};  // date of the document; none: that of the filing
    std::string actor{};
    Role role = Role::hm;
    std::string reason{};
};

struct KeptDocument {
    std::string sha256;
    std::size_t size = 0;
    std::string_view media_type;
    std::optional<std::uint64_t> log_index;  // of its paper
    std::string paper;                       // its id
    bool is_new = true;                      // false: kept and on file before
};
std::string kept_document_json(const KeptDocument& kept);

// Waits for disk and commit, so it must run where waiting is allowed. The same bytes for the same device and kind are
// filed once; another title or date files it anew.
Checked<KeptDocument> keep_document(store::StoreReader& reader, store::DocumentFolder& folder, Commands& commands,
                                    const Schema& papers, const DocumentOrder& order, std::int64_t now_ms,
                                    std::chrono::milliseconds commit_wait);

// One declaration, waiting for what becomes of it; Errc::unavailable when that takes too long.
CommandResult declare_and_wait(Commands& commands, Declaration declaration, std::chrono::milliseconds commit_wait);

}  // namespace gantry::http
