// SPDX-License-Identifier: MIT
#include "shm/failure_note.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace geventd::shm {
namespace {

TEST(FailureNote, IsNothingUntilThereIsOne) {
    FailureNote note{};
    EXPECT_FALSE(note.read());
    note.put(7, "GET /");
    ASSERT_TRUE(note.read());
    EXPECT_EQ(note.read()->at, 7);
    EXPECT_EQ(note.read()->text, "GET /");
    note.reset();
    EXPECT_FALSE(note.read());
}

TEST(FailureNote, OfTheSameTextIsStillAnother) {
    FailureNote note{};
    note.put(7, "x");
    const auto first = note.read();
    note.put(7, "x");
    EXPECT_NE(note.read()->mark, first->mark);
}

TEST(FailureNote, IsCutWhenItIsLong) {
    FailureNote note{};
    note.put(0, std::string(1'000, 'x'));
    EXPECT_EQ(note.read()->text, std::string(320, 'x'));
}

TEST(FailureNote, IsNeverReadInHalves) {
    FailureNote note{};
    std::atomic<bool> over = false;
    std::thread writer([&] {
        for (int round = 0; !over; ++round) {
            const int which = round % 26;
            note.put(which, std::string(static_cast<std::size_t>(which) * 10 + 1,
                                        static_cast<char>('a' + which)));
        }
    });
    int read = 0;
    while (read < 1'000) {
        if (const auto got = note.read()) {
            ++read;
            const auto which = static_cast<std::size_t>(got->at);
            EXPECT_EQ(got->text, std::string(which * 10 + 1, static_cast<char>('a' + got->at)));
        }
    }
    over = true;
    writer.join();
}

}  // namespace
}  // namespace geventd::shm
