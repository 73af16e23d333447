// SPDX-License-Identifier: MIT
#include "ipc/channel.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/closer.h"
#include "base/packet.h"
#include "tests/unit/many_descriptors.h"

namespace geventd::ipc {
namespace {

Message sample() {
    Message message;
    message.type = MessageType::Fork;
    message.role = Role::Check;
    message.slot = 17;
    message.worker = 3;
    message.generation = 5;
    message.value = 70;
    message.text = "two\nlines";
    return message;
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {UniqueFd::adopt(ends[0]), UniqueFd::adopt(ends[1])};
}

// A TCP socket whose last close() takes ten seconds, and the socket at its other end.
std::pair<UniqueFd, UniqueFd> make_lingering() {
    const UniqueFd listener = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* name = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), name, length), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), name, &length), 0);
    UniqueFd near = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(near.get(), name, length), 0);
    UniqueFd far = UniqueFd::adopt(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string bytes(65536, 'x');
    while (::send(near.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
    const linger patient{1, 10};
    EXPECT_EQ(::setsockopt(near.get(), SOL_SOCKET, SO_LINGER, &patient, sizeof patient), 0);
    return {std::move(near), std::move(far)};
}

bool is_quick(const std::chrono::steady_clock::time_point& begin) {
    return std::chrono::steady_clock::now() - begin < std::chrono::seconds(5);
}

TEST(Channel, CarriesEveryField) {
    auto [left, right] = Channel::make_pair();
    ASSERT_TRUE(left.send(sample()));
    Message got;
    ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
    EXPECT_EQ(got.type, MessageType::Fork);
    EXPECT_EQ(got.role, Role::Check);
    EXPECT_EQ(got.slot, 17U);
    EXPECT_EQ(got.worker, 3U);
    EXPECT_EQ(got.generation, 5U);
    EXPECT_EQ(got.value, 70U);
    EXPECT_EQ(got.text, "two\nlines");
    EXPECT_TRUE(got.fds.empty());
}

// As when a limit of another user, or the application's leaks, have used them up.
TEST(Channel, DeliversAMessageWhoseDescriptorsFindNoRoom) {
    auto [left, right] = Channel::make_pair();
    Message message = sample();
    message.fds.push_back(make_pipe().first);
    ASSERT_TRUE(left.send(message));
    message.fds.clear();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    Message got;
    const auto state = right.receive(got);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_EQ(state.value(), Channel::State::Message);
    EXPECT_EQ(got.text, "two\nlines");
    EXPECT_EQ(got.sender, ::getpid());
    EXPECT_TRUE(got.lost_fds);
    EXPECT_TRUE(got.fds.empty());
}

TEST(Channel, KeepsMessagesApartAndInOrder) {
    auto [left, right] = Channel::make_pair();
    for (std::uint32_t number = 0; number < 5; ++number) {
        Message message;
        message.value = number;
        ASSERT_TRUE(left.send(message));
    }
    for (std::uint32_t number = 0; number < 5; ++number) {
        Message got;
        ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
        EXPECT_EQ(got.value, number);
    }
    Message got;
    EXPECT_EQ(right.receive(got).value(), Channel::State::Empty);
}

TEST(Channel, PassesDescriptorsThatAreCloexec) {
    auto [left, right] = Channel::make_pair();
    auto [out, in] = make_pipe();
    Message message;
    message.fds.push_back(std::move(out));
    message.fds.push_back(duplicate(in.get()));
    ASSERT_TRUE(left.send(message));
    message.fds.clear();
    Message got;
    ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
    ASSERT_EQ(got.fds.size(), 2U);
    for (const UniqueFd& fd : got.fds) {
        EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    }
    ASSERT_EQ(::write(got.fds[1].get(), "x", 1), 1);
    std::array<char, 4> byte{};
    EXPECT_EQ(::read(got.fds[0].get(), byte.data(), byte.size()), 1);
}

TEST(Channel, CarriesMoreDescriptorsThanAPacketTakes) {
    const ManyDescriptors many(4096);
    for (const std::size_t count : {249U, 250U, 251U, 500U, 501U, 2000U}) {
        auto [left, right] = Channel::make_pair();
        auto [out, in] = make_pipe();
        Message message = sample();
        for (std::size_t i = 0; i + 1 < count; ++i) {
            message.fds.push_back(duplicate(out.get()));
        }
        message.fds.push_back(duplicate(in.get()));
        ASSERT_TRUE(left.send(message));
        Message got;
        ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
        EXPECT_EQ(got.text, message.text);
        ASSERT_EQ(got.fds.size(), count);
        ASSERT_EQ(::write(got.fds.back().get(), "x", 1), 1);
        EXPECT_EQ(right.receive(got).value(), Channel::State::Empty);
    }
}

// The flags are shared by all copies of both ends, wherever these are.
TEST(Channel, NeverWaitsWhateverAnotherProcessDoesToItsFlags) {
    auto [left, right] = Channel::make_pair();
    ASSERT_EQ(::fcntl(left.fd(), F_SETFL, 0), 0);
    Message got;
    EXPECT_EQ(left.receive(got).value(), Channel::State::Empty);
    while (left.send(Message{})) {
    }
    std::size_t part = 0;
    EXPECT_EQ(left.send(Message{}, part).value(), Channel::Sent::Full);
}

TEST(Channel, TheMakersEndCollectsNoDescriptorsOfSeveralPackets) {
    auto [ours, theirs] = Channel::make_pair();
    auto [out, in] = make_pipe();
    Message message = sample();
    for (int i = 0; i < 300; ++i) {
        message.fds.push_back(duplicate(out.get()));
    }
    ASSERT_TRUE(theirs.send(message));
    Message got;
    EXPECT_FALSE(ours.receive(got));
}

// Sends such a socket without keeping a copy; returns its other end.
UniqueFd send_lingering(Channel& channel) {
    auto [near, far] = make_lingering();
    Message message = sample();
    message.fds.push_back(std::move(near));
    EXPECT_TRUE(channel.send(message));
    return std::move(far);
}

// Once started, the closer stays, which does not affect the other tests.
TEST(Channel, WhatAPeerSendsAlongIsClosedWhereThatMayTakeLong) {
    closer::start();
    auto [ours, theirs] = Channel::make_pair();
    const UniqueFd far = send_lingering(theirs);
    const auto begin = std::chrono::steady_clock::now();
    Message got;
    ASSERT_EQ(ours.receive(got).value(), Channel::State::Message);
    closer::close(std::move(got.fds));
    EXPECT_TRUE(is_quick(begin));
}

TEST(Channel, LeavesUnreadMessagesToTheCloser) {
    closer::start();
    auto [ours, theirs] = Channel::make_pair();
    const UniqueFd far = send_lingering(theirs);
    const auto begin = std::chrono::steady_clock::now();
    ours.close();
    EXPECT_EQ(theirs.wait().value(), std::nullopt);
    EXPECT_FALSE(theirs.send(sample()));
    EXPECT_TRUE(is_quick(begin));
}

TEST(Channel, TakesAllThatCanComeAlongAlsoWithAPacketThatIsNoMessage) {
    auto [ours, theirs] = Channel::make_pair();
    auto [out, in] = make_pipe();
    std::vector<UniqueFd> fds;
    while (fds.size() < kMostPassedFds) {
        fds.push_back(duplicate(in.get()));
    }
    in.reset();
    for (const std::string& bytes : {std::string("hello"), std::string()}) {
        iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        ASSERT_EQ(send_packet(theirs.fd(), {&piece, 1}, fds), 0);
        Message got;
        [[maybe_unused]] const auto state = ours.receive(got);
        EXPECT_EQ(got.fds.size(), kMostPassedFds);
        EXPECT_FALSE(got.lost_fds);
    }
    fds.clear();
    char byte = 0;
    EXPECT_EQ(::read(out.get(), &byte, 1), 0);  // no other end is open any more
}

TEST(Channel, GoesOnWithAMessageWhenThereIsRoomAgain) {
    const ManyDescriptors many(2048);
    auto [left, right] = Channel::make_pair();
    auto [out, in] = make_pipe();
    std::size_t filled = 0;
    while (left.send(Message{})) {
        ++filled;
    }
    Message message = sample();
    for (int i = 0; i < 1000; ++i) {
        message.fds.push_back(duplicate(out.get()));
    }
    std::size_t part = 0;
    EXPECT_EQ(left.send(message, part).value(), Channel::Sent::Full);
    Message got;
    for (Channel::Sent sent = Channel::Sent::Full; sent == Channel::Sent::Full;) {
        ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
        --filled;
        sent = left.send(message, part).value();
    }
    for (; filled > 0; --filled) {
        ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
    }
    ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
    EXPECT_EQ(got.text, message.text);
    EXPECT_EQ(got.fds.size(), 1000U);
}

TEST(Channel, NamesTheProcessThatSent) {
    auto [left, right] = Channel::make_pair();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(left.send(Message{}) ? 0 : 1);
    }
    Message got;
    const auto message = right.wait();
    ASSERT_TRUE(message && *message);
    EXPECT_EQ((*message)->sender, child);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(Channel, CutsATextThatIsTooLong) {
    auto [left, right] = Channel::make_pair();
    Message message;
    message.text.assign(kMaxText + 1000, 't');
    ASSERT_TRUE(left.send(message));
    Message got;
    ASSERT_EQ(right.receive(got).value(), Channel::State::Message);
    EXPECT_EQ(got.text, std::string(kMaxText, 't'));
}

TEST(Channel, SaysThatThePeerIsGone) {
    auto [left, right] = Channel::make_pair();
    ASSERT_TRUE(left.send(Message{}));
    left.release().reset();
    Message got;
    EXPECT_EQ(right.receive(got).value(), Channel::State::Message);
    EXPECT_EQ(right.receive(got).value(), Channel::State::Closed);
    EXPECT_EQ(right.wait().value(), std::nullopt);
    EXPECT_FALSE(right.send(Message{}));
}

TEST(Channel, SaysClosedWhenThePeerLeftWithMessagesUnread) {
    auto [left, right] = Channel::make_pair();
    ASSERT_TRUE(right.send(Message{}));
    left.release().reset();
    Message got;
    EXPECT_EQ(right.receive(got).value(), Channel::State::Closed);
}

TEST(Channel, HandsOutTheLastWordsOfAPeerThatLeftWithMessagesUnread) {
    auto [ours, theirs] = Channel::make_pair();
    Message message;
    ASSERT_TRUE(ours.send(message));
    message.text = "last words";
    ASSERT_TRUE(theirs.send(message));
    theirs.release().reset();
    Message received;
    EXPECT_EQ(ours.receive(received), Channel::State::Message);
    EXPECT_EQ(received.text, "last words");
    EXPECT_EQ(ours.receive(received), Channel::State::Closed);
}

TEST(Channel, RefusesBytesThatAreNoMessage) {
    auto [left, right] = Channel::make_pair();
    ASSERT_EQ(::send(left.fd(), "hello", 5, 0), 5);
    Message got;
    EXPECT_FALSE(right.receive(got));
    ASSERT_TRUE(left.send(sample()));
    EXPECT_EQ(right.receive(got).value(), Channel::State::Message);
}

TEST(Channel, FailsInsteadOfBlockingWhenNobodyReads) {
    auto [left, right] = Channel::make_pair();
    Message message;
    message.text.assign(kMaxText, 't');
    Result<void> sent;
    for (int count = 0; count < 1000 && sent; ++count) {
        sent = left.send(message);
    }
    EXPECT_FALSE(sent);
}

TEST(Channel, WaitsForRoomWhereAMessageMustGetThrough) {
    auto [left, right] = Channel::make_pair();
    while (left.send(Message{})) {
    }
    EXPECT_FALSE(left.send_within(1, sample()));
    std::thread reader([&end = right] {
        for (Message got; got.type != MessageType::Fork;) {
            const auto message = end.wait();
            ASSERT_TRUE(message && *message);
            got.type = (*message)->type;
        }
    });
    EXPECT_TRUE(left.send_within(60'000, sample()));
    reader.join();
}

}  // namespace
}  // namespace geventd::ipc
