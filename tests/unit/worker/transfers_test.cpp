// SPDX-License-Identifier: MIT
#include "worker/files/transfers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <optional>

#include "file_folder.h"
#include "worker/files/closing.h"

namespace geventd::worker {
namespace {

constexpr std::size_t kSize = 3 << 20;

// One client, and the owner of the transfer to it.
class Client final : public Transfer::Owner {
  public:
    explicit Client(int file) : file_(file) {
        std::array<int, 2> ends{};
        ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
        fd = UniqueFd::adopt(ends[0]);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        stream_.emplace_back(UniqueFd::adopt(ends[1]));
    }

    void begin(Transfers& transfers, std::uint64_t left = kSize, Transfer::Terms terms = ever()) {
        auto transfer = std::make_unique<Transfer>(Transfer{.owner = *this,
                                                            .stream = stream_.front(),
                                                            .file = file_,
                                                            .offset = 0,
                                                            .left = left,
                                                            .terms = terms});
        ASSERT_TRUE(transfers.begin(transfer));
    }

    void on_transferred(const Transfer& transfer) noexcept override {
        ended = true;
        sent = transfer.sent;
        failed = transfer.failed;
        error = transfer.error;
    }

    // Reads that many bytes, or all.
    std::size_t read(std::size_t most) {
        std::array<char, 65536> buffer{};
        std::size_t got = 0;
        while (got < most) {
            const ssize_t more =
                ::read(fd.get(), buffer.data(), std::min(buffer.size(), most - got));
            if (more <= 0) {
                break;
            }
            got += static_cast<std::size_t>(more);
        }
        return got;
    }

    static Transfer::Terms ever() { return {.pause = Duration::max()}; }

    UniqueFd fd;
    bool ended = false;
    bool failed = false;
    int error = 0;
    std::uint64_t sent = 0;

  private:
    int file_;
    std::vector<net::Stream> stream_;
};

class TransfersTest : public testing::Test {
  protected:
    TransfersTest() {
        folder.write("file", std::string(kSize, 'x'));
        file = UniqueFd::adopt(::open(folder.path("file").c_str(), O_RDONLY | O_CLOEXEC));
        woken = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC));
    }

    ~TransfersTest() override { transfers.end(); }

    void collect_until_ended(const Client& client) {
        while (!client.ended) {
            pollfd watched{woken.get(), POLLIN, 0};
            ASSERT_EQ(::poll(&watched, 1, 20'000), 1) << "nothing has ended";
            eventfd_t count = 0;
            ASSERT_EQ(::eventfd_read(woken.get(), &count), 0);
            transfers.collect();
        }
    }

    FileFolder folder;
    UniqueFd file;
    UniqueFd woken;
    DiskPool pool;
    Transfers transfers{pool, [this] { ::eventfd_write(woken.get(), 1); }};
};

TEST_F(TransfersTest, SendAFileWhileTheClientReads) {
    Client client(file.get());
    client.begin(transfers);
    EXPECT_EQ(transfers.count(), 1u);
    EXPECT_EQ(client.read(kSize), kSize);
    collect_until_ended(client);
    EXPECT_EQ(client.sent, kSize);
    EXPECT_FALSE(client.failed);
    EXPECT_EQ(transfers.count(), 0u);
}

TEST_F(TransfersTest, SendAPartOfAFile) {
    Client client(file.get());
    client.begin(transfers, 1000);
    EXPECT_EQ(client.read(1000), 1000u);
    collect_until_ended(client);
    EXPECT_EQ(client.sent, 1000u);
}

TEST_F(TransfersTest, EndWithTheFile) {
    Client client(file.get());
    client.begin(transfers, 2 * kSize);
    EXPECT_EQ(client.read(kSize), kSize);
    collect_until_ended(client);
    EXPECT_EQ(client.sent, kSize);
    EXPECT_FALSE(client.failed);
}

TEST_F(TransfersTest, ServeOneClientWhileOthersDoNotRead) {
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 50; ++i) {
        slow.push_back(std::make_unique<Client>(file.get()));
        slow.back()->begin(transfers);
    }
    Client quick(file.get());
    quick.begin(transfers);
    EXPECT_EQ(quick.read(kSize), kSize);
    collect_until_ended(quick);
    for (const auto& client : slow) {
        EXPECT_FALSE(client->ended);
        EXPECT_EQ(client->read(kSize), kSize);
        collect_until_ended(*client);
        EXPECT_EQ(client->sent, kSize);
    }
}

TEST_F(TransfersTest, FailWhenTheClientLeaves) {
    Client client(file.get());
    client.begin(transfers);
    EXPECT_EQ(client.read(1), 1u);
    client.fd.reset();
    collect_until_ended(client);
    EXPECT_TRUE(client.failed);
}

TEST_F(TransfersTest, EndWhereTheFileCannotBeRead) {
    const UniqueFd directory = UniqueFd::adopt(::open("/", O_RDONLY | O_CLOEXEC));
    Client client(directory.get());
    client.begin(transfers);
    collect_until_ended(client);
    EXPECT_NE(client.error, 0);
    EXPECT_FALSE(client.failed);
    EXPECT_EQ(client.sent, 0u);
}

TEST_F(TransfersTest, FailWhenTheClientTakesNothingForTooLong) {
    Client client(file.get());
    client.begin(transfers, kSize, {.pause = std::chrono::milliseconds(10)});
    collect_until_ended(client);
    EXPECT_TRUE(client.failed);
    EXPECT_LT(client.sent, kSize);
}

TEST_F(TransfersTest, CanEndInTheMidst) {
    Client client(file.get());
    client.begin(transfers);
    EXPECT_EQ(client.read(1), 1u);
    transfers.end();
    EXPECT_FALSE(client.ended);
}

TEST(DiskPool, RunsTasksInOtherThreads) {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::thread::id> threads;
    {
        DiskPool pool(2);
        for (int i = 0; i < 10; ++i) {
            pool.run([&] {
                const std::lock_guard lock(mutex);
                threads.push_back(std::this_thread::get_id());
                changed.notify_one();
            });
        }
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return threads.size() == 10; });
    }
    for (const std::thread::id& thread : threads) {
        EXPECT_NE(thread, std::this_thread::get_id());
    }
}

