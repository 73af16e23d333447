// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>

#include "signal_support.h"

// Workers that send signals to each other and handle what they get; one of them is killed every few
// milliseconds. The ledger is outside the table, a byte for each id. GEVENTD_SOAK=seconds makes it
// longer.

namespace geventd::shm {
namespace {

constexpr unsigned kWorkers = 4;
constexpr std::uint32_t kIds = 8 << 20;  // for each worker
constexpr SignalShape kShape{kWorkers + 1, 1024, 256 << 10};
constexpr std::uint64_t kFewestAccepted = 1000;
constexpr unsigned kFewestKills = 10;

struct Entry {
    std::atomic<std::uint8_t> accepted;
    std::atomic<std::uint8_t> began;
    std::atomic<std::uint8_t> finished;
    std::atomic<std::uint8_t> wrong;  ///< ran although finished, or had a torn payload
};

struct Books {
    std::atomic<std::uint32_t> next[kWorkers];
    std::atomic<std::uint64_t> accepted;  ///< entered below before
    std::atomic<std::uint64_t> refused;
    Entry entries[kWorkers][kIds];
};

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

class SoakWorker {
  public:
    SoakWorker(SignalFamily& family, Books& books, unsigned process)
        : family_(family),
          books_(books),
          process_(process),
          claimer_(family.table, process),
          writer_(family.table, process, *family.waker) {
        family.registry.add(process, SignalFamily::kNumber, {});
        claimer_.accept(true);
    }

    [[noreturn]] void run() {
        for (;;) {
            for (int burst = 0; burst < 20; ++burst) {
                send();
            }
            for (int burst = 0; burst < 40 && handle(); ++burst) {
            }
        }
    }

  private:
    void send() {
        const unsigned mine = process_ - 1;
        const std::uint32_t number = books_.next[mine].fetch_add(1);
        if (number >= kIds) {
            return;
        }
        const std::uint64_t id = std::uint64_t{mine} << 32 | number;
        std::byte payload[200];
        std::memset(payload, static_cast<int>(number & 0xff), sizeof payload);
        std::memcpy(payload, &id, sizeof id);
        const std::size_t size = 8 + number % 193;
        const SendResult result =
            writer_.send({SignalFamily::kNumber, std::span(payload).first(size), false}, now());
        if (result == SendResult::Accepted) {
            books_.entries[mine][number].accepted.store(1);
            books_.accepted.fetch_add(1);
        } else {
            books_.refused.fetch_add(1);
        }
    }

    /// False: there was no signal for a while.
    bool handle() {
        std::optional<SignalClaim> claim = claimer_.claim();
        if (!claim) {
            if (!claimer_.prepare_to_wait()) {
                return true;
            }
            pollfd ready{family_.eventfds[process_], POLLIN, 0};
            ::poll(&ready, 1, 1);
            family_.woken(process_);
            return false;
        }
        const std::uint64_t id = id_of(*claim);
        const auto number = static_cast<std::uint32_t>(id);
        Entry& entry = books_.entries[(id >> 32) % kWorkers][number % kIds];
        claimer_.begin(*claim);
        if (entry.finished.load() != 0 || claim->payload.size() != 8 + number % 193 ||
            !filled(claim->payload.subspan(8), number)) {
            entry.wrong.store(1);
        }
        entry.began.store(1);
        claimer_.finish(*claim, false);
        entry.finished.store(1);
        return true;
    }

    static bool filled(std::span<const std::byte> payload, std::uint32_t number) {
        for (const std::byte byte : payload) {
            if (byte != static_cast<std::byte>(number & 0xff)) {
                return false;
            }
        }
        return true;
    }

    SignalFamily& family_;
    Books& books_;
    unsigned process_;
    SignalClaimer claimer_;
    SignalWriter writer_;
};

class Soak {
  public:
    Soak()
        : memory_(sizeof(Books)),
          books_(*static_cast<Books*>(memory_.data())),
          family_(kShape),
          watch_(family_.table, *family_.waker) {}

