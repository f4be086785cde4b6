#include "agent/audit/log_tail.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/audit/domain/limits.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/audit/fixture.hpp"

using namespace gantry;
using namespace gantry::audit;
using gantry::testing::TempDir;
namespace fs = std::filesystem;

namespace {

void append(const fs::path& file, const std::string& text) {
    std::ofstream out{file, std::ios::binary | std::ios::app};
    out << text;
}

// Rotated files are put in order by their times, which a fast test must set itself.
void set_time(const fs::path& file, std::int64_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
}

// A tail as the program runs it: whole lines in, the position after them kept, a restart at any time.
class Reader {
public:
    explicit Reader(fs::path file, LogTail::Begin begin = LogTail::Begin::start)
        : file_{std::move(file)}, begin_{begin} {
        restart();
    }
    void restart() { tail_.emplace(file_, pseudonyms_, saved, begin_); }

    std::vector<std::string> lines(bool save = true) {
        std::vector<std::string> out;
        // Twice: a rotation is found when the file before it is read to its end.
        for (int round = 0; round < 2; ++round) {
            tail_->look(now_ms);
            while (const auto line = tail_->next_line()) out.emplace_back(*line);
        }
        if (save) saved = tail_->position();
        return out;
    }
    void pass_grace() { now_ms += audit::limits::rotation_grace.count(); }
    LogTail& tail() { return *tail_; }

    std::optional<LogPosition> saved;
    std::int64_t now_ms = 0;

private:
    fs::path file_;
    LogTail::Begin begin_;
    Pseudonyms pseudonyms_ = audit::testing::pseudonyms();
    std::optional<LogTail> tail_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("tail: whole lines only, as they come") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    Reader reader{log};
    CHECK(reader.lines().empty());
    append(log, "one\ntw");
    CHECK(reader.lines() == Lines{"one"});
    append(log, "o\r\nthree\n");
    CHECK(reader.lines() == Lines{"two", "three"});
    CHECK(reader.lines().empty());
}

TEST_CASE("tail: after a restart it goes on where everything was durable, and no further") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\ntwo\npart");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one", "two"});
    append(log, "ial\nthree\n");
    CHECK(reader.lines(false) == Lines{"partial", "three"});  // not delivered: the position stays
    reader.restart();
    CHECK(reader.lines() == Lines{"partial", "three"});
    reader.restart();
    CHECK(reader.lines().empty());
    append(log, "four\n");
    CHECK(reader.lines() == Lines{"four"});
    CHECK(reader.tail().counters().lost_track == 0);
}

TEST_CASE("tail: a new log begins at its start or its end, one that appears later at its start") {
    const TempDir dir;
    append(dir / "ct.log", "old\n");
    Reader reader{dir / "ct.log", LogTail::Begin::end};
    CHECK(reader.lines().empty());
    append(dir / "ct.log", "new\n");
    CHECK(reader.lines() == Lines{"new"});
    Reader later{dir / "later.log", LogTail::Begin::end};
    CHECK(later.lines().empty());
    append(dir / "later.log", "first\n");
    CHECK(later.lines() == Lines{"first"});
}

TEST_CASE("tail: rotation by renaming, with a late writer") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\n");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    append(log, "two\n");
    fs::rename(log, dir / "ct.log.1");
    CHECK(reader.lines() == Lines{"two"});
    append(log, "four\n");
    CHECK(reader.lines().empty());  // the old file may still grow
    append(dir / "ct.log.1", "three\nunfinished");
    CHECK(reader.lines() == Lines{"three"});
    reader.pass_grace();
    CHECK(reader.lines() == Lines{"unfinished", "four"});
    CHECK(reader.tail().counters().rotations == 1);
    append(log, "five\n");
    CHECK(reader.lines() == Lines{"five"});
}

TEST_CASE("tail: the file of an unfinished line vanishes altogether") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\ntwo");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    append(log, "\nthree\n");
    fs::remove(log);
    CHECK(reader.lines() == Lines{"two", "three"});  // the open file is still there
    append(log, "four\n");
    reader.tail().reopen();
    CHECK(reader.lines() == Lines{"four"});
}

