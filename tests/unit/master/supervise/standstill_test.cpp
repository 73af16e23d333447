// SPDX-License-Identifier: MIT
#include "master/supervise/standstill.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "unit/master/supervise/captured_log.h"

namespace geventd::master {
namespace {

using namespace std::chrono_literals;

class StandstillTest : public testing::Test, public Standstill::Process {
  protected:
    void ask_for_stack(ipc::StackOf) override {
        ++stacks;
        ASSERT_EQ(::pwrite(file.get(), written.data(), written.size(), 0),
                  static_cast<ssize_t>(written.size()));
    }

    [[nodiscard]] char process_state() const override { return state; }

    [[nodiscard]] std::string subject() const override { return "the template (pid 42)"; }

    void open() { watch.open(duplicate(file.get())); }

    // Calls look() whenever the watch asks for it, as the master does.
    std::string said(Duration time) {
        capture_log();
        const TimePoint end = now + time;
        while (watch.next_look() <= end) {
            now = watch.next_look();
            watch.look(now);
        }
        now = end;
        return captured_log();
    }

    UniqueFd file = UniqueFd::adopt(::memfd_create("test", MFD_CLOEXEC));
    Standstill watch{*this};
    TimePoint now{1h};
    char state = 'S';
    std::string_view written = "  File \"app.py\", line 7 in load\n";
    int stacks = 0;
};

int count(const std::string& text, std::string_view word) {
    int found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++found;
    }
    return found;
}

TEST_F(StandstillTest, TellsWhereTheProcessStandsAndDoublesThePause) {
    open();
    watch.begin(now, "loading the application", {10s, 0s});
    EXPECT_EQ(said(9s), "");
    EXPECT_FALSE(watch.is_told());
    const std::string first = said(2s);
    EXPECT_NE(first.find("the template (pid 42) has been loading the application for 10.0 s; it "
                         "stands at:\n\t  File \"app.py\", line 7 in load"),
              std::string::npos)
        << first;
    EXPECT_TRUE(watch.is_told());
    EXPECT_EQ(said(8s), "");
    EXPECT_EQ(count(said(2s), "line 7"), 1) << "after 20 s";
    EXPECT_EQ(count(said(60s), "line 7"), 2) << "after 40 and 80 s";
}

TEST_F(StandstillTest, IsOverAtTheLimitWithTheStack) {
    open();
    watch.begin(now, "loading the application", {0s, 30s});
    EXPECT_EQ(said(29s), "");
    EXPECT_FALSE(watch.is_over());
    EXPECT_EQ(said(2s), "");
    EXPECT_TRUE(watch.is_over());
    EXPECT_EQ(watch.place(), "it stands at:\n" + std::string(written));
}

TEST_F(StandstillTest, AsksNoStackOfAStoppedProcess) {
    open();
    state = 'T';
    watch.begin(now, "busy", {0s, 10s});
    said(10s);
    EXPECT_TRUE(watch.is_over());
    EXPECT_EQ(stacks, 0);
    EXPECT_NE(watch.place().find("it is stopped (T"), std::string::npos);
}

TEST_F(StandstillTest, SaysThatAProcessTakesNoSignal) {
    open();
    written = "";
    watch.begin(now, "busy", {0s, 10s});
    said(12s);
    EXPECT_TRUE(watch.is_over());
    EXPECT_NE(watch.place().find("does not even take a signal"), std::string::npos);
}

TEST_F(StandstillTest, KnowsNoPlaceBeforePythonHasStarted) {
    watch.begin(now, "loading the application", {10s, 0s});
    EXPECT_NE(said(10s).find("its Python has not got so far"), std::string::npos);
    EXPECT_EQ(stacks, 0);
}

TEST_F(StandstillTest, EndsWhenItIsDone) {
    open();
    watch.begin(now, "loading the application", {10s, 20s});
    said(10s + 10ms);
    ASSERT_EQ(stacks, 1) << "it is being asked";
    watch.end();
    EXPECT_EQ(said(1h), "");
    EXPECT_FALSE(watch.is_over());
}

}  // namespace
}  // namespace geventd::master
