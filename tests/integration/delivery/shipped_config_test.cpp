// The shipped settings files are what the programs read: each passes the program's own check, and a wrong key in it
// does not.
#include <doctest/doctest.h>

#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"

using namespace gantry::testing;

namespace {

struct Row {
    std::string file;
    std::vector<std::string> check;
};

std::vector<Row> shipped() {
    return {{"collector.toml", {program("gantry-collector"), "--check-config", "--config"}},
            {"agent.toml", {program("gantry-agent"), "run", "--device", "ct-1", "--check-config", "--config"}},
            {"dicom.toml", {program("gantry-dicom"), "--check-config", "--config"}},
            {"audit.toml", {program("gantry-audit"), "--check-config", "--config"}}};
}

// Files that a settings file names must be there: the shipped ones stand in for /etc/gantry.
std::string with_paths_here(std::string text, const std::string& certs) {
    const std::pair<std::string, std::string> moved[] = {
        {"/etc/gantry/dicom-", (source_dir() / "config/dicom-").string()},
        {"/etc/gantry/audit-routes", (source_dir() / "config/audit-routes").string()},
        {"/etc/gantry/audit-senders.crt", certs + "/ca.crt"},
        {"/etc/gantry/audit.", certs + "/audit."}};
    for (const auto& [installed, here] : moved) {
        for (std::size_t at = 0; (at = text.find(installed, at)) != std::string::npos; at += here.size())
            text.replace(at, installed.size(), here);
    }
    return text;
}

Ran check(const Row& row, const std::filesystem::path& file) {
    auto argv = row.check;
    argv.push_back(file.string());
    return run(argv);
}

}  // namespace

TEST_CASE("shipped settings pass the check, and an unknown key does not") {
    const TempDir dir;
    const std::string certs = (dir / "certs").string();
    REQUIRE(run({(source_dir() / "tests/support/make_certs").string(), certs, "audit"}).exit == Exit{});
    for (const Row& row : shipped()) {
        CAPTURE(row.file);
        const std::string text = with_paths_here(read_text(source_dir() / "config" / row.file), certs);
        write_text(dir / row.file, text);
        const Ran good = check(row, dir / row.file);
        CHECK_MESSAGE(good.exit == Exit{}, good.err);

        write_text(dir / row.file, "nonsense_key = 1\n" + text);
        const Ran bad = check(row, dir / row.file);
        CHECK(bad.exit == Exit{78, 0});
        CHECK_MESSAGE(bad.err.find("nonsense_key") != std::string::npos, bad.err);
    }
}

TEST_CASE("every program knows --help and --version, and refuses what it does not know") {
    for (const char* name :
         {"gantry-agent", "gantry-audit", "gantry-collector", "gantry-dicom", "gantry-sim", "gantry"}) {
        CAPTURE(name);
        const Ran help = run({program(name), "--help"});
        CHECK(help.exit == Exit{});
        CHECK(help.out.size() > 100);
        const Ran version = run({program(name), "--version"});
        CHECK(version.exit == Exit{});
        CHECK(version.out.starts_with(name));
        CHECK(run({program(name), "--no-such-flag"}).exit == Exit{2, 0});
    }
}
