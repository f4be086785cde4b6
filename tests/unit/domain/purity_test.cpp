#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

// Pure core, thin shells: what decides takes values and returns values. This reads the sources and fails when a pure
// room reaches for a database, a broker, a socket, a thread, a file or the clock.
namespace {

namespace fs = std::filesystem;

const std::regex impure_include{
    R"(^\s*#\s*include\s*[<"](sqlite|SQLiteCpp|mqtt/|MQTT|boost/asio|boost/beast|dcmtk|thread>|mutex>|shared_mutex>|condition_variable>|future>|fstream>|filesystem>|sys/socket|unistd|fcntl|common/io/|server/(store|ingest|http)/|agent/(core|dicom)/|firmware-sim/emit/))"};
const std::regex impure_call{
    R"(::now\s*\(|\b(time|gettimeofday|clock_gettime|getenv|std::rand)\s*\((NULL|nullptr|0|&|CLOCK_|\"|\)))"};

std::string complaint(const std::string& line) {
    const std::string code = line.substr(0, line.find("//"));
    if (std::regex_search(code, impure_include)) return "impure include";
    if (std::regex_search(code, impure_call)) return "clock or environment";
    return {};
}

bool is_pure_room(const fs::path& folder) {
    return folder.filename() == "domain" || folder.filename() == "model" ||
           folder.generic_string().ends_with("common/core");
}

std::vector<fs::path> pure_sources() {
    const fs::path root{GANTRY_SOURCE_DIR};
    std::vector<fs::path> out;
    for (const char* top : {"common", "agent", "server", "firmware-sim"}) {
        for (const auto& entry : fs::recursive_directory_iterator{root / top}) {
            const auto extension = entry.path().extension();
            if ((extension == ".cpp" || extension == ".hpp") && is_pure_room(entry.path().parent_path()))
                out.push_back(entry.path());
        }
    }
    return out;
}

}  // namespace

TEST_CASE("purity: the check itself finds what it must and nothing else") {
    for (const char* bad :
         {"#include <SQLiteCpp/SQLiteCpp.h>", "#include <sqlite3.h>", "#include <mqtt/async_client.h>",
          "#include <boost/asio.hpp>", "#  include <boost/beast/core.hpp>", "#include <thread>", "#include <mutex>",
          "#include <fstream>", "#include \"common/io/clock.hpp\"", "#include \"server/store/store_writer.hpp\"",
          "auto t = std::chrono::system_clock::now();", "steady_clock::now ()", "return time(nullptr);"}) {
        CAPTURE(bad);
        CHECK(!complaint(bad).empty());
    }
    for (const char* good : {"#include <string>", "#include \"common/core/json.hpp\"", "// calls ::now() in the shell",
                             "event_time(record, 0)", "#include <boost/json.hpp>", "auto now = runtime(5);"}) {
        CAPTURE(good);
        CHECK(complaint(good).empty());
    }
}

TEST_CASE("purity: common/core, every domain and every model are pure") {
    const auto sources = pure_sources();
    CHECK(sources.size() > 30);  // a walk that finds nothing proves nothing
    for (const fs::path& source : sources) {
        std::ifstream in{source};
        int number = 0;
        for (std::string line; std::getline(in, line);) {
            ++number;
            const std::string found = complaint(line);
            INFO(source.string(), ":", number, ": ", line);
            CHECK(found == "");
        }
    }
}
