#include "agent/dicom/dataset.hpp"

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <fmt/format.h>

#include <array>
#include <vector>

#include "agent/dicom/limits.hpp"

namespace gantry::dicom {
namespace {

constexpr std::uint32_t undefined_length = 0xffffffff;
constexpr std::string_view implicit_little_uid = "1.2.840.10008.1.2";
constexpr std::string_view explicit_little_uid = "1.2.840.10008.1.2.1";
constexpr std::string_view explicit_big_uid = "1.2.840.10008.1.2.2";

Error malformed(std::string message) { return {Errc::malformed, std::move(message)}; }

// Little- or big-endian integers at a place that the caller has checked.
struct Words {
    ByteView bytes;
    bool big = false;
    std::uint16_t u16(std::size_t at) const {
        return static_cast<std::uint16_t>(big ? bytes[at] << 8 | bytes[at + 1] : bytes[at + 1] << 8 | bytes[at]);
    }
    std::uint32_t u32(std::size_t at) const {
        const auto first = static_cast<std::uint32_t>(u16(at));
        const auto second = static_cast<std::uint32_t>(u16(at + 2));
        return big ? first << 16 | second : second << 16 | first;
    }
};

struct Element {
    std::uint16_t group = 0;
    std::uint16_t number = 0;
    std::array<char, 2> vr{};
    std::uint32_t length = 0;
    std::size_t header_bytes = 0;
    bool is(std::string_view name) const { return vr[0] == name[0] && vr[1] == name[1]; }
};

bool long_form(const Element& element) {
    for (const std::string_view vr : {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}) {
        if (element.is(vr)) return true;
    }
    return false;
}

bool short_form(const Element& element) {
    for (const std::string_view vr : {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO",
                                      "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"}) {
        if (element.is(vr)) return true;
    }
    return false;
}

// Walks the structure with a stack of its own, so depth costs no recursion.
class Structure {
public:
    Structure(ByteView bytes, bool implicit, bool big) : words_{bytes, big}, size_{bytes.size()} {
        frames_.push_back({Kind::items_of_dataset, size_, implicit});
    }

    Result<void> check() {
        while (true) {
            while (at_ == frames_.back().end) {
                frames_.pop_back();
                if (frames_.empty()) return {};
            }
            auto step = frames_.back().kind == Kind::sequence ? sequence_entry() : element();
            if (!step) return step;
            if (++elements_ > limits::elements_max) {
                return Error{Errc::too_large, fmt::format("data set: more than {} elements", limits::elements_max)};
            }
            if (frames_.size() > limits::nesting_max) {
                return Error{Errc::too_large, fmt::format("data set: nested more than {} deep", limits::nesting_max)};
            }
        }
    }

private:
    enum class Kind { items_of_dataset, sequence, item };
    static constexpr std::size_t open_end = static_cast<std::size_t>(-1);
    struct Frame {
        Kind kind;
        std::size_t end;  // open_end: until its delimiter
        bool implicit;
    };

    // The end of the nearest frame with a known one: nothing may reach beyond it.
    std::size_t bound() const {
        for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
            if (frame->end != open_end) return frame->end;
        }
        return size_;
    }

    Result<void> need(std::size_t bytes) const {
        if (bound() - at_ >= bytes) return {};
        return malformed(fmt::format("data set: truncated or inconsistent: got {} bytes at offset {}, want {}",
                                     bound() - at_, at_, bytes));
    }

    Result<void> open(Kind kind, std::uint32_t length, bool implicit) {
        if (length == undefined_length) {
            frames_.push_back({kind, open_end, implicit});
            return {};
        }
        if (auto enough = need(length); !enough) return enough;
        frames_.push_back({kind, at_ + length, implicit});
        return {};
    }

    Result<void> sequence_entry() {
        if (auto enough = need(8); !enough) return enough;
        const std::uint16_t group = words_.u16(at_);
        const std::uint16_t number = words_.u16(at_ + 2);
        const std::uint32_t length = words_.u32(at_ + 4);
        const Frame frame = frames_.back();
        at_ += 8;
        if (group == 0xfffe && number == 0xe000) return open(Kind::item, length, frame.implicit);
        if (group == 0xfffe && number == 0xe0dd && frame.end == open_end && length == 0) {
            frames_.pop_back();
            return {};
        }
        return malformed(
            fmt::format("data set: got ({:04x},{:04x}) at offset {}, want a sequence item", group, number, at_ - 8));
    }

    Result<void> element() {
        if (auto enough = need(8); !enough) return enough;
        const Frame frame = frames_.back();
        Element element{words_.u16(at_), words_.u16(at_ + 2), {}, 0, 8};
        if (element.group == 0xfffe) {
            if (element.number != 0xe00d || frame.kind != Kind::item || frame.end != open_end ||
                words_.u32(at_ + 4) != 0) {
                return malformed(fmt::format("data set: stray delimiter at offset {}", at_));
            }
            at_ += 8;
            frames_.pop_back();
            return {};
        }
        if (auto read = frame.implicit ? implicit_header(element) : explicit_header(element); !read) return read;
        at_ += element.header_bytes;
        if (element.is("SQ")) return open(Kind::sequence, element.length, frame.implicit);
        if (element.length == undefined_length) {
            if (!element.is("UN")) return malformed(fmt::format("data set: endless element at offset {}", at_));
            return open(Kind::sequence, element.length, true);  // PS3.5 6.2.2: such content is implicit VR
        }
        if (auto enough = need(element.length); !enough) return enough;
        at_ += element.length;
        return {};
    }

