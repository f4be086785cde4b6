#pragma once

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmdata/dctk.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dicom/codes.hpp"
#include "agent/dicom/decimal.hpp"

// Reading a DICOM item by its tags. Real reports break the rules of the SR templates, so nothing here insists: what is
// missing or broken is absent. Only the parser's own files include this header.
namespace gantry::dicom {

// First value of a text element without padding; empty when absent. At most limits::text_bytes_max bytes.
std::string text_at(DcmItem& item, const DcmTagKey& tag);

// All values of an element, backslashes and all.
std::string values_at(DcmItem& item, const DcmTagKey& tag);

// Items of a sequence directly in this item.
std::vector<DcmItem*> items_at(DcmItem& item, const DcmTagKey& tag);

struct CodeText {
    std::string value;
    std::string scheme;
    Code view() const { return {value, scheme}; }
};
// First code of a code sequence; empty when absent.
CodeText code_at(DcmItem& item, const DcmTagKey& sequence);

// One content item of an SR tree; the root is the data set itself.
class ContentItem {
public:
    explicit ContentItem(DcmItem& item) : item_{&item} {}

    CodeText concept_name() const { return code_at(*item_, DCM_ConceptNameCodeSequence); }
    std::vector<ContentItem> children() const;
    // Children whose concept name has this DCM code value.
    std::vector<ContentItem> children(std::string_view concept_value) const;
    std::optional<ContentItem> child(std::string_view concept_value) const;

    CodeText code() const { return code_at(*item_, DCM_ConceptCodeSequence); }
    std::string text() const { return text_at(*item_, DCM_TextValue); }
    std::string uid() const { return text_at(*item_, DCM_UID); }
    std::string datetime() const { return text_at(*item_, DCM_DateTime); }

    // The measured value of child `concept_value`; nothing when it is absent or empty.
    std::optional<std::int64_t> number(std::string_view concept_value, Quantity quantity, std::int64_t max,
                                       Problems& problems) const;

private:
    DcmItem* item_;
};

}  // namespace gantry::dicom
