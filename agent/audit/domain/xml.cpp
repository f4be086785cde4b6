#include "agent/audit/domain/xml.hpp"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "agent/audit/domain/limits.hpp"
#include "agent/audit/domain/text.hpp"
#include "common/core/json.hpp"

namespace gantry::audit {
namespace {

std::string_view local_name(std::string_view name) {
    const auto colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free>;

class Walk {
public:
    Walk(XmlHandler& handler, const char* encoding) : handler_{handler}, parser_{XML_ParserCreate(encoding)} {
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), on_begin, on_end);
        XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
        XML_SetEntityDeclHandler(parser_.get(), on_entity);
    }

    Result<void> run(std::string_view document) {
        // The limit on a message keeps its size far below int's.
        const auto size = static_cast<int>(document.size());
        const bool well_formed = XML_Parse(parser_.get(), document.data(), size, 1) == XML_STATUS_OK;
        if (error_) return *error_;
        if (well_formed) return {};
        return Error{Errc::malformed,
                     fmt::format("XML: {} at line {}", XML_ErrorString(XML_GetErrorCode(parser_.get())),
                                 XML_GetCurrentLineNumber(parser_.get()))};
    }

private:
    static void on_begin(void* self, const char* element, const char** attributes) {
        static_cast<Walk*>(self)->begin(element, XmlAttributes{attributes});
    }
    static void on_end(void* self, const char*) { static_cast<Walk*>(self)->open_.pop_back(); }
    static void on_doctype(void* self, const char*, const char*, const char*, int) {
        static_cast<Walk*>(self)->stop({Errc::refused, "XML: got a document type, want none"});
    }
    static void on_entity(void* self, const char*, int, const char*, int, const char*, const char*, const char*,
                          const char*) {
        static_cast<Walk*>(self)->stop({Errc::refused, "XML: got an entity, want none"});
    }

    void stop(Error error) {
        if (!error_) error_ = std::move(error);
        XML_StopParser(parser_.get(), XML_FALSE);
    }

    void begin(const char* element, const XmlAttributes& attributes) {
        open_.emplace_back(local_name(element));
        if (error_) return;
        const std::size_t depth = open_.size();
        if (depth > limits::xml_depth_max)
            return stop({Errc::too_large,
                         fmt::format("XML: got elements {} deep, want at most {}", depth, limits::xml_depth_max)});
        if (++elements_ > limits::xml_elements_max)
            return stop({Errc::too_large, fmt::format("XML: want at most {} elements", limits::xml_elements_max)});
        if (const std::size_t count = attributes.count(); count > limits::xml_attributes_max)
            return stop({Errc::too_large, fmt::format("XML: got {} attributes in one element, want at most {}", count,
                                                      limits::xml_attributes_max)});
        // What stands inside a participant object may be long, and is not looked at.
        if (in_object()) return;
        if (const std::size_t size = attributes.longest_value(); size > limits::xml_value_bytes_max)
            return stop({Errc::too_large, fmt::format("XML: got a value of {} bytes, want at most {}", size,
                                                      limits::xml_value_bytes_max)});
        handler_.begin(open_.back(), depth > 1 ? open_[depth - 2] : std::string_view{}, depth, attributes);
    }

    bool in_object() const { return open_.size() >= 2 && open_[1] == "ParticipantObjectIdentification"; }

    XmlHandler& handler_;
    Parser parser_;
    std::vector<std::string> open_;
    std::size_t elements_ = 0;
    std::optional<Error> error_;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks{" \t\r\n\0", 5};
    const auto end = text.find_last_not_of(blanks);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

// The name in <?xml … encoding="…"?>; empty without one.
std::string_view declared_encoding(std::string_view document) {
    if (!document.starts_with("<?xml")) return {};
    const std::string_view head = document.substr(0, std::min<std::size_t>(document.find("?>"), 200));
    const auto key = head.find("encoding");
    if (key == std::string_view::npos) return {};
    const auto open = head.find_first_of("\"'", key);
    if (open == std::string_view::npos) return {};
    const auto close = head.find(head[open], open + 1);
    return close == std::string_view::npos ? std::string_view{} : head.substr(open + 1, close - open - 1);
}

bool is_utf16(std::string_view document) {
    return document.starts_with("\xFF\xFE") || document.starts_with("\xFE\xFF") ||
           document.starts_with(std::string_view{"\0<", 2}) || document.starts_with(std::string_view{"<\0", 2});
}

}  // namespace

std::string_view XmlAttributes::first(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
        for (const char* const* at = pairs_; *at != nullptr; at += 2)
            if (local_name(at[0]) == name) return at[1];
    }
    return {};
}

std::size_t XmlAttributes::count() const {
    std::size_t out = 0;
    while (pairs_[2 * out] != nullptr) ++out;
    return out;
}

std::size_t XmlAttributes::longest_value() const {
    std::size_t out = 0;
    for (const char* const* at = pairs_; *at != nullptr; at += 2) out = std::max(out, std::string_view{at[1]}.size());
    return out;
}

Result<void> walk_xml(std::string_view document, XmlHandler& handler) {
    if (document.size() > limits::message_bytes_max) {
        return Error{Errc::too_large,
                     fmt::format("XML: got {} bytes, want at most {}", document.size(), limits::message_bytes_max)};
    }
    if (is_utf16(document)) return Walk{handler, nullptr}.run(document);
    document = trimmed(document);
    const std::string_view declared = declared_encoding(document);
    const auto encoding = declared.empty() ? Encoding::utf8 : encoding_of(declared);
    if (!encoding)
        return Error{Errc::refused, "XML: got an encoding that is none of UTF-8, UTF-16, ISO-8859-1 and GB18030"};
    bool repaired = false;
    // Read byte for byte, so that two names stay two names whatever they were written in.
    const bool wrong = *encoding == Encoding::utf8 && !is_valid_utf8(document);
    return Walk{handler, "UTF-8"}.run(to_utf8(document, wrong ? Encoding::latin1 : *encoding, repaired));
}

}  // namespace gantry::audit
