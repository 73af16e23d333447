// SPDX-License-Identifier: MIT
#include "shm/scoreboard.h"

#include <unistd.h>

#include <ctime>
#include <set>
#include <stdexcept>
#include <string_view>

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
    mine.let_write(Scoreboard::place_of(2), sizeof(WorkerSlot));
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
    slot.spawned = slot.hub_asked = slot.hub_answered = slot.hub_blocked = 2;
    slot.worker = slot.respawns = slot.hub_over = slot.generation = 3;
    for_each_worker_figure([](const FigureInfo&, auto& figure) { figure = 4; }, slot);
    EXPECT_EQ(slot.requests.load(), 4U);
    slot.reset();
    EXPECT_EQ(slot.pid.load(), 0);
    EXPECT_EQ(slot.spawned + slot.hub_asked + slot.hub_answered + slot.hub_blocked, 0);
    EXPECT_EQ(slot.worker + slot.respawns + slot.hub_over + slot.generation, 0U);
    for_each_worker_figure([](const FigureInfo& info,
                              const auto& figure) { EXPECT_EQ(figure.load(), 0U) << info.metric; },
                           slot);
}

TEST(WorkerFigures, AreAllInTheTable) {
    std::size_t bytes = 0;
    std::set<std::string_view> names;
    WorkerFigures<Plain> figures;
    for_each_worker_figure(
        [&](const FigureInfo& info, const auto& figure) {
            bytes += sizeof figure;
            names.insert(info.metric);
            EXPECT_EQ(info.metric.ends_with("_total"), info.kind == FigureInfo::Kind::Counter);
            EXPECT_FALSE(info.help.empty());
        },
        figures);
    EXPECT_LT(sizeof figures - bytes, alignof(decltype(figures)));  // padding behind the flags
    EXPECT_EQ(names.size(), 31U);
}

}  // namespace
}  // namespace geventd::shm
