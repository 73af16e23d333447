// SPDX-License-Identifier: MIT
// What an application can do to a listening socket.
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "net/listening.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

class AcceptorTest : public WorkerTest {
  protected:
    void SetUp() override {
        application.on_start = [](Request& request) { answer(request, "served"); };
        start();
        const int on = 1;  // as the master sets it on its listeners
        ::setsockopt(listener(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        worker->gate().on_listener_down([this] { ++told; });
        worker->successor().ask_by([this](ipc::Due due) { asked.push_back(due); });
    }

    [[nodiscard]] int listener() const {
        return worker->gate().acceptors()[0]->listening().fd.get();
    }

    void expect_service() {
        const UniqueFd client = connect();
        send(client, kGet);
        EXPECT_NE(receive_until(client, "served").find("200 OK"), std::string::npos);
    }

    // The loop's descriptor stays unreadable; otherwise the hub would spin.
    void expect_rest() {
        for (int turns = 0; turns < 4; ++turns) {
            worker->turn();
        }
        pollfd watched{worker->loop().backend_fd(), POLLIN, 0};
        EXPECT_EQ(::poll(&watched, 1, 0), 0);
    }

    int told = 0;
    std::vector<ipc::Due> asked;
};

TEST_F(AcceptorTest, TellsThatItsSocketWasShutDownAndGoesOnWhenItListensAgain) {
    for (int round = 1; round <= 2; ++round) {
        const int before = told;
        ::shutdown(listener(), SHUT_RD);
        turn_until([&] { return told > before; });
        expect_rest();
        sockaddr_storage name{};
        std::memcpy(&name, &address_, sizeof address_);
        ASSERT_EQ(net::listen_again(listener(), name, sizeof address_, 64), 0);
        expect_service();
    }
    EXPECT_TRUE(asked.empty());
}

TEST_F(AcceptorTest, TellsAgainOfASocketThatIsShutDownAgainBeforeItHasLooked) {
    ::shutdown(listener(), SHUT_RD);
    turn_until([&] { return told == 1; });
    sockaddr_storage name{};
    std::memcpy(&name, &address_, sizeof address_);
    ASSERT_EQ(net::listen_again(listener(), name, sizeof address_, 64), 0);
    ::shutdown(listener(), SHUT_RD);
    turn_until([&] { return told == 2; });
}

TEST_F(AcceptorTest, GoesOnWithACopyWhenItsDescriptorWasClosed) {
    const int number = listener();
    ::close(number);
    expect_service();
    EXPECT_EQ(asked, std::vector{ipc::Due::LostListener});
    EXPECT_NE(listener(), number);
    expect_service();
    worker->drain(ipc::DrainReason::Stop);
    turn_until([&] { return worker->drained(); });
    EXPECT_EQ(told, 0);
}

TEST_F(AcceptorTest, LeavesAloneWhatTheApplicationPutInItsPlace) {
    const int number = listener();
    const UniqueFd other = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::dup2(other.get(), number), number);
    expect_service();
    EXPECT_EQ(asked, std::vector{ipc::Due::LostListener});
    EXPECT_EQ(::write(number, "x", 1), 1) << "the application's file is gone";
    worker.reset();
    EXPECT_EQ(::write(number, "x", 1), 1) << "the application's file is gone";
    ::close(number);
}

TEST_F(AcceptorTest, NoticesALostDescriptorBeforeItStopsWatchingIt) {
    const int number = listener();
    ::close(number);
    worker->gate().pause(true);
    EXPECT_EQ(asked, std::vector{ipc::Due::LostListener});
    const UniqueFd client = connect();
    expect_rest();
    worker->gate().pause(false);
    send(client, kGet);
    EXPECT_NE(receive_until(client, "served").find("200 OK"), std::string::npos);
}

TEST_F(AcceptorTest, NoticesALostDescriptorWhenItWatchesItAgain) {
    worker->gate().pause(true);
    const int number = listener();
    const UniqueFd other = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::dup2(other.get(), number), number);
    worker->gate().pause(false);
    expect_service();
    EXPECT_EQ(asked, std::vector{ipc::Due::LostListener});
    worker.reset();
    EXPECT_EQ(::write(number, "x", 1), 1) << "the application's file is gone";
    ::close(number);
}

TEST_F(AcceptorTest, TakesNoConnectionOfASocketThatTheApplicationPutInItsPlace) {
    const int number = listener();
    const UniqueFd other =
        UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::listen(other.get(), 8), 0);
    sockaddr_in theirs{};
    socklen_t length = sizeof theirs;
    ASSERT_EQ(::getsockname(other.get(), reinterpret_cast<sockaddr*>(&theirs), &length), 0);
    const UniqueFd waits = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(waits.get(), reinterpret_cast<sockaddr*>(&theirs), length), 0);
    ASSERT_EQ(::dup2(other.get(), number), number);
    expect_service();
    EXPECT_EQ(asked, std::vector{ipc::Due::LostListener});
    const UniqueFd accepted = UniqueFd::adopt(::accept(other.get(), nullptr, nullptr));
    EXPECT_TRUE(accepted) << "the application's connection is gone";
    worker.reset();
    ::close(number);
}

TEST_F(WorkerTest, DoesNotServeWhenASocketWasClosedBefore) {
    Listening listening;
    listening.fd = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    listening.inode = 1;
    std::vector<Listening> listeners;
    listeners.push_back(std::move(listening));
    EXPECT_THROW(Worker(settings, slot, std::move(listeners)), std::runtime_error);
}

// How many epolls that are themselves watched by an epoll the kernel lets watch one socket.
constexpr int kMostWatchers = 500;

TEST_F(WorkerTest, WaitsUntilTheKernelLetsItWatchASocket) {
    application.on_start = [](Request& request) { answer(request, "served"); };
    make();
    const int listener = worker->gate().acceptors()[0]->listening().fd.get();
    const UniqueFd hub = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event nothing{};
    std::vector<UniqueFd> others;
    for (int i = 0; i < kMostWatchers; ++i) {
        others.push_back(UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC)));
        ASSERT_EQ(::epoll_ctl(hub.get(), EPOLL_CTL_ADD, others.back().get(), &nothing), 0);
        ASSERT_EQ(::epoll_ctl(others.back().get(), EPOLL_CTL_ADD, listener, &nothing), 0);
    }
    ASSERT_EQ(::epoll_ctl(hub.get(), EPOLL_CTL_ADD, worker->loop().backend_fd(), &nothing), 0);
    worker->serve(application);
    const UniqueFd client = connect();
    send(client, kGet);
    for (int turns = 0; turns < 4; ++turns) {
        worker->turn();
    }
    EXPECT_EQ(slot.accepted.load(), 0U);
    others.clear();
    EXPECT_NE(receive_until(client, "served").find("200 OK"), std::string::npos);
}

}  // namespace
}  // namespace geventd::worker
