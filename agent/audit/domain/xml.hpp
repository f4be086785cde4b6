#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "common/core/result.hpp"

// A walk over the elements of one XML document from outside. Pure; expat inside, with everything switched off that
// could make a small document large or reach another: no document type, no entity but the five of XML.
namespace gantry::audit {

// Names without their namespace prefix; valid during the call that gets them.
class XmlAttributes {
public:
    explicit XmlAttributes(const char* const* pairs) : pairs_{pairs} {}

    // The value of the first of these names that is there; empty when none is.
    std::string_view first(std::initializer_list<std::string_view> names) const;
    std::size_t count() const;
    std::size_t longest_value() const;

private:
    const char* const* pairs_;  // name, value, name, value …, null
};

class XmlHandler {
public:
    virtual ~XmlHandler() = default;
    // `depth` is 1 for the root, whose parent is empty.
    virtual void begin(std::string_view element, std::string_view parent, std::size_t depth,
                       const XmlAttributes& attributes) = 0;
};

// Calls the handler for each element, in order. Errors as read_audit_message() has them; after one, what the handler
// got counts for nothing.
Result<void> walk_xml(std::string_view document, XmlHandler& handler);

}  // namespace gantry::audit
