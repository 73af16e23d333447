// SPDX-License-Identifier: MIT
#include "base/packet.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace geventd {

namespace {

/// Two ends of a line on which packets keep their borders.
class PacketTest : public ::testing::Test {
  protected:
    PacketTest() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        ours = UniqueFd::adopt(ends[0]);
        theirs = UniqueFd::adopt(ends[1]);
    }

    int send(std::string_view first, std::string_view second = {},
             std::span<const UniqueFd> fds = {}) {
        std::string parts[] = {std::string(first), std::string(second)};
        iovec pieces[] = {{parts[0].data(), parts[0].size()}, {parts[1].data(), parts[1].size()}};
        return send_packet(theirs.get(), pieces, fds);
    }

    Packet receive() {
        room.fill('\0');
        return receive_packet(ours.get(), room);
    }

    [[nodiscard]] std::string text(const Packet& packet) const {
        return {room.data(), static_cast<std::size_t>(packet.size)};
    }

    UniqueFd ours;
    UniqueFd theirs;
    std::array<char, 16> room{};
};

std::vector<UniqueFd> some_files(std::size_t count) {
    std::vector<UniqueFd> files;
    for (std::size_t i = 0; i < count; ++i) {
        files.push_back(UniqueFd::adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    }
    return files;
}

}  // namespace

TEST_F(PacketTest, SendsItsPiecesAsOne) {
    ASSERT_EQ(send("two ", "pieces"), 0);
    const Packet packet = receive();
    EXPECT_EQ(text(packet), "two pieces");
    EXPECT_FALSE(packet.cut);
    EXPECT_FALSE(packet.lost_fds);
    EXPECT_TRUE(packet.fds.empty());
    EXPECT_EQ(packet.sender, 0);
}

TEST_F(PacketTest, NeverWaits) {
    const Packet packet = receive();
    EXPECT_EQ(packet.size, -1);
    EXPECT_EQ(packet.error, EAGAIN);
    int error = 0;
    while (error == 0) {
        error = send("more and more");
    }
    EXPECT_EQ(error, EAGAIN);
}

TEST_F(PacketTest, SaysThatItHadMoreThanThereWasRoomFor) {
    ASSERT_EQ(send("longer than its room"), 0);
    const Packet packet = receive();
    EXPECT_EQ(text(packet), "longer than its ");
    EXPECT_TRUE(packet.cut);
}

TEST_F(PacketTest, PassesAsManyDescriptorsAsTheKernelTakes) {
    const auto files = some_files(kMostPassedFds);
    ASSERT_EQ(send("x", {}, files), 0);
    const Packet packet = receive();
    EXPECT_EQ(packet.fds.size(), kMostPassedFds);
    EXPECT_FALSE(packet.lost_fds);
    for (const UniqueFd& fd : packet.fds) {
        EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    }
}

TEST_F(PacketTest, TellsWhoSentItWhereThatIsAskedFor) {
    const int on = 1;
    ASSERT_EQ(::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    const auto files = some_files(1);
    ASSERT_EQ(send("x", {}, files), 0);
    const Packet packet = receive();
    EXPECT_EQ(packet.sender, ::getpid());
    EXPECT_EQ(packet.fds.size(), 1U);
}

TEST_F(PacketTest, AnEndThatHasLeftRaisesNoSignal) {
    ours.reset();
    EXPECT_EQ(send("x"), EPIPE);
}

TEST_F(PacketTest, WhatAnEndSaidIsReadThoughItLeftWithoutReading) {
    char byte = 'y';
    ASSERT_EQ(::send(ours.get(), &byte, 1, 0), 1);
    ASSERT_EQ(send("last words"), 0);
    theirs.reset();
    EXPECT_EQ(text(receive()), "last words");
    EXPECT_EQ(receive().size, 0);
}

}  // namespace geventd
