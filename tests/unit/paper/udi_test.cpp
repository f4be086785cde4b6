#include "server/domain/paper/udi.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "server/domain/paper/dates.hpp"
#include "server/domain/paper/sheet.hpp"
#include "tests/unit/paper/paper_support.hpp"

using namespace gantry;
using namespace gantry::paper;

namespace {

constexpr int year_now = 2026;

std::string date(const std::optional<std::int64_t>& at) { return at ? time_text(*at).substr(0, 10) : ""; }

// Third-party files lie beside the source tree; where they are absent the case says so and ends.
std::string third_party_text(std::string_view path) {
    std::string text = source_text("../shared/data/" + std::string{path});
    if (text.empty()) std::printf("skipped: no third-party data %s\n", std::string{path}.c_str());
    return text;
}

}  // namespace

TEST_CASE("UDI: codes that are right, in every form") {
    struct Row {
        const char* text;
        const char* di;
        const char* lot;
        const char* serial;
        const char* made;
        const char* expires;
    };
    const Row rows[] = {
        // GS1 as printed: the example of the FDA's list of formats.
        {"(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234", "51022222233336", "A213B1", "1234", "2014-12-31",
         "2015-07-07"},
        {"(01)51022222233336(21)A(1)B(10)9", "51022222233336", "9", "A(1)B", "", ""},
        {"(21)S-1(01)51022222233336", "51022222233336", "", "S-1", "", ""},
        {"(01)51022222233336(17)240200", "51022222233336", "", "", "", "2024-02-29"},
        {"(01)51022222233336(17)230200", "51022222233336", "", "", "", "2023-02-28"},
        {"(01)51022222233336(11)770101", "51022222233336", "", "", "1977-01-01", ""},
        {"(01)51022222233336(11)760101", "51022222233336", "", "", "2076-01-01", ""},
        {"(01)51022222233336(8012)VA40.1(240)X", "51022222233336", "", "", "", ""},
        // As scanned: FNC1 ends what has no fixed length, and may follow what has.
        {"0151022222233336111412311715070710A213B1\x1d"
         "211234",
         "51022222233336", "A213B1", "1234", "2014-12-31", "2015-07-07"},
        {"]d20151022222233336211234\x1d"
         "10L",
         "51022222233336", "L", "1234", "", ""},
        {"]C10151022222233336\x1d"
         "211234\r\n",
         "51022222233336", "", "1234", "", ""},
        {"\x1d"
         "0151022222233336",
         "51022222233336", "", "", "", ""},
        // The GTIN alone.
        {"51022222233336", "51022222233336", "", "", "", ""},
        {"4006381333931", "04006381333931", "", "", "", ""},
        {"036000291452", "00036000291452", "", "", "", ""},
        {"96385074", "00000096385074", "", "", "", ""},
        // HIBCC: the examples of its standard 2.6.
        {"+A123BJC5D6E71G", "A123BJC5D6E71", "", "", "", ""},
        {"*+A123BJC5D6E71G*", "A123BJC5D6E71", "", "", "", ""},
        {"+A99912345/$$52001510X33", "A99912345", "10X3", "", "", "2020-01-15"},
        {"+A99912345/$$52001510X3/16D20111212/S77DEFG457", "A99912345", "10X3", "77DEFG45", "2011-12-12", "2020-01-15"},
        {"+A99912345/$$81210X3/16D20111212/14D20200906/S77DEFG45$", "A99912345", "10X3", "77DEFG45", "2011-12-12",
         "2020-09-06"},
        {"+A99912345/$$90999910X3/$$+320011577DEFG45/16D20111212D", "A99912345", "10X3", "77DEFG45", "2011-12-12",
         "2020-01-15"},
        {"A99912345", "A99912345", "", "", "", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto got = parse_udi(row.text, year_now);
        CAPTURE((got ? std::string{} : got.error().message));
        REQUIRE(got.has_value());
        CHECK(got->di == row.di);
        CHECK(got->lot == row.lot);
        CHECK(got->serial == row.serial);
        CHECK(date(got->manufactured_ms) == row.made);
        CHECK(date(got->expires_ms) == row.expires);
    }
    CHECK(parse_udi("(01)51022222233336(8012)VA40.1", year_now)->software == "VA40.1");
    CHECK(parse_udi("+A123BJC5D6E71G", year_now)->labeler == "A123");
    CHECK(parse_udi("+A123BJC5D6E71G", year_now)->product == "BJC5D6E7");
    CHECK(parse_udi("+A123BJC5D6E71G", year_now)->checked);
    CHECK(!parse_udi("A99912345", year_now)->checked);
}

TEST_CASE("UDI: HIBCC dates in each of their forms") {
    struct Row {
        const char* secondary;
        const char* expires;
        const char* lot;
        const char* serial;
    };
    const Row rows[] = {
        {"$$0928L1", "2028-09-30", "L1", ""},
        {"$$0228L1", "2028-02-29", "L1", ""},
        {"$$2091528L1", "2028-09-15", "L1", ""},
        {"$$3280915L1", "2028-09-15", "L1", ""},
        {"$$428091507L1", "2028-09-15", "L1", ""},
        {"$$528366L1", "2028-12-31", "L1", ""},
        {"$$62836623L1", "2028-12-31", "L1", ""},
        {"$$7L1", "", "L1", ""},
        {"$$8243280915L1", "2028-09-15", "L1", ""},
        {"$$9002403280915L1", "2028-09-15", "L1", ""},
        {"$$+3280915S1", "2028-09-15", "", "S1"},
        {"$$+7S1", "", "", "S1"},
        {"$L1", "", "L1", ""},
        {"$+S1", "", "", "S1"},
        {"28001L1", "2028-01-01", "L1", ""},
        {"Q500", "", "", ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.secondary);
        std::string text = std::string{"+A99912345/"} + row.secondary;
        text.push_back(hibcc_check_character(text).value());
        const auto got = parse_udi(text, year_now);
        CAPTURE((got ? std::string{} : got.error().message));
        REQUIRE(got.has_value());
        CHECK(date(got->expires_ms) == row.expires);
        CHECK(got->lot == row.lot);
        CHECK(got->serial == row.serial);
    }
    for (const char* bad : {"$$1328L1", "$$5283670L", "$$528000L", "$$3280931L", "$$xL", "16D2011121", "14D20111301",
                            "$$8x", "-", "", "$0123456789012345678"}) {
        CAPTURE(bad);
        std::string text = std::string{"+A99912345/"} + bad;
        text.push_back(hibcc_check_character(text).value_or('0'));
        CHECK(!parse_udi(text, year_now));
    }
}

TEST_CASE("UDI: what is wrong is told") {
    struct Row {
        std::string text;
        const char* says;
    };
    const Row rows[] = {
        {"", "nothing"},
        {std::string(udi_bytes_max + 1, '0'), "at most 256"},
        {"(01)51022222233337", "got check digit 7, want 6"},
        {"51022222233330", "got check digit 0, want 6"},
        {"(01)5102222223333", "(01): got 13 characters, want 14"},
        {"(01)5102222223333X", "(01): want digits only"},
        {"(01)51022222233336(11)141331", "(11): got '141331'"},
        {"(01)51022222233336(17)230229", "(17): got '230229'"},
        {"(01)51022222233336(10)", "(10): got 0 characters"},
        {"(01)51022222233336(21)123456789012345678901", "(21): got 21 characters, want 1 to 20"},
        {"(01)51022222233336(21)a b", "(21): got a character"},
        {"(01)51022222233336(10)1(10)2", "(10): got it twice"},
        {"(01)51022222233336(99)1", "got '99', want an application identifier"},
        {"(01)51022222233336(21)S(99)1", "got '99', want an application identifier"},
        {"(10)1(21)2", "got no (01)"},
        {"9912345", "application identifier"},
        {"+A123BJC5D6E71H", "got check character 'H', want 'G'"},
        // The HIBCC line of the FDA's list carries a wrong check character.
        {"+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202C",
         "got check character 'C', want 'H'"},
        {"+A123bJC5D6E71G", "HIBCC does not allow"},
        {"+", "alone"},
        {"+1231", "check character"},
        {"A", "letter"},
        {"A12", "letter"},
        {"A123BJCX", "letter"},
        {"=/A9999XYZ100T0944", "ICCBBA"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto got = parse_udi(row.text, year_now);
        REQUIRE(!got);
        CAPTURE(got.error().message);
        CHECK(got.error().message.find(row.says) != std::string::npos);
    }
}

TEST_CASE("UDI: a GTIN with any one digit changed is refused") {
    const std::string right = "51022222233336";
    CHECK(gs1_check_digit("5102222223333") == right.back());
    for (std::size_t i = 0; i < right.size(); ++i) {
        for (char digit = '0'; digit <= '9'; ++digit) {
            std::string changed = right;
            changed[i] = digit;
            CHECK(parse_udi(changed, year_now).has_value() == (changed == right));
        }
    }
}

TEST_CASE("UDI: the check pair of a global model number") {
    CHECK(gmn_check_pair("1987654Ad4X4bL5ttr2310c") == "2K");  // the example of the GS1 specifications
    CHECK(!gmn_check_pair(""));
    CHECK(!gmn_check_pair("with space"));
    CHECK(!gmn_check_pair(std::string(24, '1')));
    CHECK(parse_udi("(01)51022222233336(8013)1987654Ad4X4bL5ttr2310c2K", year_now).has_value());
    CHECK(!parse_udi("(01)51022222233336(8013)1987654Ad4X4bL5ttr2310c2L", year_now));
    CHECK(!parse_udi("(01)51022222233336(8013)2K", year_now));
}

TEST_CASE("UDI: no text makes the parser stumble") {
    std::uint64_t state = 88172645463325252ULL;
    const std::string_view alphabet{"()+/$*0123456789ADQS.% \x1d]"};
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        if (round % 3 == 0) text = "(01)51022222233336";
        if (round % 3 == 1) text = "+A99912345/";
        for (std::size_t length = state % 24; length-- > 0;) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_back(alphabet[state % alphabet.size()]);
        }
        if (round % 3 == 1) text.push_back(hibcc_check_character(text).value_or('0'));
        state += 11;
        if (const auto got = parse_udi(text, year_now)) CHECK(!got->di.empty());
    }
}

