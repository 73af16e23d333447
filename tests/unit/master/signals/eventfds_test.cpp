// SPDX-License-Identifier: MIT
#include "master/signals/eventfds.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

TEST(Eventfds, CountWhatIsPokedUntilTheyAreEmptied) {
    Eventfds eventfds;
    const int fd = eventfds.of(3);
    poke_unwaiting(fd);
    poke_unwaiting(fd);
    std::uint64_t count = 0;
    ASSERT_EQ(::read(fd, &count, sizeof count), 8);
    EXPECT_EQ(count, 2U);
    poke_unwaiting(fd);
    empty_unwaiting(fd);
    EXPECT_EQ(::read(fd, &count, sizeof count), -1);
}

// An application can do this to its copies, which share counter and flags.
TEST(Eventfds, AreNeverWaitedForWhateverAnotherProcessDoesToThem) {
    Eventfds eventfds;
    const int fd = eventfds.of(0);
    ASSERT_EQ(::fcntl(fd, F_SETFL, 0), 0);
    empty_unwaiting(fd);
    constexpr std::uint64_t kFull = 0xfffffffffffffffe;
    ASSERT_EQ(::write(fd, &kFull, sizeof kFull), 8);
    for (int i = 0; i < 3; ++i) {
        poke_unwaiting(fd);
    }
    empty_unwaiting(fd);
    poke_unwaiting(fd);
    std::uint64_t count = 0;
    ASSERT_EQ(::read(fd, &count, sizeof count), 8);
    EXPECT_EQ(count, 1U);
}

}  // namespace
}  // namespace geventd::master
