// SPDX-License-Identifier: MIT
#include "master/upgrade/signal_courier.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "master/upgrade/signal_mail.h"
#include "shm/signal_recovery.h"
#include "shm/signal_region.h"
#include "shm/signal_writer.h"

namespace geventd::master {
namespace {

class SignalCourierTest : public testing::Test {
  protected:
    SignalCourierTest() {
        registry.begin(1);
        recovery.hand_out(1, 1, 1);
        registry.add(1, 5, {shm::TargetKind::Any, 0});
        recovery.serve(1);
    }

    void send(int count) {
        for (int i = 0; i < count; ++i) {
            ASSERT_EQ(writer.send({5, {}, false}, 1), shm::SendResult::Accepted);
        }
    }

    // Answers everything that has arrived with `word`; returns what arrived.
    std::vector<std::string> answer_all(const std::string& word) {
        std::vector<std::string> ids;
        UpgradeMessage message;
        while (theirs.receive(message) == UpgradeLine::Received::Message) {
            UpgradeMessage reply;
            reply.type = word;
            reply.fields["id"] = std::string(message.text("id"));
            ids.push_back(reply.fields["id"]);
            courier.on_reply(reply);
        }
        return ids;
    }

    shm::SignalRegion region = shm::SignalRegion::create({1024, 4096, 1});
    shm::SignalWaker waker{region.signals(), {}, nullptr};
    shm::SignalRegistry registry{region.signals()};
    shm::SignalRecovery recovery{region.signals(), waker, 3};
    shm::SignalWriter writer{region.signals(), shm::kMasterProcess, waker};
    SignalCourier courier{region.signals()};
    std::pair<UpgradeLine, UpgradeLine> line = UpgradeLine::make_pair();
    UpgradeLine& ours = line.first;
    UpgradeLine& theirs = line.second;
};

TEST_F(SignalCourierTest, CarriesEachSignalOnceUntilNoneIsLeft) {
    send(200);
    std::set<std::string> carried;
    courier.carry(ours);
    EXPECT_FALSE(courier.is_idle());
    while (!courier.is_idle()) {
        for (const std::string& id : answer_all("accepted")) {
            EXPECT_TRUE(carried.insert(id).second);
        }
        courier.carry(ours);
    }
    EXPECT_EQ(carried.size(), 200U);
    EXPECT_EQ(courier.carried(), 200U);
}

TEST_F(SignalCourierTest, ARefusedOneWaitsAndIsTriedAgain) {
    send(1);
    courier.carry(ours);
    EXPECT_EQ(answer_all("refused").size(), 1U);
    courier.carry(ours);
    EXPECT_EQ(answer_all("accepted").size(), 1U);
    courier.carry(ours);
    courier.carry(ours);
    EXPECT_TRUE(courier.is_idle());
}

TEST_F(SignalCourierTest, WhatIsOnItsWayToADeadMasterWaitsInTheOldTable) {
    send(3);
    courier.carry(ours);
    courier.put_all_back();
    shm::SignalExport left(region.signals());
    int waiting = 0;
    while (left.next()) {
        ++waiting;
    }
    EXPECT_EQ(waiting, 3);
}

}  // namespace
}  // namespace geventd::master
