#include "firmware-sim/emit/file_sink.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "firmware-sim/model/observation.hpp"

namespace gantry::sim {

OutFile::OutFile(const std::string& path) : path_{path}, file_{path == "-" ? stdout : std::fopen(path.c_str(), "wb")} {
    if (!file_) fail(errno);
}

void OutFile::fail(int error) const {
    throw EmitError{exit_io, fmt::format("{}: cannot write: {}", path_, std::strerror(error))};
}

void OutFile::line(std::string_view text) {
    const bool ok =
        std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size() && std::fputc('\n', file_.get()) != EOF;
    if (!ok) fail(errno);
}

void OutFile::close() {
    if (!file_) return;
    if (std::fflush(file_.get()) != 0) fail(errno);
    std::FILE* const file = file_.release();
    if (file != stdout && std::fclose(file) != 0) fail(errno);
}

void FileSink::take(std::uint32_t device, const SimEvent& event) {
    const auto& profile = fleet_.profile(device);
    const auto told = observe(fleet_.options(), profile, event);
    if (!told || told->agent_only) return;
    const std::string line = intake_line(*told);
    file_.line(fmt::format("{{\"device\":\"{}\",{}", profile.id, std::string_view{line}.substr(1)));
    ++tally_.sent;
    ++tally_.answered;
}

void FileSink::serve(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

bool FileSink::drain(std::chrono::milliseconds) {
    file_.close();
    return true;
}

}  // namespace gantry::sim