TEST_CASE("tail: rotation by copying and truncating, also when the file has grown again") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\n");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    for (const std::string_view after : {"x\n", "a line that is longer than all that stood there before it\n"}) {
        CAPTURE(after);
        append(log, "unread\n");
        fs::remove(dir / "ct.log.1");
        fs::copy_file(log, dir / "ct.log.1");
        fs::resize_file(log, 0);
        append(log, std::string{after});
        CHECK(reader.lines() == Lines{"unread", std::string{after.substr(0, after.size() - 1)}});
    }
    CHECK(reader.tail().counters().rotations == 2);
    CHECK(reader.tail().counters().lost_track == 0);
}

TEST_CASE("tail: several rotations while nobody looked") {
    for (const char* suffixes : {".1 .2 .3", "-20260301 -20260302 -20260303"}) {
        const TempDir dir;
        const fs::path log = dir / "ct.log";
        std::vector<std::string> names;
        std::istringstream in{suffixes};
        for (std::string name; in >> name;) names.push_back("ct.log" + name);
        append(log, "one\n");
        Reader reader{log};
        CHECK(reader.lines() == Lines{"one"});
        append(log, "two\n");
        fs::rename(log, dir / names[2]);
        set_time(dir / names[2], 1000);
        append(dir / names[1], "three\n");
        set_time(dir / names[1], 2000);
        append(dir / names[0], "four\nfive");
        set_time(dir / names[0], 3000);
        append(log, "six\n");
        append(dir / "ct.log.notes", "no rotation of it\n");
        append(dir / "ct.logistics", "no rotation of it\n");
        append(dir / "ct.err.log", "no rotation of it\n");
        append(dir / "ct.log.0.gz", "\x1F\x8B");
        reader.restart();
        CHECK(reader.lines() == Lines{"two", "three", "four", "five", "six"});
        CHECK(reader.tail().counters().compressed == 1);
        CHECK(reader.tail().counters().lost_track == 0);
        reader.restart();
        CHECK(reader.lines().empty());
    }
}

TEST_CASE("tail: a restart in the middle of rotated files goes on there") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\n");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    append(log, "two\nthree\n");
    fs::rename(log, dir / "ct-1.log");
    set_time(dir / "ct-1.log", 1000);
    append(log, "four\n");
    reader.restart();
    reader.tail().look(0);
    CHECK(*reader.tail().next_line() == "two");
    reader.saved = reader.tail().position();  // killed right after this was saved
    reader.restart();
    CHECK(reader.lines() == Lines{"three", "four"});
}

TEST_CASE("tail: copied and truncated while nobody looked") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\n");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    append(log, "two\n");
    fs::copy_file(log, dir / "ct.log.1");
    fs::resize_file(log, 0);
    append(log, "three, and more than stood there before\n");
    reader.restart();
    CHECK(reader.lines() == Lines{"two", "three, and more than stood there before"});
}

TEST_CASE("tail: another file in the place of ours, and ours nowhere") {
    const TempDir dir;
    const fs::path log = dir / "ct.log";
    append(log, "one\n");
    Reader reader{log};
    CHECK(reader.lines() == Lines{"one"});
    fs::remove(log);
    append(log, "ONE\nTWO\n");
    reader.restart();
    CHECK(reader.lines() == Lines{"ONE", "TWO"});
    CHECK(reader.tail().counters().lost_track == 1);
}

TEST_CASE("tail: what is no file is not read, and does not hang") {
    const TempDir dir;
    REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
    Reader fifo{dir / "fifo"};
    CHECK(fifo.lines().empty());
    CHECK(fifo.tail().counters().unreadable > 0);
    Reader folder{dir.path()};
    CHECK(folder.lines().empty());
    const fs::path log = dir / "long.log";
    append(log, "a\n" + std::string(100'000, 'x'));
    Reader reader{log};
    CHECK(reader.lines() == Lines{"a"});
    append(log, "y\nb\n");
    CHECK(reader.lines() == Lines{"b"});
    CHECK(reader.tail().counters().too_long == 1);
}
