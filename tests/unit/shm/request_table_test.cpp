// SPDX-License-Identifier: MIT
#include "shm/request_table.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <stdexcept>

#include <gtest/gtest.h>

#include "shm/region.h"

namespace geventd::shm {
namespace {

constexpr TimePoint kThen{std::chrono::seconds(100)};

class RequestTableTest : public testing::Test {
  protected:
    void put(std::uint32_t core, std::string_view path) {
        table.put(core, {kThen, "id-1", "GET", path, {4, {192, 0, 2, 7}, {}}});
    }

    Region region = Region::create("test", RequestTable::size_for(1000));
    RequestTable table{region.data(), region.size()};
};

TEST_F(RequestTableTest, TellsWhichRequestsHaveJustComputed) {
    put(0, "/first");
    put(1, "/second");
    table.show_computing(1);
    auto entries = table.read();
    ASSERT_EQ(entries.size(), 2);
    EXPECT_FALSE(entries[0].computes);
    EXPECT_TRUE(entries[1].computes);
    EXPECT_EQ(entries[1].path, "/second");
    table.remove(1);
    put(1, "/third");
    entries = table.read();
    ASSERT_EQ(entries.size(), 2);
    EXPECT_FALSE(entries[1].computes);
}

TEST_F(RequestTableTest, TellsWhatOccupiesEachCore) {
    put(0, "/first");
    table.put(2, {kThen, "", "POST", "/third", {0, {}, "2001:db8::1"}});
    const auto entries = table.read();
    ASSERT_EQ(entries.size(), 2);
    EXPECT_EQ(entries[0].id, "id-1");
    EXPECT_EQ(entries[0].method, "GET");
    EXPECT_EQ(entries[0].path, "/first");
    EXPECT_EQ(entries[0].client, "192.0.2.7");
    EXPECT_EQ(entries[0].received, kThen);
    EXPECT_EQ(entries[1].core, 2);
    EXPECT_EQ(entries[1].method, "POST");
    EXPECT_EQ(entries[1].client, "2001:db8::1");
}

TEST_F(RequestTableTest, CountsWhatEachCoreHasBegun) {
    EXPECT_TRUE(table.begun().empty());
    put(0, "/");
    table.remove(0);
    put(0, "/");
    put(2, "/");
    EXPECT_EQ(table.begun(), (std::vector<std::uint64_t>{2, 0, 1}));
}

TEST_F(RequestTableTest, TellsWhatWaitsBehindWhatRuns) {
    table.put_waiting(0, {kThen, "id-2", "GET", "/first", {}});
    table.put_waiting(1, {kThen, "id-3", "GET", "/second", {}});
    table.put_waiting(RequestTable::kMostWaiting, {kThen, "id-4", "GET", "/too many", {}});
    table.set_waiting(2);
    put(7, "/running");
    auto entries = table.read();
    ASSERT_EQ(entries.size(), 3);
    EXPECT_EQ(entries[0].path, "/running");
    EXPECT_EQ(entries[1].path, "/first");
    EXPECT_EQ(entries[1].core, RequestTable::Entry::kNoCore);
    EXPECT_EQ(entries[2].path, "/second");
    table.set_waiting(1);
    table.put(3, {kThen, "id-2", "GET", "/first", {}});  // before the queue is written again
    entries = table.read();
    ASSERT_EQ(entries.size(), 2);
    EXPECT_EQ(entries[0].core, 3);
    EXPECT_EQ(entries[1].core, 7);
}

TEST_F(RequestTableTest, ForgetsARequestThatHasEnded) {
    put(0, "/first");
    put(1, "/second");
    table.remove(0);
    const auto entries = table.read();
    ASSERT_EQ(entries.size(), 1);
    EXPECT_EQ(entries[0].path, "/second");
}

TEST_F(RequestTableTest, ShowsAnInet6AddressAsText) {
    std::array<std::uint8_t, 16> loopback{};
    loopback[15] = 1;
    table.put(0, {kThen, "", "GET", "/", {16, loopback, {}}});
    EXPECT_EQ(table.read().at(0).client, "::1");
}

TEST_F(RequestTableTest, CutsWhatIsTooLong) {
    table.put(0, {kThen,
                  std::string(500, 'i'),
                  std::string(500, 'M'),
                  std::string(5000, 'p'),
                  {0, {}, std::string(500, 'c')}});
    const auto entry = table.read().at(0);
    EXPECT_EQ(entry.method, std::string(24, 'M'));
    EXPECT_EQ(entry.client, std::string(48, 'c'));
    EXPECT_EQ(entry.id, std::string(48, 'i'));
    EXPECT_EQ(entry.path, std::string(224 - 24 - 48 - 48, 'p'));
}

TEST_F(RequestTableTest, IgnoresCoresThatItHasNoRoomFor) {
    table.put(1000, {kThen, "", "GET", "/", {}});
    table.remove(1000);
    EXPECT_TRUE(table.read().empty());
}

TEST_F(RequestTableTest, RefusesMemoryThatIsNoTable) {
    EXPECT_THROW(RequestTable(region.data(), 100), std::runtime_error);
}

TEST_F(RequestTableTest, TouchesNoPageOfAnUnusedCore) {
    put(0, "/");
    ASSERT_EQ(table.read().size(), 1);
    std::vector<unsigned char> resident((region.size() + 4095) / 4096);
    ASSERT_EQ(::mincore(region.data(), region.size(), resident.data()), 0);
    int pages = 0;
    for (const unsigned char page : resident) {
        pages += page & 1;
    }
    EXPECT_EQ(pages, 1);
}

// Whatever the writer has written into it.
TEST_F(RequestTableTest, SurvivesNonsense) {
    std::memset(region.data(), 0xff, region.size());
    EXPECT_EQ(table.read().size(), 1000);
}

// A writer in another process, with a table of its own, fills an entry with paths that repeat one
// letter until it is killed.
int count_whole(const RequestTable& table, int looks) {
    int seen = 0;
    for (; looks > 0; --looks) {
        for (const auto& entry : table.read()) {
            EXPECT_EQ(entry.path, std::string(150, entry.path.at(0)));
            ++seen;
        }
    }
    return seen;
}

TEST(RequestTable, IsNeverSeenTornNotEvenWhenItsWriterIsKilled) {
    for (int round = 0; round < 20 && !testing::Test::HasFailure(); ++round) {
        const Region memory = Region::create("test", RequestTable::size_for(1));
        RequestTable written(memory.data(), memory.size());
        const pid_t writer = ::fork();
        ASSERT_GE(writer, 0);
        if (writer == 0) {
            for (char letter = 'a';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
                written.put(0, {kThen, "", "GET", std::string(150, letter), {}});
            }
        }
        while (count_whole(written, 1) == 0) {
        }
        EXPECT_GT(count_whole(written, 50'000), 0);
        ::kill(writer, SIGKILL);
        ::waitpid(writer, nullptr, 0);
        count_whole(written, 1);
    }
}

}  // namespace
}  // namespace geventd::shm