TEST(DiskPool, RunsSeveralTasksAtOnce) {
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0;
    DiskPool pool(3);
    for (int i = 0; i < 3; ++i) {
        pool.run([&] {
            std::unique_lock lock(mutex);
            ++running;
            changed.notify_all();
            changed.wait(lock, [&] { return running == 3; });  // ends only if all three run
        });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == 3; });
}

// A pool whose thread for transfers is busy until it is told.
class ClosingTest : public testing::Test {
  protected:
    ClosingTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = UniqueFd::adopt(ends[0]);
        writer = UniqueFd::adopt(ends[1]);
        pool->run([this] { busy.get_future().wait(); }, DiskPool::Urgency::Transfer);
    }

    [[nodiscard]] bool is_closed(int patience) const {
        pollfd watched{reader.get(), 0, 0};
        return ::poll(&watched, 1, patience) == 1 && (watched.revents & POLLHUP) != 0;
    }

    [[nodiscard]] Found found() {
        Found found{.kind = Found::Kind::File, .error = 0, .variants = {}};
        found.variants.push_back({.file = std::move(writer)});
        return found;
    }

    std::promise<void> busy;
    UniqueFd reader;
    UniqueFd writer;
    std::optional<DiskPool> pool{std::in_place, 2};
};

TEST_F(ClosingTest, OfFilesThatWereFoundIsThePools) {
    auto one = share(found(), *pool);
    auto other = one;
    one.reset();
    other.reset();
    EXPECT_FALSE(is_closed(0));
    busy.set_value();
    EXPECT_TRUE(is_closed(20'000));
}

TEST_F(ClosingTest, OfDescriptorsIsThePools) {
    close_in(*pool, std::move(writer));
    EXPECT_FALSE(is_closed(0));
    busy.set_value();
    EXPECT_TRUE(is_closed(20'000));
}

TEST_F(ClosingTest, IsDoneAtOnceWhenThePoolHasEnded) {
    auto one = share(found(), *pool);
    busy.set_value();
    pool.reset();
    EXPECT_FALSE(is_closed(0));
    one.reset();
    EXPECT_TRUE(is_closed(0));
}

TEST(DiskPool, KeepsAThreadForAnswers) {
    std::mutex mutex;
    std::condition_variable changed;
    int transfers = 0;
    bool is_over = false;
    bool is_answered = false;
    DiskPool pool(2);
    for (int i = 0; i < 2; ++i) {
        pool.run(
            [&] {
                std::unique_lock lock(mutex);
                ++transfers;
                changed.notify_all();
                changed.wait(lock, [&] { return is_over; });
            },
            DiskPool::Urgency::Transfer);
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return transfers == 1; });
    pool.run([&] {
        const std::lock_guard in_it(mutex);
        is_answered = true;
        changed.notify_all();
    });
    changed.wait(lock, [&] { return is_answered; });
    EXPECT_EQ(transfers, 1);
    is_over = true;
    changed.notify_all();
    changed.wait(lock, [&] { return transfers == 2; });
}

}  // namespace
}  // namespace geventd::worker
