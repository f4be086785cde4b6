#include "agent/dicom/content_item.hpp"

#include "agent/dicom/limits.hpp"

namespace gantry::dicom {
namespace {

std::string trimmed(std::string text) {
    const auto padding = [](char c) { return c == ' ' || c == '\0'; };
    while (!text.empty() && padding(text.back())) text.pop_back();
    std::size_t start = 0;
    while (start < text.size() && padding(text[start])) ++start;
    text.erase(0, start);
    if (text.size() > limits::text_bytes_max) text.resize(limits::text_bytes_max);
    return text;
}

}  // namespace

std::string values_at(DcmItem& item, const DcmTagKey& tag) {
    OFString text;
    if (item.findAndGetOFStringArray(tag, text).bad()) return {};
    return trimmed(std::string{text.data(), text.size()});
}

std::string text_at(DcmItem& item, const DcmTagKey& tag) {
    OFString text;
    if (item.findAndGetOFString(tag, text).bad()) return {};
    return trimmed(std::string{text.data(), text.size()});
}

std::vector<DcmItem*> items_at(DcmItem& item, const DcmTagKey& tag) {
    std::vector<DcmItem*> out;
    DcmSequenceOfItems* sequence = nullptr;
    if (item.findAndGetSequence(tag, sequence).bad() || sequence == nullptr) return out;
    for (DcmObject* entry = sequence->nextInContainer(nullptr); entry != nullptr;
         entry = sequence->nextInContainer(entry)) {
        if (auto* found = dynamic_cast<DcmItem*>(entry)) out.push_back(found);
    }
    return out;
}

CodeText code_at(DcmItem& item, const DcmTagKey& sequence) {
    const std::vector<DcmItem*> codes = items_at(item, sequence);
    if (codes.empty()) return {};
    CodeText out{text_at(*codes.front(), DCM_CodeValue), text_at(*codes.front(), DCM_CodingSchemeDesignator)};
    if (out.value.empty()) out.value = text_at(*codes.front(), DCM_LongCodeValue);
    return out;
}

std::vector<ContentItem> ContentItem::children() const {
    std::vector<ContentItem> out;
    for (DcmItem* item : items_at(*item_, DCM_ContentSequence)) out.emplace_back(*item);
    return out;
}

std::vector<ContentItem> ContentItem::children(std::string_view concept_value) const {
    std::vector<ContentItem> out;
    for (const ContentItem& item : children()) {
        if (item.concept_name().value == concept_value) out.push_back(item);
    }
    return out;
}

std::optional<ContentItem> ContentItem::child(std::string_view concept_value) const {
    for (const ContentItem& item : children()) {
        if (item.concept_name().value == concept_value) return item;
    }
    return std::nullopt;
}

std::optional<std::int64_t> ContentItem::number(std::string_view concept_value, Quantity quantity, std::int64_t max,
                                                Problems& problems) const {
    const auto found = child(concept_value);
    if (!found) return std::nullopt;
    const auto values = items_at(*found->item_, DCM_MeasuredValueSequence);
    if (values.empty()) return std::nullopt;
    const std::string value = text_at(*values.front(), DCM_NumericValue);
    const CodeText unit = code_at(*values.front(), DCM_MeasurementUnitsCodeSequence);
    return scaled(quantity, value, unit.value, max, problems);
}

}  // namespace gantry::dicom
