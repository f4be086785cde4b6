#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/core/bytes.hpp"

// Which documents are kept, told by their content and not by what somebody says they are.
namespace gantry::paper {

inline constexpr std::size_t document_bytes_max = std::size_t{16} * 1024 * 1024;  // a scanned report of 100 pages

struct DocumentType {
    std::string_view media_type;
    std::string_view extension;  // with its dot
};

// nullopt: none of PDF, PNG, JPEG, XLSX and text in UTF-8 without control characters (a CSV is text).
std::optional<DocumentType> document_type(ByteView bytes);

inline constexpr std::string_view documents_wanted = "want PDF, PNG, JPEG, XLSX, or text or CSV in UTF-8";

}  // namespace gantry::paper
