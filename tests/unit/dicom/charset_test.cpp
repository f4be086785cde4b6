#include "agent/dicom/charset.hpp"

#include <doctest/doctest.h>

using namespace gantry::dicom;

TEST_CASE("charset: every declaration and every lie about it gives valid UTF-8") {
    struct Row {
        std::string_view why;
        std::string_view bytes;
        std::string_view charset;
        std::string_view want;
        bool repaired;
    };
    for (const Row& row : {
             Row{"plain", "Thorax", "", "Thorax", false},
             Row{"Latin-1 as declared", "M\xfcller", "ISO_IR 100", "Müller", false},
             Row{"Latin-1 undeclared", "M\xfcller", "", "Müller", true},
             Row{"UTF-8 as declared", "M\xc3\xbcller", "ISO_IR 192", "Müller", false},
             Row{"UTF-8 under ISO_IR 100", "M\xc3\xbcller", "ISO_IR 100", "Müller", true},
             Row{"Latin-1 under UTF-8", "M\xfcller", "ISO_IR 192", "Müller", true},
             Row{"Chinese as declared", "\xd0\xd8\xb2\xbf", "GB18030", "胸部", false},
             Row{"GBK", "\xd0\xd8\xb2\xbf", "GBK", "胸部", false},
             Row{"ISO 2022 with an escape to GB 2312", "\x1b$)A\xd0\xd8\xb2\xbf", "\\ISO 2022 IR 58", "胸部", false},
             Row{"ISO 2022 Japanese", "\x1b$B;3ED\x1b(B", "ISO 2022 IR 6\\ISO 2022 IR 87", "山田", false},
             Row{"Korean", "\x1b$)C\xb1\xe8", "\\ISO 2022 IR 149", "김", false},
             Row{"Cyrillic", "\xb8", "ISO_IR 144", "И", false},
             Row{"broken UTF-8", "a\xf0\x9f", "ISO_IR 192", "að\xc2\x9f", true},
             Row{"an unknown name", "M\xfcller", "ISO_IR 999", "Müller", true},
         }) {
        CAPTURE(row.why);
        bool repaired = false;
        const std::string text = decode_text(row.bytes, row.charset, repaired);
        CHECK(text == row.want);
        CHECK(valid_utf8(text));
        CHECK(repaired == row.repaired);
    }
}

TEST_CASE("charset: any bytes under any name are valid UTF-8 in the end") {
    std::uint32_t state = 1;
    int invalid = 0;
    for (int round = 0; round < 300; ++round) {
        std::string bytes;
        for (int at = 0; at < 12; ++at) {
            state = state * 1664525 + 1013904223;
            bytes.push_back(static_cast<char>(state >> 24));
        }
        for (const std::string_view charset :
             {"", "ISO_IR 100", "ISO_IR 192", "GB18030", "ISO 2022 IR 87", "ISO_IR 13", "\\ISO 2022 IR 149"}) {
            bool repaired = false;
            const std::string text = decode_text(bytes, charset, repaired);
            if (!valid_utf8(text) || !valid_utf8(to_token(text, 64, repaired))) ++invalid;
        }
    }
    CHECK(invalid == 0);
}

TEST_CASE("charset: tokens hold what the schema allows") {
    struct Row {
        std::string_view text;
        std::string_view want;
        bool repaired;
    };
    for (const Row& row : {
             Row{"SOMATOM Definition Flash", "SOMATOM Definition Flash", false},
             Row{"  padded  ", "padded", false},
             Row{"Müller", "M_ller", true},
             Row{"胸部", "__", true},
             Row{"a\"b\\c\n", "a_b_c_", true},
             Row{"OC=1.4", "OC_1.4", true},
             Row{"0123456789abcdefXYZ", "0123456789abcdef", false},
             Row{"   ", "", false},
         }) {
        CAPTURE(row.text);
        bool repaired = false;
        CHECK(to_token(row.text, 16 + (row.want.size() > 16 ? 48 : 0), repaired) == row.want);
        CHECK(repaired == row.repaired);
    }
}
