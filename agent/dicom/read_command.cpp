#include <cstdio>
#include <filesystem>

#include "agent/dicom/commands.hpp"
#include "agent/dicom/limits.hpp"
#include "agent/dicom/rdsr.hpp"
#include "common/io/clock.hpp"
#include "common/io/files.hpp"

namespace gantry::dicom {
namespace {

class StdoutTarget : public Target {
public:
    Delivery deliver(const std::vector<std::string>& lines) override {
        for (const std::string& line : lines) {
            std::fwrite(line.data(), 1, line.size(), stdout);
            std::fputc('\n', stdout);
        }
        return {std::vector<bool>(lines.size(), true), std::nullopt};
    }
};

// The reason goes to the person who named the file, so it may name it; a log never does.
void complain(const std::string& file, const std::string& reason) {
    std::string line = "gantry-dicom: " + file + ": " + reason;
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    std::fprintf(stderr, "%s\n", line.c_str());
}

Result<std::string> read_one(const std::string& file, const Host& host, Pipeline& pipeline) {
    const auto bytes = files::read_all(file, limits::object_bytes_max);
    if (!bytes) {
        // The path is already in front of the reason.
        if (bytes.error().code == Errc::too_large) return Error{Errc::too_large, "larger than 16 MiB"};
        return Error{Errc::io, bytes.error().message};
    }
    const auto report = parse_dose_report_file(as_bytes(*bytes), {host.pseudonyms, host.site, host.zone});
    if (!report) return report.error();
    const auto counted = pipeline.report(*report, "");
    if (!counted) return counted.error();
    return report_line(file, *report, counted->new_events);
}

}  // namespace

int run_read(const Options& options, const Host& host) {
    Result<UniqueFd> lock = UniqueFd{};
    if (!options.state.empty()) lock = files::lock(options.state / "lock");
    if (!lock) {
        std::fprintf(stderr, "gantry-dicom: the state folder is in use by another gantry-dicom\n");
        return exit_codes::unavailable;
    }
    StdoutTarget target;
    const std::filesystem::path database = options.state.empty() ? std::filesystem::path{} : options.state / "dicom.db";
    Pipeline pipeline{StateStore{database}, host.pseudonyms,
                      [&](const Sender&) {
                          return Chosen{&target, false};
                      },
                      clock::utc_ms};
    if (!options.state.empty()) pipeline.evict();
    int code = exit_codes::ok;
    for (const std::string& file : options.operands) {
        const auto line = read_one(file, host, pipeline);
        if (line) {
            std::fwrite(line->data(), 1, line->size(), stdout);
            std::fputc('\n', stdout);
            continue;
        }
        complain(file, line.error().message);
        if (line.error().code != Errc::io) {
            code = exit_codes::bad_data;
        } else if (code == exit_codes::ok) {
            code = exit_codes::io;
        }
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return exit_codes::io;
    return code;
}

}  // namespace gantry::dicom
