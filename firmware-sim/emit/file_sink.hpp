#pragma once
#include <cstdio>
#include <memory>
#include <string>

#include "firmware-sim/emit/sink.hpp"

namespace gantry::sim {

/// A file that is written from the start and reports every failure as EmitError 74. "-" is stdout.
class OutFile {
public:
    explicit OutFile(const std::string& path);
    void line(std::string_view text);
    void close();

private:
    struct Closer {
        void operator()(std::FILE* file) const noexcept {
            if (file != stdout) std::fclose(file);
        }
    };
    [[noreturn]] void fail(int error) const;
    std::string path_;
    std::unique_ptr<std::FILE, Closer> file_;
};

/// Intake lines with the device in front: {"device":…,"src":…,"type":…,"at":…,"body":{…}}
class FileSink final : public Sink {
public:
    FileSink(const Fleet& fleet, const std::string& path) : fleet_{fleet}, file_{path} {}
    void take(std::uint32_t device, const SimEvent& event) override;
    void serve(std::chrono::milliseconds time) override;
    bool drain(std::chrono::milliseconds time) override;
    Tally tally() const override { return tally_; }

private:
    const Fleet& fleet_;
    OutFile file_;
    Tally tally_;
};

}  // namespace gantry::sim
