#pragma once

#include <string>
#include <string_view>

namespace gantry::dicom {

// A text of a DICOM object as valid UTF-8. `charset` is the object's Specific Character Set (0008,0005), possibly
// several values. `repaired` is set when the bytes are not what was declared (UTF-8 under ISO_IR 100, Latin-1 with none
// declared, broken bytes).
std::string decode_text(std::string_view bytes, std::string_view charset, bool& repaired);

// What the schema's kind `token` allows: other characters become '_', outer spaces go, at most `size_max` characters
// stay. `repaired` is set when something other than outer spaces had to change.
std::string to_token(std::string_view utf8, std::size_t size_max, bool& repaired);

bool valid_utf8(std::string_view text);

}  // namespace gantry::dicom
