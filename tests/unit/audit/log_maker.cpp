#include "tests/unit/audit/log_maker.hpp"

#include <fmt/format.h>
#include <iconv.h>

#include <stdexcept>

namespace gantry::audit::testing {
namespace {

struct Line {
    std::string text;  // after the time
    std::string want;  // empty: nothing
};

class Maker {
public:
    explicit Maker(std::uint64_t seed) : state_{seed} {}
    std::uint64_t below(std::uint64_t limit) {
        std::uint64_t z = (state_ += 0x9E37'79B9'7F4A'7C15);
        z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
        return (z ^ (z >> 31)) % limit;
    }

private:
    std::uint64_t state_;
};

Line acme(Maker& maker) {
    const auto code = fmt::format("E-{}", 1000 + maker.below(9000));
    switch (maker.below(8)) {
        case 0:
            return {"[INFO] SYS   ready, console up", "power.on {}"};
        case 1:
            return {fmt::format("[FATAL] TUBE  {} raised: arc in tube", code),
                    fmt::format(R"(fault.raised {{"code":"{}","severity":"hard","subsystem":"tube"}})", code)};
        case 2:
            return {fmt::format("[WARN] DOOR  {} raised: door left open", code),
                    fmt::format(R"(fault.raised {{"code":"{}","severity":"info","subsystem":"other"}})", code)};
        case 3:
            return {fmt::format("[INFO] TUBE  {} cleared", code),
                    fmt::format(R"(fault.cleared {{"code":"{}"}})", code)};
        case 4: {
            const auto exams = maker.below(100'000);
            return {
                fmt::format("[INFO] TUBE  counters sn=T-100234 scan_s=81234.5 exams={} rot=220134", exams),
                fmt::format(R"(counter {{"exams":{},"rotations":220134,"scan_ms":81234500,"tube_serial":"T-100234"}})",
                            exams)};
        }
        case 5:
            return {"[INFO] SERVICE remote session opened by SECRET-TECHNICIAN",
                    R"(service.session {"access":"remote","phase":"start"})"};
        case 6:
            return {"[INFO] TUBE  installed sn=T-2002 replaces sn=T-1001",
                    R"(part.replaced {"major":true,"new_serial":"T-2002","old_serial":"T-1001","part":"tube"})"};
        default:
            return {"[INFO] SYS   software changed 4.1.2 to 4.1.3",
                    R"(config.changed {"item":"software","new":"4.1.3","old":"4.1.2"})"};
    }
}

Line huaxing(Maker& maker) {
    const auto code = 1000 + maker.below(9000);
    switch (maker.below(4)) {
        case 0:
            return {"系统启动完成", "power.on {}"};
        case 1:
            return {fmt::format("球管故障 代码:{} 级别:3", code),
                    fmt::format(R"(fault.raised {{"code":"{}","severity":"hard","subsystem":"tube"}})", code)};
        case 2:
            return {fmt::format("故障解除 代码:{}", code), fmt::format(R"(fault.cleared {{"code":"{}"}})", code)};
        default:
            return {fmt::format("球管累计 81.23 千秒 {} mAs", code),
                    fmt::format(R"(counter {{"mas":{},"scan_ms":81230000}})", code)};
    }
}

Line norden(Maker& maker) {
    const auto code = fmt::format("F{}", 100 + maker.below(900));
    switch (maker.below(3)) {
        case 0:
            return {fmt::format("Störung {} (Röhre), Abbruch", code),
                    fmt::format(R"(fault.raised {{"code":"{}","severity":"partial","subsystem":"tube"}})", code)};
        case 1:
            return {fmt::format("Behoben {}", code), fmt::format(R"(fault.cleared {{"code":"{}"}})", code)};
        default:
            return {"Röhre A Nr. 100234: 12345,5 s, 7 Überschläge",
                    R"(counter {"arcs":7,"scan_ms":12345500,"tube_id":"A","tube_serial":"100234"})"};
    }
}

std::string noise(Maker& maker) {
    static const char* const texts[] = {"[INFO] EXAM  patient SECRET^NAME id SECRET-ID started",
                                        "检查 患者 SECRET 张伟 开始",
                                        "Patient SECRET Müller, Aufnahme",
                                        "",
                                        "    at SECRET (stack trace)",
                                        "E-12 raised by SECRET"};
    return texts[maker.below(std::size(texts))];
}

}  // namespace

std::string encoded(const std::string& utf8, const std::string& charset) {
    const iconv_t handle = iconv_open(charset.c_str(), "UTF-8");
    std::string out(utf8.size() * 2 + 8, '\0');
    std::string input = utf8;
    char* in = input.data();
    char* to = out.data();
    std::size_t left = input.size();
    std::size_t room = out.size();
    const auto done = iconv(handle, &in, &left, &to, &room);
    iconv_close(handle);
    if (done == static_cast<std::size_t>(-1)) throw std::runtime_error{"not in " + charset + ": " + utf8};
    out.resize(out.size() - room);
    return out;
}

MadeLog make_log(const std::string& model, std::uint64_t seed, int events) {
    Maker maker{seed};
    MadeLog out;
    int minute = 0;
    const auto add = [&](const std::string& text) {
        const int day = 1 + minute / 1440;
        const int hour = minute / 60 % 24;
        std::string line;
        if (model == "acme-ct9")
            line = fmt::format("2026-03-{:02} {:02}:{:02}:07.089 {}", day, hour, minute % 60, text);
        if (model == "huaxing-x64")
            line = encoded(fmt::format("[2026/03/{:02} {:02}:{:02}:07] {}", day, hour, minute % 60, text),
                           "GBK//TRANSLIT");
        if (model == "norden-spira")
            line = encoded(fmt::format("{:02}.03. {:02}:{:02}:07 {}", day, hour, minute % 60, text),
                           "ISO-8859-1//TRANSLIT");
        out.bytes += line + "\n";
        out.lines.push_back(std::move(line));
        ++minute;
    };
    for (int i = 0; i < events; ++i) {
        while (maker.below(3) == 0) add(noise(maker));
        const Line line = model == "acme-ct9" ? acme(maker) : model == "huaxing-x64" ? huaxing(maker) : norden(maker);
        add(line.text);
        out.want.push_back(line.want);
    }
    return out;
}

}  // namespace gantry::audit::testing
