// SPDX-License-Identifier: MIT
#include "master/unix_signals.h"

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

class Recorder final : public UnixSignalListener {
  public:
    struct Seen {
        UnixAction action;
        pid_t sender;
    };

    void on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept override {
        seen.push_back({signal.action, sender});
    }

    std::vector<Seen> seen;
};

TEST(UnixSignals, TellOfEachSignalOfTheTableWithItsSender) {
    event::Loop loop;
    Recorder recorder;
    const UnixSignals signals(loop, recorder);
    for (const UnixSignal& signal : kUnixSignals) {
        recorder.seen.clear();
        ASSERT_EQ(::kill(::getpid(), signal.number), 0);
        loop.run_pending();
        ASSERT_EQ(recorder.seen.size(), 1U) << signal.name;
        EXPECT_EQ(recorder.seen[0].action, signal.action) << signal.name;
        EXPECT_EQ(recorder.seen[0].sender, ::getpid());
    }
}

TEST(UnixSignals, AreNamedAsTheKernelNamesThem) {
    std::set<int> numbers;
    for (const UnixSignal& signal : kUnixSignals) {
        EXPECT_EQ(signal.name, std::string("SIG") + ::sigabbrev_np(signal.number));
        EXPECT_TRUE(numbers.insert(signal.number).second) << signal.name << " stands there twice";
    }
}

TEST(UnixSignals, HaveAHelpLineUnlessTheyAreInternal) {
    for (const UnixSignal& signal : kUnixSignals) {
        EXPECT_EQ(signal.help.empty(), signal.action == UnixAction::Reap) << signal.name;
    }
}

TEST(UnixSignals, StandInTheManualAsTheyStandInTheTable) {
    std::ifstream file(DOCS_DIR "/unix-signals.md");
    std::vector<std::string> rows;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("| SIG", 0) == 0) {
            rows.push_back(line);
        }
    }
    std::vector<std::string> table;
    for (const UnixSignal& signal : kUnixSignals) {
        if (!signal.help.empty()) {
            table.push_back("| " + std::string(signal.name) + " | " + std::string(signal.help) +
                            " |");
        }
    }
    EXPECT_EQ(rows, table);
}

}  // namespace
}  // namespace geventd::master
