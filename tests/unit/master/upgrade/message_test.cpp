// SPDX-License-Identifier: MIT
#include "master/upgrade/message.h"

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "master/upgrade/signal_mail.h"
#include "tests/unit/many_descriptors.h"

namespace geventd::master {
namespace {

TEST(UpgradeMessage, IsTextThatStandsForItself) {
    UpgradeMessage message;
    message.type = "begin";
    message.fields = {{"pid", "12"}, {"control", "/a: b"}};
    message.body = std::string("x\0\n\ny", 5);
    const std::string bytes = format_upgrade_message(message);
    EXPECT_EQ(bytes.substr(0, bytes.size() - 5),
              "geventd-upgrade 1 begin\ncontrol: /a: b\npid: 12\n\n");
    const auto parsed = parse_upgrade_message(bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->type, "begin");
    EXPECT_EQ(parsed->fields, message.fields);
    EXPECT_EQ(parsed->body, message.body);
    EXPECT_EQ(parsed->number("pid"), 12);
    EXPECT_EQ(parsed->number("missing"), 0);
}

TEST(UpgradeMessage, AnotherVersionAndHalfAMessageAreRefused) {
    EXPECT_FALSE(parse_upgrade_message("geventd-upgrade 2 begin\n\n"));
    EXPECT_FALSE(parse_upgrade_message("geventd-upgrade 1 begin\npid: 1\n"));
    EXPECT_FALSE(parse_upgrade_message(""));
}

TEST(UpgradeMessage, WhatIsNotKnownIsLeftAlone) {
    const auto parsed = parse_upgrade_message("geventd-upgrade 1 new\nstrange\nkey: 1\n\n");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->fields.size(), 1U);
}

TEST(UpgradeLine, CarriesDescriptorsAndTellsTheEnd) {
    auto [left, right] = UpgradeLine::make_pair();
    UpgradeMessage message;
    message.type = "take-over";
    message.fds.push_back(UniqueFd::adopt(::dup(STDERR_FILENO)));
    ASSERT_EQ(left.send(message), UpgradeLine::Sent::Yes);
    left.close();
    UpgradeMessage got;
    ASSERT_EQ(right.receive(got), UpgradeLine::Received::Message);
    EXPECT_EQ(got.fds.size(), 1U);
    EXPECT_EQ(right.receive(got), UpgradeLine::Received::Closed);
    EXPECT_EQ(right.send(message), UpgradeLine::Sent::Gone);
}

TEST(UpgradeLine, CarriesABodyOfAnySize) {
    for (const std::size_t size : {64UL << 10, (64UL << 10) + 1, 10UL << 20}) {
        auto [left, right] = UpgradeLine::make_pair();
        UpgradeMessage message;
        message.type = "take-over";
        message.fields["paused"] = "1";
        message.body.assign(size, 'x');
        message.fds.push_back(UniqueFd::adopt(::dup(STDERR_FILENO)));
        ASSERT_EQ(left.send(message), UpgradeLine::Sent::Yes);
        UpgradeMessage got;
        ASSERT_EQ(right.receive(got), UpgradeLine::Received::Message);
        EXPECT_EQ(got.type, "take-over");
        EXPECT_EQ(got.fields, message.fields);
        EXPECT_EQ(got.body, message.body);
        EXPECT_EQ(got.fds.size(), 1U);
    }
}

TEST(UpgradeLine, CarriesMoreDescriptorsThanAPacketTakes) {
    const ManyDescriptors many(2048);
    for (const std::size_t count : {252U, 253U, 1000U}) {
        auto [left, right] = UpgradeLine::make_pair();
        UpgradeMessage message;
        message.type = "begin";
        message.fields["pid"] = "12";
        for (std::size_t i = 0; i < count; ++i) {
            message.fds.push_back(UniqueFd::adopt(::dup(STDERR_FILENO)));
        }
        ASSERT_EQ(left.send(message), UpgradeLine::Sent::Yes);
        UpgradeMessage got;
        ASSERT_EQ(right.receive(got), UpgradeLine::Received::Message);
        EXPECT_EQ(got.type, "begin");
        EXPECT_EQ(got.number("pid"), 12);
        EXPECT_EQ(got.fds.size(), count);
        EXPECT_EQ(right.receive(got), UpgradeLine::Received::Empty);
    }
}

TEST(UpgradeLine, EndsWhenThereIsNoRoomForWhatIsHandedOver) {
    auto [left, right] = UpgradeLine::make_pair();
    UpgradeMessage message;
    message.type = "begin";
    message.fds.push_back(duplicate(STDERR_FILENO));
    ASSERT_EQ(left.send(message), UpgradeLine::Sent::Yes);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    UpgradeMessage got;
    const auto received = right.receive(got);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(received, UpgradeLine::Received::Closed);
}

TEST(SignalMail, KeepsEverythingThatASignalIs) {
    const std::string payload("a\0b", 3);
    shm::SignalClaim signal;
    signal.routing = {17, true, {shm::TargetKind::Copy, 3}, 2};
    signal.sent_at = 1'234'567'890'123;
    signal.attempts = 2;
    signal.repeats = 5;
    signal.sender_pid = 4321;
    signal.payload = std::as_bytes(std::span(payload.data(), payload.size()));
    const auto sent = parse_upgrade_message(format_upgrade_message(format_signal(9, signal)));
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->number("id"), 9);
    const auto got = parse_signal(*sent);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->routing.pack(), signal.routing.pack());
    EXPECT_EQ(got->sent_at, signal.sent_at);
    EXPECT_EQ(got->attempts, 2);
    EXPECT_EQ(got->repeats, 5U);
    EXPECT_EQ(got->sender_pid, 4321);
    EXPECT_EQ(sent->body, payload);
}

TEST(SignalMail, ASignalWithoutANumberIsRefused) {
    for (const char* number : {"", "256", "-1"}) {
        UpgradeMessage message;
        message.fields["number"] = number;
        EXPECT_FALSE(parse_signal(message)) << number;
    }
}

}  // namespace
}  // namespace geventd::master
