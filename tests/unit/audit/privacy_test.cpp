// Planted strings: 1,000 of them in every place of audit messages and log lines, in several encodings. None may be
// found in what would be sent or in the reason of a refusal.
#include <doctest/doctest.h>

#include <set>

#include "agent/audit/domain/syslog.hpp"
#include "tests/unit/audit/fixture.hpp"
#include "tests/unit/audit/log_maker.hpp"

using namespace gantry;
using namespace gantry::audit;
using namespace gantry::audit::testing;

namespace {

// A name as a patient may have it: Latin with and without accents, Chinese, with digits, as DICOM writes it.
std::string planted(int n) {
    switch (n % 5) {
        case 0:
            return fmt::format("Planted^Name{}", n);
        case 1:
            return fmt::format("Mller{}", n).insert(1, "\xC3\xBC");
        case 2:
            return fmt::format("\xE5\xBC\xA0\xE4\xBC\x9F{}", n);
        case 3:
            return fmt::format("PID{:06}", n);
        default:
            return fmt::format("planted name {}", n);
    }
}

// The same text as it may look afterwards: in other encodings, in base64 and as hexadecimal digits.
std::vector<std::string> looks_of(const std::string& text) {
    std::vector<std::string> out{text, base64_encode(as_bytes(text)), to_hex(as_bytes(text))};
    std::string marked = text;
    for (char& c : marked)
        if (c == ' ' || c == '^') c = '_';
    out.push_back(marked);
    for (const char* charset : {"GBK//TRANSLIT", "ISO-8859-1//TRANSLIT"}) {
        try {
            out.push_back(encoded(text, charset));
        } catch (const std::runtime_error&) {
        }
    }
    return out;
}

// Every place of the document where a text may stand: the value of each attribute, and the text of each element.
std::vector<std::pair<std::size_t, std::size_t>> places(const std::string& xml) {
    std::vector<std::pair<std::size_t, std::size_t>> out;
    for (std::size_t at = xml.find("<AuditMessage"); at < xml.size(); ++at) {
        const char end = xml[at] == '"' ? '"' : xml[at] == '>' ? '<' : '\0';
        if (end == '\0') continue;
        const std::size_t close = xml.find(end, at + 1);
        if (close == std::string::npos) break;
        out.emplace_back(at + 1, close - at - 1);
        if (end == '"') at = close;
    }
    return out;
}

std::string said(std::string_view bytes) {
    const auto syslog = parse_syslog(bytes);
    if (!syslog) return syslog.error().message;
    const auto message = read_audit_message(syslog->text, pseudonyms(), Zone::utc());
    if (!message) return message.error().message;
    std::string out;
    for (const std::string& source : {std::string{}, std::string(32, 'a')})
        for (const Observation& observation : observe(*message, source))
            out += intake_line("audit", observation) + "\n";
    return out;
}

}  // namespace

TEST_CASE("privacy: 1,000 planted strings in every place of an audit message come out nowhere") {
    int tried = 0;
    int sent = 0;
    for (int n = 0; n < 1000; ++n) {
        const std::string text = planted(n);
        FakeMessage fake{.event = 110113, .type = n % 2 == 0 ? 110139 : 110122};
        fake.spelling = n % 3 == 0 ? Spelling::rfc3881 : Spelling::dicom;
        const std::string xml = xml_of(fake);
        const auto all = places(xml);
        REQUIRE(all.size() > 40);
        // Each string goes to two places, so that each place gets some thirty of them.
        for (const std::size_t pick :
             {static_cast<std::size_t>(n) % all.size(), static_cast<std::size_t>(n) * 7 % all.size()}) {
            std::string bent = xml;
            bent.replace(all[pick].first, all[pick].second, text);
            std::string as_sent = syslog_of(bent);
            if (n % 4 == 1) as_sent = syslog_of(encoded(bent.replace(bent.find("UTF-8"), 5, "GB18030"), "GB18030"));
            const std::string out = said(as_sent);
            for (const std::string& look : looks_of(text)) {
                CAPTURE(look);
                REQUIRE_MESSAGE(out.find(look) == std::string::npos, out);
            }
            REQUIRE(out.find("SECRET") == std::string::npos);
            ++tried;
            sent += out.find("\"src\":\"audit\"") != std::string::npos ? 1 : 0;
        }
    }
    CHECK(tried == 2000);
    CHECK(sent > 1000);  // most of them were accepted, so that the absence means something
}

TEST_CASE("privacy: 1,000 planted strings in log lines come out nowhere") {
    for (const char* model : {"acme-ct9", "huaxing-x64", "norden-spira"}) {
        const std::string charset = std::string{model} == "huaxing-x64"    ? "GBK//TRANSLIT"
                                    : std::string{model} == "norden-spira" ? "ISO-8859-1//TRANSLIT"
                                                                           : "UTF-8";
        const MadeLog log = make_log(model, 7, 1000);
        LineReader lines{shipped(model), schema(), Zone::utc()};
        int sent = 0;
        for (int n = 0; n < 1000; ++n) {
            const std::string text = planted(n);
            std::string planted_bytes;
            try {
                planted_bytes = encoded(text, charset);
            } catch (const std::runtime_error&) {
                planted_bytes = fmt::format("PLANTED{}", n);
            }
            const std::string& line = log.lines[static_cast<std::size_t>(n)];
            const std::size_t cut = static_cast<std::size_t>(n) * 13 % (line.size() + 1);
            for (const std::string& bent : {line + " " + planted_bytes, planted_bytes + " " + line,
                                            line.substr(0, cut) + planted_bytes + line.substr(cut)}) {
                const auto observation = lines.read(bent, 1'780'000'000'000);
                if (!observation) continue;
                ++sent;
                const std::string out = intake_line("log", *observation);
                for (const std::string& look : looks_of(text))
                    REQUIRE_MESSAGE(out.find(look) == std::string::npos, out);
                REQUIRE(out.find("SECRET") == std::string::npos);
                REQUIRE(out.find("PLANTED") == std::string::npos);
            }
        }
        CHECK(sent > 800);
    }
}
