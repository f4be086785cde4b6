#include "server/domain/paper/document_type.hpp"

#include <algorithm>

#include "common/core/json.hpp"
#include "server/domain/paper/xlsx_file.hpp"

namespace gantry::paper {
namespace {

struct Magic {
    std::string_view begins;
    DocumentType type;
};
constexpr Magic magics[] = {
    {"%PDF-", {"application/pdf", ".pdf"}},
    {"\x89PNG\r\n\x1a\n", {"image/png", ".png"}},
    {"\xff\xd8\xff", {"image/jpeg", ".jpg"}},
};

bool is_text(std::string_view text) {
    const auto is_control = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
    };
    return !text.empty() && is_valid_utf8(text) && std::ranges::none_of(text, is_control);
}

}  // namespace

std::optional<DocumentType> document_type(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    for (const Magic& magic : magics)
        if (text.starts_with(magic.begins)) return magic.type;
    if (is_xlsx(bytes))
        return DocumentType{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"};
    if (is_text(text)) return DocumentType{"text/plain", ".txt"};
    return std::nullopt;
}

}  // namespace gantry::paper
