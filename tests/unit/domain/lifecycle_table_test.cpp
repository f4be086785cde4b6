#include "server/domain/lifecycle_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/domain/ct_table.hpp"

using namespace gantry;

namespace {

// The shipped file with one piece of text replaced; the piece must be there.
std::string with(std::string_view old, std::string_view fresh) {
    std::string text = ct_toml();
    const std::size_t at = text.find(old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, old.size(), fresh);
}

std::string reason_of(const std::string& toml) {
    const auto parsed = LifecycleTable::parse(toml, "ct.toml");
    return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("lifecycle table: the shipped file is accepted") {
    CHECK(reason_of(ct_toml()) == "accepted");
    CHECK(ct_table().id() == "CT/1");
    CHECK(ct_table().rule(State::sealed).patient_rule == "V12");
    CHECK(ct_table().rule(State::in_use).patient_exposure == Permission::allowed);
    CHECK(ct_table().policy().permits.size() == 2);
    CHECK(ct_table().allowed_events(State::disposed) == std::vector<std::string>{"correction", "countersigned"});
}

TEST_CASE("lifecycle table: a mistake is refused with file, line and reason") {
    struct Row {
        std::string_view old;
        std::string_view fresh;
        std::string_view reason;
    };
    for (const Row& row : {
             Row{"version = 1", "version = \"one\"", "'version': want a whole number"},
             Row{"version = 1", "version = 1\ncolour = 2", "unknown key 'colour'"},
             Row{"version = 1", "version = ", "ct.toml:"},
             Row{"2026-01-01", "soon", "want YYYY-MM-DD"},
             Row{"LOST           =", "MISLAID        =", "unknown state 'MISLAID'"},
             Row{"agent = \"question\"", "agent = \"maybe\"", "'agent': got 'maybe', want one of"},
             Row{"reason_given             = \"judged\"", "reason_given = \"accepts\"",
                 "guard reason_given: got 'accepts', want 'judged'"},
             Row{"calibration_days = 731", "calibration_days = 0", "'calibration_days': want a whole number"},
             Row{"radiodiagnosis:xray_imaging", "driving:fast", "'permits': got 'driving:fast'"},
             Row{"power_off = \"normal\"", "power_off = \"odd\"", "'power_off': got 'odd'"},
             Row{"power_off = \"normal\"", "power_off = \"normal\"\nbase = \"other.toml\"",
                 "base 'other.toml' is not there"},
             Row{"reason_given             =", "moon_is_full =", "unknown guard 'moon_is_full'"},
             Row{"need = [\"need_statement\"]", "need = [\"other\"]", "guard 'other' is not listed under [guards]"},
             Row{"need = [\"need_statement\"]", "need = []", "guard 'need_statement' is listed and no row needs it"},
             Row{"actors = [\"QMP\"]", "actors = [\"COOK\"]", "unknown actor 'COOK'"},
             Row{"actors = [\"QMP\"]", "actors = []", "want at least one actor"},
             Row{"to = \"LICENSED\"", "to = \"LICENCED\"", "unknown state 'LICENCED'"},
             Row{"when = \"repair_minor\"", "when = \"sometimes\"", "unknown choice 'sometimes'"},
             Row{"when = \"repair_minor\"", "when = \"repair_major\"", "choice 'repair_major' stands twice"},
             Row{"when = \"repair_minor\"", "when = \"to_idle\"", "is of another group"},
             Row{"when = \"resume_cleared\"\nto = \"@cleared_to\"", "when = \"resume_cleared\"\nto = \"@same\"",
                 "accepted"},
             Row{"from = [\"RETEST\"]\nevent = \"qc.failed\"", "from = [\"RETEST\"]\nevent = \"qc.passed\"", "choice"},
             Row{"to = \"DISPOSED\"", "to = \"LOST\"", "state DISPOSED cannot be reached"},
             Row{"from = [\"DECOMMISSIONED\"]\nevent = \"disposal", "from = [\"DISPOSED\"]\nevent = \"disposal",
                 "a final state has no exit"},
             Row{"final = true, en = \"disposed\"", "en = \"disposed\"", "state DISPOSED must be final"},
             Row{"need = [\"same_authority\", \"order_number\"]", "need = [\"order_number\"]",
                 "leaving SEALED needs guard same_authority"},
             Row{"when = \"seal_ends\"\nto = \"SUSPENDED\"", "when = \"seal_ends\"\nto = \"IN_USE\"",
                 "SEALED leads to SUSPENDED"},
             Row{"when = \"unsealed\"\nto = \"SUSPENDED\"", "when = \"unsealed\"\nto = \"IN_USE\"",
                 "needs guard accepted_here"},
             Row{"when = \"still_sealed\"\nto = \"SEALED\"", "when = \"still_sealed\"\nto = \"SUSPENDED\"",
                 "sealed when found"},
             Row{"need = [\"accepted_here\", \"no_retest_due\", \"permits", "need = [\"accepted_here\", \"permits",
                 "needs guard no_retest_due"},
             Row{"need = [\"accepted_here\", \"no_retest_due\", \"permits", "need = [\"no_retest_due\", \"permits",
                 "needs guard accepted_here"},
             Row{"from = [\"NONE\"]\nevent = \"baseline", "from = [\"IDLE\"]\nevent = \"baseline",
                 "only where there is no history"},
         }) {
        CAPTURE(row.old);
        CAPTURE(row.fresh);
        const std::string reason = reason_of(with(row.old, row.fresh));
        CAPTURE(reason);
        CHECK(reason.find(row.reason) != std::string::npos);
        if (row.reason != "accepted") CHECK(reason.starts_with("ct.toml:"));
    }
}

TEST_CASE("lifecycle table: the line is that of the mistake") {
    const std::string toml = with("to = \"LICENSED\"", "to = \"LICENCED\"");
    const std::size_t line =
        1 + static_cast<std::size_t>(
                std::count(toml.begin(), toml.begin() + static_cast<std::ptrdiff_t>(toml.find("LICENCED")), '\n'));
    CHECK(reason_of(toml) == "ct.toml:" + std::to_string(line) + ": unknown state 'LICENCED'");
}
