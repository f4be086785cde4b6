#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "common/io/args.hpp"

// What the commands of `gantry` share.
namespace gantry::cli {

inline constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_bad_data = 65, exit_unavailable = 69,
                     exit_io = 74, exit_config = 78;

struct Context {
    Args args;
    std::filesystem::path state;
    std::filesystem::path rules{};
    bool json = false;

    std::filesystem::path database() const { return state / "gantry.db"; }
    std::filesystem::path admin_socket() const { return state / "admin.sock"; }
};

// One line on stderr.
int fail(int code, std::string_view message);
int fail(const Error& error);

// Sends one request to the running collector and prints its answer: as JSON with --json, else by `text`. The exit code
// follows from the answer: 69 when no collector runs, 1 when it refuses.
using AnswerText = std::string (*)(std::string_view answer_json);
int ask_collector(const Context& context, std::string_view request_json, AnswerText text);

// Each command: the words after its name are context.args.words[1…].
int run_register(const Context& context);
int run_devices(const Context& context);
int run_declare(const Context& context);
int run_unassigned(const Context& context);
int run_log(const Context& context);
int run_judge(const Context& context);
int run_passport(const Context& context);
int run_rebuild(const Context& context);
int run_doctor(const Context& context);

}  // namespace gantry::cli
