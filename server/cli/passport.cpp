#include "server/judging/passport.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "common/io/clock.hpp"
#include "common/io/files.hpp"
#include "server/cli/context.hpp"
#include "server/ingest/collector_settings.hpp"
#include "server/judging/rule_files.hpp"

// The whole file of one device, read from the store itself: it works whether the collector runs or not.
namespace gantry::cli {
namespace {

// The words of POSIX: LC_ALL goes before LC_MESSAGES, that before LANG.
due::Language environment_language() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value && *value) return std::string_view{value}.starts_with("zh") ? due::Language::zh : due::Language::en;
    }
    return due::Language::en;
}

}  // namespace

int run_passport(const Context& context) {
    if (context.args.words.size() != 2) return fail(exit_usage, "want: passport DEVICE [--lang en|zh] [--json]");
    due::Language language = environment_language();
    if (context.args.has("--lang")) {
        const std::string& wanted = context.args.value("--lang");
        if (wanted != "en" && wanted != "zh" && wanted != "zh-CN")
            return fail(exit_usage, fmt::format("--lang: got {}, want en or zh", wanted));
        language = wanted == "en" ? due::Language::en : due::Language::zh;
    }
    std::error_code ignored;
    if (!std::filesystem::exists(context.database(), ignored))
        return fail(exit_unavailable,
                    fmt::format("{}: no log here; --state names the collector's folder", context.database().string()));
    store::StoreReader reader{context.database()};
    const judging::RuleFiles rules = judging::read_rules(context.rules);
    const std::string& device = context.args.words[1];
    const auto passport = judging::read_passport(reader, device, rules.pack.get(), clock::utc_ms());
    if (!passport) return fail(exit_failed, fmt::format("device: got {}, want a registered one", device));
    std::string out;
    if (context.json) {
        const auto schema = Schema::parse(files::read_all(ingest::shipped_file("schema/papers.toml")).value());
        if (!schema) return fail(schema.error());
        out = judging::passport_json(*passport, *schema) + "\n";
    } else {
        out = judging::passport_text(*passport, judging::Texts::read(ingest::shipped_file("text")), language);
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    return exit_ok;
}

}  // namespace gantry::cli