    Result<void> explicit_header(Element& element) {
        element.vr = {static_cast<char>(words_.bytes[at_ + 4]), static_cast<char>(words_.bytes[at_ + 5])};
        if (short_form(element)) {
            element.length = words_.u16(at_ + 6);
            return {};
        }
        if (!long_form(element))
            return malformed(fmt::format("data set: no known value representation at offset {}", at_ + 4));
        element.header_bytes = 12;
        if (auto enough = need(12); !enough) return enough;
        element.length = words_.u32(at_ + 8);
        return {};
    }

    Result<void> implicit_header(Element& element) {
        element.length = words_.u32(at_ + 4);
        const DcmTag tag{element.group, element.number};
        element.vr = {'U', 'N'};
        if (tag.getEVR() == EVR_SQ) element.vr = {'S', 'Q'};
        return {};
    }

    Words words_;
    std::size_t size_;
    std::size_t at_ = 0;
    std::size_t elements_ = 0;
    std::vector<Frame> frames_;
};

std::string trim_uid(std::string_view uid) {
    while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
    return std::string{uid};
}

Result<E_TransferSyntax> known_transfer_syntax(std::string_view uid) {
    if (uid == explicit_little_uid) return EXS_LittleEndianExplicit;
    if (uid == implicit_little_uid) return EXS_LittleEndianImplicit;
    if (uid == explicit_big_uid) return EXS_BigEndianExplicit;
    return malformed(
        "transfer syntax: got a compressed or unknown one, want an uncompressed one; not a CT dose report");
}

}  // namespace

void DatasetDeleter::operator()(DcmDataset* dataset) const { delete dataset; }

Result<FileHead> read_file_head(ByteView file) {
    constexpr std::size_t preamble_bytes = 128;
    if (file.size() > limits::object_bytes_max) {
        return Error{Errc::too_large,
                     fmt::format("file: got {} bytes, want at most {}", file.size(), limits::object_bytes_max)};
    }
    if (file.size() < preamble_bytes + 4 || as_text(file.subspan(preamble_bytes, 4)) != "DICM") {
        return malformed("file: no DICOM file head (no DICM at offset 128)");
    }
    const Words words{file};
    std::size_t at = preamble_bytes + 4;
    FileHead head;
    while (file.size() - at >= 8 && words.u16(at) == 2) {
        Element element{2, words.u16(at + 2), {static_cast<char>(file[at + 4]), static_cast<char>(file[at + 5])}, 0, 8};
        if (short_form(element)) {
            element.length = words.u16(at + 6);
        } else if (long_form(element) && file.size() - at >= 12) {
            element.header_bytes = 12;
            element.length = words.u32(at + 8);
        } else {
            return malformed(fmt::format("file head: broken element at offset {}", at));
        }
        at += element.header_bytes;
        if (file.size() - at < element.length) return malformed(fmt::format("file head: truncated at offset {}", at));
        if (element.number == 0x0010) head.transfer_syntax = trim_uid(as_text(file.subspan(at, element.length)));
        at += element.length;
    }
    if (head.transfer_syntax.empty()) return malformed("file head: no transfer syntax");
    head.dataset_at = at;
    return head;
}

Result<void> check_structure(ByteView dataset, std::string_view transfer_syntax) {
    if (dataset.size() > limits::object_bytes_max) {
        return Error{Errc::too_large,
                     fmt::format("data set: got {} bytes, want at most {}", dataset.size(), limits::object_bytes_max)};
    }
    const auto known = known_transfer_syntax(transfer_syntax);
    if (!known) return known.error();
    if (dataset.empty()) return malformed("data set: empty");
    return Structure{dataset, *known == EXS_LittleEndianImplicit, *known == EXS_BigEndianExplicit}.check();
}

Result<DatasetPtr> read_dataset(ByteView bytes, std::string_view transfer_syntax) {
    if (auto sound = check_structure(bytes, transfer_syntax); !sound) return sound.error();
    const auto known = known_transfer_syntax(transfer_syntax);
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    stream.setEos();
    DatasetPtr dataset{new DcmDataset};
    dataset->transferInit();
    const OFCondition read = dataset->read(stream, *known, EGL_noChange);
    dataset->transferEnd();
    if (read.bad()) return malformed(fmt::format("data set: DCMTK cannot read it: {}", read.text()));
    return dataset;
}

Result<DatasetPtr> read_file(ByteView file) {
    const auto head = read_file_head(file);
    if (!head) return head.error();
    return read_dataset(file.subspan(head->dataset_at), head->transfer_syntax);
}

}  // namespace gantry::dicom
