// SPDX-License-Identifier: MIT
// What the master shows of workers that have written arbitrary values into their shared memory.
#include <cstdint>
#include <random>
#include <regex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "master/observe/failures.h"
#include "master/observe/history.h"
#include "master/status/prometheus.h"
#include "master/status/requests_json.h"
#include "master/status/status_json.h"
#include "master/status/uwsgi_stats.h"
#include "unit/master/supervise/seen_worker.h"

namespace geventd::master {
namespace {

class Damage : public testing::Test {
  protected:
    void overwrite(void* memory, std::size_t size) {
        auto* words = static_cast<std::uint64_t*>(memory);
        const bool whole = random_() % 2 == 0;
        const std::size_t count = size / sizeof(std::uint64_t);
        for (std::size_t write = 0; write < (whole ? count : 60); ++write) {
            words[whole ? write : random_() % count] = random_() >> (random_() % 64);
        }
    }

    Status look() {
        const TimePoint now = Clock::now();
        Status status;
        status.generations.resize(1);
        status.generations[0].number = 1;
        status.generations[0].state = "serving";
        status.generations[0].workers = {worker_.handle->status(now)};
        time_ += std::chrono::seconds(1);
        history_.add(status.generations, time_, std::chrono::system_clock::now());
        failures_.look(status.generations);
        history_.complete(status);
        status.failures = failures_.newest();
        worker_.handle->insight()->look_at_hub(time_);
        return status;
    }

    std::vector<RequestStatus> requests() {
        std::vector<RequestStatus> requests;
        for (auto& entry : worker_.handle->insight()->requests()) {
            requests.push_back({1, 1, 42, Clock::now() - entry.received, std::move(entry)});
        }
        return requests;
    }

    std::mt19937_64 random_{7};
    FakeWorld world_;
    SeenWorker worker_{world_, 1};
    History history_{world_.slots.board()};
    Failures failures_{world_.slots.board()};
    TimePoint time_ = Clock::now();
};

TEST_F(Damage, LeavesDocumentsValid) {
    const std::regex sample("[a-z_]+(\\{[^}]*\\})? [-+.e0-9]+");
    for (int round = 0; round < 500; ++round) {
        auto& slot = world_.slots.board().slots[worker_.handle->slot()];
        overwrite(&slot, sizeof slot);
        overwrite(worker_.region.data(), worker_.region.size());
        const Status status = look();
        const auto requests = this->requests();
        EXPECT_NO_THROW(
            nlohmann::json::parse(format_status_json(status, std::chrono::system_clock::now())));
        EXPECT_NO_THROW(nlohmann::json::parse(format_history_json(history_.points(), 0)));
        EXPECT_NO_THROW(nlohmann::json::parse(format_requests_json(requests, 100)));
        EXPECT_NO_THROW(nlohmann::json::parse(
            format_uwsgi_stats(status, {worker_.handle->insight()->cores()})));
        const std::string metrics = format_prometheus(status);
        for (std::size_t at = 0, end = 0; (end = metrics.find('\n', at)) != std::string::npos;
             at = end + 1) {
            const std::string line = metrics.substr(at, end - at);
            ASSERT_TRUE(line[0] == '#' || std::regex_match(line, sample)) << line;
        }
    }
}

TEST_F(Damage, OfCountersIsForgottenWithTheNextLook) {
    auto& slot = world_.slots.board().slots[worker_.handle->slot()];
    slot.requests = 10;
    look();
    slot.requests = 0xffff'ffff'ffff'fff0;
    slot.busy_time = 0x7fff'ffff'ffff'ffff;
    look();
    slot.requests = 3;
    slot.busy_time = 0;
    look();
    slot.requests = 5;
    const Status status = look();
    EXPECT_LE(status.traffic.rate, 20);
    EXPECT_EQ(status.traffic.ended.microseconds, 0U);
}

TEST_F(Damage, OfAnAnswerHasTheHubAskedAgain) {
    auto& slot = world_.slots.board().slots[worker_.handle->slot()];
    worker_.handle->insight()->look_at_hub(time_);
    slot.hub_answered = -1;
    slot.hub_asked = 12345;
    time_ += std::chrono::seconds(1);
    worker_.handle->insight()->look_at_hub(time_);
    EXPECT_NE(slot.hub_asked.load(), 12345);
    slot.hub_answered.store(slot.hub_asked.load());
    EXPECT_EQ(worker_.handle->insight()->hub().silence(time_), Duration::zero());
}

}  // namespace
}  // namespace geventd::master
