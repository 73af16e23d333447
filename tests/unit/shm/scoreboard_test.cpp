// SPDX-License-Identifier: MIT
#include "shm/scoreboard.h"

#include <unistd.h>

#include <cstddef>
#include <ctime>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/errno_error.h"
#include "shm/region.h"

namespace geventd::shm {
namespace {

TEST(Scoreboard, IsFoundAgainThroughAnotherMapping) {
    const Region region = Region::create("test", sizeof(Scoreboard));
    Scoreboard::format(region.data(), region.size()).slots[1023].requests.store(42);
    const Region other = Region::map(duplicate(region.fd()));
    EXPECT_EQ(Scoreboard::open(other.data(), other.size()).slots[1023].requests.load(), 42U);
}

TEST(Scoreboard, KnowsItsMaster) {
    const Region region = Region::create("test", sizeof(Scoreboard));
    const std::int64_t before = std::time(nullptr);
    const Scoreboard& board = Scoreboard::format(region.data(), region.size());
    EXPECT_EQ(board.master_pid.load(), ::getpid());
    EXPECT_GE(board.started.load(), before);
    EXPECT_EQ(board.serving.load() + board.used.load(), 0U);
}

TEST(Scoreboard, HasNoMoreSlotsThanThereAreWhateverItSays) {
    const Region region = Region::create("test", sizeof(Scoreboard));
    Scoreboard& board = Scoreboard::format(region.data(), region.size());
    board.used = 7;
    EXPECT_EQ(board.in_use(), 7U);
    board.used = 0xffff'ffff;
    EXPECT_EQ(board.in_use(), Scoreboard::kMaxSlots);
}

TEST(Scoreboard, HasASlotOnAPageOfItsOwn) {
    const Region region = Region::create("test", sizeof(Scoreboard));
    const Region mine = Region::map(duplicate(region.fd()), Region::Access::ReadOnly);
    Scoreboard& board = Scoreboard::open(mine.data(), mine.size());
    EXPECT_DEATH(board.slots[2].requests.store(1), "");
    mine.let_write(offsetof(Scoreboard, slots) + 2 * sizeof(WorkerSlot), sizeof(WorkerSlot));
    board.slots[2].requests.store(1);
    EXPECT_DEATH(board.slots[1].requests.store(1), "");
    EXPECT_DEATH(board.slots[3].requests.store(1), "");
    EXPECT_DEATH(board.serving.store(1), "");
    EXPECT_THROW(mine.let_write(mine.size(), 4096), ErrnoError);
}

TEST(Scoreboard, NeedsItsWholeSize) {
    const Region region = Region::create("test", sizeof(Scoreboard) - 64);
    EXPECT_THROW(Scoreboard::format(region.data(), region.size()), std::runtime_error);
}

TEST(WorkerSlot, IsZerosAfterAReset) {
    WorkerSlot slot{};
    slot.pid = 1;
    slot.cores_busy = 2;
    slot.background = 3;
    slot.requests = 4;
    slot.heartbeat = 5;
    slot.sent = slot.busy_time = slot.signals = 6;
    slot.spawned = 7;
    slot.worker = slot.respawns = slot.accepting = 8;
    slot.reset();
    EXPECT_EQ(slot.pid.load(), 0);
    EXPECT_EQ(slot.cores_busy.load() + slot.background.load(), 0U);
    EXPECT_EQ(slot.requests.load() + slot.heartbeat.load(), 0U);
    EXPECT_EQ(slot.sent.load() + slot.busy_time.load() + slot.signals.load(), 0U);
    EXPECT_EQ(slot.spawned.load(), 0);
    EXPECT_EQ(slot.worker.load() + slot.respawns.load() + slot.accepting.load(), 0U);
}

}  // namespace
}  // namespace geventd::shm
