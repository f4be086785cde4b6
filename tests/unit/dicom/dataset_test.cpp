#include "agent/dicom/dataset.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <random>

#include "agent/dicom/limits.hpp"
#include "tests/unit/dicom/dose_report_builder.hpp"
#include "tests/unit/dicom/fixture.hpp"

using namespace gantry;
using namespace gantry::dicom;
using namespace gantry::dicom::testing;

namespace {

std::vector<std::string> lines_of(const Bench& bench, ByteView file) {
    const auto report = bench.parse(file);
    if (!report) return {};
    std::vector<std::string> out;
    for (const Exposure& exposure : report->exposures)
        out.push_back(exposure_observation(*report, exposure, std::nullopt).line);
    out.push_back(dose_observation(*report, report->exposures.size(), std::nullopt).line);
    out.push_back(identity_body(report->device, "", report->problems));
    return out;
}

// Every prefix is refused, or ends after the whole content: then it says exactly what the whole file says.
void check_prefixes(const Bench& bench, ByteView file) {
    const auto whole = lines_of(bench, file);
    REQUIRE_FALSE(whole.empty());
    int partial = 0;
    for (std::size_t size = 0; size < file.size(); ++size) {
        const auto report = bench.parse(file.first(size));
        if (!report) {
            if (report.error().message.empty()) ++partial;
        } else if (lines_of(bench, file.first(size)) != whole) {
            ++partial;
        }
    }
    CHECK(partial == 0);
}

FakeReport two_events() {
    FakeReport report;
    report.acquisitions = {scout("1.2.3.1"), acquisition("1.2.3.2")};
    report.acquisitions.back().tubes.push_back({"B", "80", "400", "500", "0.28"});
    report.acquisitions.back().alert = true;
    return report;
}

Bytes hex(std::string_view text) {
    Bytes out(text.size() / 2);
    REQUIRE(from_hex(text, out).has_value());
    return out;
}

}  // namespace

TEST_CASE("dataset: every encoding of a report reads the same") {
    const Bench bench;
    const auto want = lines_of(bench, dicom_file(two_events()));
    REQUIRE(want.size() == 4);
    for (const Syntax syntax : {Syntax::explicit_little, Syntax::implicit_little, Syntax::explicit_big}) {
        for (const bool undefined : {false, true})
            CHECK(lines_of(bench, dicom_file(two_events(), syntax, undefined)) == want);
    }
}

TEST_CASE("dataset: no prefix of a report gives a part of it") {
    const Bench bench;
    check_prefixes(bench, dicom_file(two_events(), Syntax::explicit_little));
    FakeReport small;  // the other encodings differ in their structure, not in their content
    small.acquisitions = {scout("1.2.3.1")};
    check_prefixes(bench, dicom_file(small, Syntax::implicit_little, true));
    check_prefixes(bench, dicom_file(small, Syntax::explicit_big, true));
}

TEST_CASE("dataset: no prefix of a real report gives a part of it") {
    const std::string path = GANTRY_SOURCE_DIR "/../shared/data/rdsr/CT-RDSR-Siemens-Multi-1.dcm";
    if (!std::filesystem::exists(path)) {
        std::cout << "skipped: no real reports beside the source tree\n";
        return;
    }
    const Bench bench;
    check_prefixes(bench, as_bytes(read_text(path)));
}

TEST_CASE("dataset: flipped bytes end in an error or in lines that the schema allows") {
    const Bench bench;
    std::mt19937 random{20261122};
    int readable = 0;
    int broken_lines = 0;
    for (const bool undefined : {false, true}) {
        const Bytes good =
            dicom_file(two_events(), undefined ? Syntax::implicit_little : Syntax::explicit_little, undefined);
        for (int round = 0; round < 1500; ++round) {
            Bytes bad = good;
            for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
                bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
            }
            const auto report = bench.parse(bad);
            if (!report) continue;
            ++readable;
            for (const Exposure& exposure : report->exposures) {
                const std::string line = exposure_observation(*report, exposure, std::nullopt).line;
                const auto body = line.find("\"body\":") + 7;
                if (!schema().check("usage.exposure", std::string_view{line}.substr(body, line.size() - body - 1)))
                    ++broken_lines;
            }
        }
    }
    CHECK(readable > 100);  // otherwise the flips never reach the content
    CHECK(broken_lines == 0);
}

TEST_CASE("dataset: structures that would exhaust a parser are refused before it sees them") {
    constexpr std::string_view implicit = "1.2.840.10008.1.2";
    constexpr std::string_view explicit_little = "1.2.840.10008.1.2.1";
    // Content sequences of undefined length inside each other, as cheap as 16 bytes a level.
    Bytes deep;
    for (int level = 0; level < 100'000; ++level) {
        const Bytes open = hex("400030a7fffffffffeff00e0ffffffff");
        deep.insert(deep.end(), open.begin(), open.end());
    }
    const auto nested = check_structure(deep, implicit);
    REQUIRE_FALSE(nested.has_value());
    CHECK(nested.error().code == Errc::too_large);

    Bytes many;
    for (std::size_t at = 0; at <= dicom::limits::elements_max; ++at) {
        const Bytes empty = hex("0800600043530000");
        many.insert(many.end(), empty.begin(), empty.end());
    }
    const auto elements = check_structure(many, explicit_little);
    REQUIRE_FALSE(elements.has_value());
    CHECK(elements.error().code == Errc::too_large);

    const Bytes huge(dicom::limits::object_bytes_max + 1);
    CHECK(check_structure(huge, implicit).error().code == Errc::too_large);
    CHECK(read_file(huge).error().code == Errc::too_large);

    struct Row {
        std::string_view why;
        std::string_view bytes;
    };
    for (const Row& row : {
             Row{"nothing at all", ""},
             Row{"half a header", "08006000"},
             Row{"a length beyond the end", "080060004353ff7f4142"},
             Row{"a length of almost 4 GiB", "08006000554e0000feffffff"},
             Row{"an endless string", "080060004f420000ffffffff00000000"},
             Row{"no value representation", "0800600000000000"},
             Row{"a sequence without its end", "400030a753510000ffffffff"},
             Row{"an item without its end", "400030a753510000fffffffffeff00e0ffffffff"},
             Row{"a stray item", "feff00e000000000"},
             Row{"a stray delimiter", "feff0de000000000"},
             Row{"an element where an item belongs", "400030a753510000080000000800600043530000"},
             Row{"an item longer than its sequence", "400030a75351000008000000feff00e010000000"},
         }) {
        CAPTURE(row.why);
        CHECK_FALSE(check_structure(hex(row.bytes), explicit_little).has_value());
        CHECK_FALSE(read_dataset(hex(row.bytes), explicit_little).has_value());
    }
}

TEST_CASE("dataset: images and deflated objects are refused by their transfer syntax") {
    for (const std::string_view uid : {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50", "", "1.2.3"}) {
        CAPTURE(uid);
        CHECK_FALSE(check_structure(hex("0800600043530000"), uid).has_value());
    }
    CHECK(check_structure(hex("0800600043530000"), "1.2.840.10008.1.2.1").has_value());
}