    void run(std::chrono::milliseconds length) {
        for (unsigned process = 1; process <= kWorkers; ++process) {
            start(process);
        }
        const auto end = std::chrono::steady_clock::now() + length;
        while (std::chrono::steady_clock::now() < end || !has_done_enough()) {
            ::poll(nullptr, 0, static_cast<int>(random_() % 8));
            watch_.tick(now());
            kill_and_reap(1 + static_cast<unsigned>(random_() % kWorkers), true);
        }
        for (unsigned process = 1; process <= kWorkers; ++process) {
            kill_and_reap(process, false);
        }
    }

    void settle() {
        family_.recovery->hand_out(1, 1, 1);
        family_.registry.add(1, SignalFamily::kNumber, {});
        SignalClaimer last(family_.table, 1);
        last.accept(true);
        for (const auto& [id, times] : drain(last)) {
            Entry& entry = books_.entries[id >> 32][static_cast<std::uint32_t>(id)];
            wrong_ += entry.finished.load() != 0 || times != 1 ? 1 : 0;
            entry.began.store(1);
        }
    }

    void report() {
        std::uint64_t accepted = 0;
        std::uint64_t lost = 0;
        for (unsigned worker = 0; worker < kWorkers; ++worker) {
            const std::uint32_t end = std::min(books_.next[worker].load(), kIds);
            for (std::uint32_t number = 0; number < end; ++number) {
                const Entry& entry = books_.entries[worker][number];
                accepted += entry.accepted.load();
                wrong_ += entry.wrong.load();
                lost += entry.accepted.load() != 0 && entry.began.load() == 0 ? 1 : 0;
            }
        }
        const SignalFigures figures = read_statistics(family_.table)[SignalFamily::kNumber];
        std::printf("%u kills, %lu accepted, %lu refused, %u redelivered, %lu set aside\n", kills_,
                    accepted, books_.refused.load(), redelivered_, set_aside_);
        EXPECT_GT(accepted, kFewestAccepted);
        EXPECT_GT(kills_, kFewestKills);
        EXPECT_EQ(lost, 0U);
        EXPECT_EQ(wrong_, 0U);
        EXPECT_EQ(figures.waiting + figures.running, 0U);
    }

  private:
    // A slow machine does little in a given time.
    [[nodiscard]] bool has_done_enough() const {
        return ::testing::Test::HasFatalFailure() ||
               (kills_ > kFewestKills && books_.accepted.load() > kFewestAccepted);
    }

    void start(unsigned process) {
        family_.recovery->hand_out(process, 1, process);
        pids_[process] = ::fork();
        if (pids_[process] == 0) {
            SoakWorker(family_, books_, process).run();
        }
    }

    void kill_and_reap(unsigned process, bool again) {
        ::kill(pids_[process], SIGKILL);
        ASSERT_EQ(::waitpid(pids_[process], nullptr, 0), pids_[process]);
        ++kills_;
        const Reaped reaped = family_.recovery->reap(process);
        redelivered_ += reaped.redelivered;
        set_aside_ += reaped.set_aside.size();
        if (again) {
            start(process);
        }
    }

    SharedMemory memory_;
    Books& books_;
    SignalFamily family_;
    SignalWatch watch_;
    std::mt19937 random_{20261123};
    pid_t pids_[kWorkers + 1] = {};
    unsigned kills_ = 0;
    unsigned redelivered_ = 0;
    std::uint64_t set_aside_ = 0;
    std::uint64_t wrong_ = 0;
};

TEST(SignalSoak, RandomKillsLoseNothingAndRepeatNothingDone) {
    const char* seconds = std::getenv("GEVENTD_SOAK");
    Soak soak;
    soak.run(std::chrono::milliseconds(seconds == nullptr ? 700 : 1000 * std::atoi(seconds)));
    soak.settle();
    soak.report();
}

}  // namespace
}  // namespace geventd::shm
