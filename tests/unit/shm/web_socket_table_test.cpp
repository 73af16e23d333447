// SPDX-License-Identifier: MIT
#include "shm/web_socket_table.h"

#include <chrono>
#include <stdexcept>

#include <gtest/gtest.h>

#include "shm/region.h"

namespace geventd::shm {
namespace {

constexpr TimePoint kThen{std::chrono::seconds(1)};

class WebSocketTableTest : public testing::Test {
  protected:
    void put(std::uint32_t place, std::string_view path) {
        table.put(place, {kThen, "id-1", "GET", path, {4, {192, 0, 2, 7}, {}}});
    }

    Region region = Region::create("test", WebSocketTable::size_for(100));
    WebSocketTable table{region.data(), region.size(), 100};
};

TEST_F(WebSocketTableTest, TellsWhoTheyAreAndWhatTheyHaveCarried) {
    put(0, "/first");
    put(99, "/last");
    table.show(99, {1, 2, 30, 40, 5});
    const auto entries = table.read();
    ASSERT_EQ(entries.size(), 2);
    EXPECT_EQ(entries[0].request.path, "/first");
    EXPECT_EQ(entries[0].traffic.bytes_in, 0);
    EXPECT_EQ(entries[1].request.path, "/last");
    EXPECT_EQ(entries[1].request.client, "192.0.2.7");
    EXPECT_EQ(entries[1].request.received, kThen);
    EXPECT_EQ(entries[1].traffic.messages_in, 1);
    EXPECT_EQ(entries[1].traffic.messages_out, 2);
    EXPECT_EQ(entries[1].traffic.bytes_in, 30);
    EXPECT_EQ(entries[1].traffic.bytes_out, 40);
    EXPECT_EQ(entries[1].traffic.unsent, 5);
}

TEST_F(WebSocketTableTest, BeginsAnewAtAPlaceThatWasUsed) {
    put(3, "/first");
    table.show(3, {1, 1, 1, 1, 1});
    table.remove(3);
    EXPECT_TRUE(table.read().empty());
    put(3, "/second");
    const auto entries = table.read();
    ASSERT_EQ(entries.size(), 1);
    EXPECT_EQ(entries[0].request.path, "/second");
    EXPECT_EQ(entries[0].traffic.messages_in, 0);
}

TEST_F(WebSocketTableTest, IgnoresPlacesThatItHasNoRoomFor) {
    put(100, "/");
    table.show(100, {1, 1, 1, 1, 1});
    table.remove(100);
    EXPECT_TRUE(table.read().empty());
}

TEST_F(WebSocketTableTest, RefusesMemoryThatIsNoTable) {
    EXPECT_THROW(WebSocketTable(region.data(), region.size() - 1, 100), std::runtime_error);
    EXPECT_THROW(WebSocketTable(region.data(), region.size(), 99), std::runtime_error);
}

}  // namespace
}  // namespace geventd::shm
