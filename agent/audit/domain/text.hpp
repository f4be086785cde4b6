#pragma once

#include <optional>
#include <string>
#include <string_view>

// Bytes of scanners and their logs as UTF-8. Pure.
namespace gantry::audit {

enum class Encoding { utf8, latin1, gb18030 };

// "utf-8", "latin1" or "iso-8859-1", "gbk", "gb2312" or "gb18030", in any case. GB 18030 holds the other two.
std::optional<Encoding> encoding_of(std::string_view name);

// Always valid UTF-8. A byte that the encoding does not have becomes U+FFFD and sets `repaired`.
std::string to_utf8(std::string_view bytes, Encoding encoding, bool& repaired);

// What the schema's kind `token` allows: 1 to size_max characters of A-Z a-z 0-9 space . _ / + : # ( ) -, no space
// outside.
bool is_token(std::string_view text, std::size_t size_max);

}  // namespace gantry::audit