TEST_CASE("UDI: identifiers of a public register") {
    const std::string text = third_party_text("udi/gudid-sample.csv");
    if (text.empty()) return;
    const auto rows = parse_csv(text).value();
    int gs1 = 0;
    int hibcc = 0;
    int hibcc_checked = 0;
    for (const SheetRow& row : rows) {
        const std::string& id = row.cells.at(0);
        if (id == "device_id") continue;
        CAPTURE(id);
        const auto got = parse_udi(id, year_now);
        REQUIRE(got.has_value());
        if (row.cells.at(1) == "GS1") {
            ++gs1;
            CHECK(got->issuer == UdiIssuer::gs1);
            CHECK(got->di == id);
            CHECK((row.cells.at(9) == "true") == got->checked);
            std::string wrong = id;
            wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
            CHECK(!parse_udi(wrong, year_now));
        } else {
            ++hibcc;
            hibcc_checked += got->checked ? 1 : 0;
            CHECK(got->issuer == UdiIssuer::hibcc);
            std::string model = row.cells.at(5);
            std::erase(model, '-');
            CHECK(got->product == model);
            CHECK(got->di.starts_with(id.substr(0, 4)));
        }
    }
    CHECK(gs1 == 90);
    CHECK(hibcc == 13);
    CHECK(hibcc_checked == 8);
}

TEST_CASE("UDI: the application identifiers are as GS1 publishes them") {
    const std::string text = third_party_text("udi/gs1-syntax-dictionary.txt");
    if (text.empty()) return;
    for (const Gs1Identifier& known : gs1_identifiers()) {
        CAPTURE(known.ai);
        const std::size_t at = text.find("\n" + std::string{known.ai} + " ");
        REQUIRE(at != std::string::npos);
        const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
        std::string want = known.digits ? "N" : "X";
        want += (known.fixed ? "" : "..") + std::to_string(known.length_max);
        const std::size_t spec = line.find_first_of("NX", known.ai.size());
        CHECK(line.substr(spec, line.find_first_of(", ", spec) - spec) == want);
        CHECK((line.substr(0, spec).find('*') != std::string::npos) == known.fixed);
        CHECK((line.find("yymmd0") != std::string::npos) == known.date);
    }
}
