// SPDX-License-Identifier: MIT
// The loop side without Python: real sockets, real turns, and an application made of lambdas.
#include "worker/worker.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

class FakeApplication : public Application {
  public:
    void start(Request& request) noexcept override {
        started.emplace_back(request);
        if (on_start) {
            on_start(request);
        }
    }

    void cancel(Request& request) noexcept override { cancelled.emplace_back(request); }

    void resume(Waiter& waiter) noexcept override {
        waiter = {};
        ++resumed;
    }

    std::function<void(Request&)> on_start;
    std::vector<RequestRef> started;
    std::vector<RequestRef> cancelled;
    int resumed = 0;
};

void answer(Request& request, std::string_view text) {
    const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) +
                              "\r\n\r\n" + std::string(text);
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    EXPECT_EQ(request.connection->write({&part, 1}), Connection::IoState::Done);
    request.connection->finish(Connection::End::Complete);
}

class WorkerTest : public testing::Test {
  protected:
    void start() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(fd, 64), 0);
        socklen_t length = sizeof address_;
        ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &length), 0);
        std::vector<Listening> listeners;
        listeners.push_back({UniqueFd::adopt(fd), address_of_listener, trusted, 0});
        worker = std::make_unique<Worker>(settings, slot, std::move(listeners));
        worker->serve(application);
        worker->turn();
    }

    UniqueFd connect() {
        UniqueFd client = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM, 0));
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_),
                  0);
        return client;
    }

    static void send(const UniqueFd& client, std::string_view bytes) {
        ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    // Turns until `done`, waiting on the loop's descriptor as gevent's hub does.
    void turn_until(const std::function<bool()>& done) {
        for (int turns = 0; turns < 1000 && !done(); ++turns) {
            pollfd watched{worker->loop().backend_fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&watched, 1, 10'000), 1) << "nothing happened for ten seconds";
            worker->turn();
        }
        ASSERT_TRUE(done());
    }

    std::string receive_until(const UniqueFd& client, std::string_view end) {
        std::string bytes;
        turn_until([&] {
            char buffer[4096];
            ssize_t got = 0;
            while ((got = ::recv(client.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
                bytes.append(buffer, static_cast<std::size_t>(got));
            }
            return (got == 0 && end.empty()) ||
                   (!end.empty() && bytes.find(end) != std::string::npos);
        });
        return bytes;
    }

    static bool at_end(const UniqueFd& client) {
        char byte = 0;
        return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
    }

    config::Settings settings;
    net::Address address_of_listener;
    http::TrustedProxies trusted;
    shm::WorkerSlot slot{};
    FakeApplication application;
    std::unique_ptr<Worker> worker;
    sockaddr_in address_{};
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(WorkerTest, ServesAKeptConnectionAgainAndAgain) {
    application.on_start = [](Request& request) { answer(request, "one"); };
    start();
    const UniqueFd client = connect();
    for (int i = 0; i < 3; ++i) {
        send(client, kGet);
        EXPECT_NE(receive_until(client, "one").find("200 OK"), std::string::npos);
    }
    EXPECT_EQ(application.started.size(), 3u);
    EXPECT_EQ(slot.requests.load(), 3u);
    EXPECT_EQ(slot.connections.load(), 1u);
}

TEST_F(WorkerTest, StartsNothingBeforeAWholeHeadIsThere) {
    start();
    const UniqueFd client = connect();
    for (const char byte : kGet.substr(0, kGet.size() - 1)) {
        send(client, {&byte, 1});
        turn_until([&] { return slot.connections.load() == 1; });
        worker->turn();
    }
    EXPECT_TRUE(application.started.empty());
    send(client, "\n");
    turn_until([&] { return !application.started.empty(); });
}

TEST_F(WorkerTest, AnswersPipelinedRequestsInOrder) {
    int number = 0;
    application.on_start = [&number](Request& request) {
        answer(request, fmt::format("#{}", ++number));
    };
    start();
    const UniqueFd client = connect();
    send(client, std::string(kGet) + std::string(kGet) + std::string(kGet));
    const std::string bytes = receive_until(client, "#3");
    EXPECT_LT(bytes.find("#1"), bytes.find("#2"));
    EXPECT_LT(bytes.find("#2"), bytes.find("#3"));
}

TEST_F(WorkerTest, RunsPipelinedRequestsOneAfterTheOther) {
    start();
    const UniqueFd client = connect();
    send(client, std::string(kGet) + std::string(kGet));
    turn_until([&] { return application.started.size() == 1; });
    worker->turn();
    EXPECT_EQ(application.started.size(), 1u);
    answer(*application.started[0], "first");
    turn_until([&] { return application.started.size() == 2; });
}

TEST_F(WorkerTest, CompletesSmallBodiesBeforeTheApplicationStarts) {
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    turn_until([&] { return slot.connections.load() == 1; });
    EXPECT_TRUE(application.started.empty());
    send(client, "llo");
    turn_until([&] { return !application.started.empty(); });
    EXPECT_EQ(application.started[0]->body.buffer(), "hello");
}

TEST_F(WorkerTest, StartsLargeBodiesAtOnceAndLetsTheReaderPull) {
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc");
    turn_until([&] { return !application.started.empty(); });
    Request& request = *application.started[0];
    char buffer[8];
    std::size_t got = 0;
    EXPECT_EQ(request.connection->read_body(buffer, sizeof buffer, got), Connection::IoState::Done);
    EXPECT_EQ(std::string_view(buffer, got), "abc");
    EXPECT_EQ(request.connection->read_body(buffer, sizeof buffer, got), Connection::IoState::Wait);
    request.reader.greenlet = this;
    request.connection->await_readable();
    send(client, "defg");
    turn_until([&] { return application.resumed == 1; });
    EXPECT_EQ(request.connection->read_body(buffer, sizeof buffer, got), Connection::IoState::Done);
    EXPECT_EQ(std::string_view(buffer, got), "defg");
}

TEST_F(WorkerTest, SaysContinueOnlyWhenSomebodyReads) {
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    turn_until([&] { return !application.started.empty(); });
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, MSG_DONTWAIT), 0);
    application.started[0]->reader.greenlet = this;
    application.started[0]->connection->await_readable();
    EXPECT_EQ(receive_until(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(WorkerTest, RefusesWhatIsNoRequestAndServesNothingBehindIt) {
    application.on_start = [](Request& request) { answer(request, "served"); };
    start();
    const UniqueFd client = connect();
    send(client, "GET / HTTP/1.1\r\n\r\n" + std::string(kGet));
    const std::string bytes = receive_until(client, "");
    EXPECT_EQ(bytes.substr(0, 12), "HTTP/1.1 400");
    EXPECT_TRUE(application.started.empty());
    EXPECT_EQ(slot.rejected.load(), 1u);
}

TEST_F(WorkerTest, StopsAcceptingWhenItsCoresAreBusy) {
    settings.workers.cores = 1;
    start();
    const UniqueFd first = connect();
    send(first, kGet);
    turn_until([&] { return application.started.size() == 1; });
    const UniqueFd second = connect();
    send(second, kGet);
    worker->turn();
    EXPECT_EQ(slot.accepted.load(), 1u);
    pollfd watched{worker->loop().backend_fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&watched, 1, 0), 0) << "a full worker must not spin";
    answer(*application.started[0], "done");
    turn_until([&] { return application.started.size() == 2; });
}

TEST_F(WorkerTest, QueuesRequestsOfItsOwnConnectionsWhenFull) {
    settings.workers.cores = 1;
    start();
    const UniqueFd first = connect();
    const UniqueFd second = connect();
    turn_until([&] { return slot.connections.load() == 2; });
    send(first, kGet);
    turn_until([&] { return application.started.size() == 1; });
    send(second, kGet);
    turn_until([&] { return slot.queued.load() == 1; });
    EXPECT_EQ(application.started.size(), 1u);
    answer(*application.started[0], "done");
    turn_until([&] { return application.started.size() == 2; });
    EXPECT_EQ(slot.queued.load(), 0u);
}

TEST_F(WorkerTest, SendsAnAnswerThatASlowReaderTakesLaterAndResumesItsWriterOnce) {
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    Request& request = *application.started[0];
    std::string large(8 << 20, 'x');
    iovec part{large.data(), large.size()};
    ASSERT_EQ(request.connection->write({&part, 1}), Connection::IoState::Wait);
    request.writer.greenlet = this;
    std::size_t total = 0;
    std::vector<char> buffer(1 << 20);
    turn_until([&] {
        ssize_t got = 0;
        while ((got = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
            total += static_cast<std::size_t>(got);
        }
        return application.resumed > 0;
    });
    EXPECT_FALSE(request.connection->write_pending());
    EXPECT_EQ(application.resumed, 1);
    request.connection->finish(Connection::End::Complete);
    while (total < large.size()) {
        const ssize_t got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
        ASSERT_GT(got, 0);
        total += static_cast<std::size_t>(got);
    }
}

TEST_F(WorkerTest, ClosesAConnectionWhoseHeadDoesNotComeInTime) {
    settings.limits.header_timeout = std::chrono::milliseconds(30);
    start();
    const UniqueFd client = connect();
    send(client, "GET / HT");
    EXPECT_EQ(receive_until(client, "").substr(0, 12), "HTTP/1.1 408");
}

TEST_F(WorkerTest, ClosesAKeptConnectionThatStaysIdle) {
    settings.limits.keep_alive = std::chrono::milliseconds(30);
    application.on_start = [](Request& request) { answer(request, "ok"); };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    receive_until(client, "ok");
    turn_until([&] { return slot.connections.load() == 0; });
    EXPECT_TRUE(at_end(client));
}

TEST_F(WorkerTest, AbortsWithAResetSoThatTheClientNotices) {
    application.on_start = [](Request& request) {
        request.connection->finish(Connection::End::Aborted);
    };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return slot.requests.load() == 1; });
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(WorkerTest, StoppingClosesIdleConnectionsAndFinishesTheOthers) {
    start();
    const UniqueFd idle = connect();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return slot.connections.load() == 2 && !application.started.empty(); });
    worker->drain(ipc::DrainReason::Stop);
    turn_until([&] { return slot.connections.load() == 1; });
    EXPECT_TRUE(at_end(idle));
    EXPECT_FALSE(worker->drained());
    EXPECT_TRUE(application.started[0]->connection->last_answer());
    application.started[0]->keep_alive = false;
    answer(*application.started[0], "last");
    receive_until(busy, "last");
    ::shutdown(busy.get(), SHUT_WR);
    turn_until([&] { return worker->drained(); });
}

TEST_F(WorkerTest, ReplacedItStillAnswersOnKeptConnections) {
    application.on_start = [](Request& request) {
        request.keep_alive = !request.connection->last_answer();
        answer(request, "ok");
    };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    receive_until(client, "ok");
    worker->drain(ipc::DrainReason::Replace);
    worker->turn();
    EXPECT_FALSE(worker->drained());
    send(client, kGet);
    receive_until(client, "ok");
    ::shutdown(client.get(), SHUT_WR);
    turn_until([&] { return worker->drained(); });
}

TEST_F(WorkerTest, DrainsNoLongerThanItMay) {
    settings.limits.drain_requests = std::chrono::milliseconds(30);
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    worker->drain(ipc::DrainReason::Stop);
    turn_until([&] { return worker->drained(); });
    ASSERT_EQ(worker->running().size(), 1u);
    EXPECT_EQ(worker->running()[0].get(), application.started[0].get());
}

TEST_F(WorkerTest, AnswersAPingPacketAndCloses) {
    address_of_listener.protocol = net::Protocol::Uwsgi;
    start();
    const UniqueFd client = connect();
    send(client, std::string_view("\x64\0\0\0", 4));
    EXPECT_EQ(receive_until(client, ""), std::string("\x64\0\0\x01", 4));
    EXPECT_TRUE(application.started.empty());
}

TEST_F(WorkerTest, ReadsAUwsgiRequestWhosePathStillHoldsTheScriptName) {
    address_of_listener.protocol = net::Protocol::Uwsgi;
    start();
    const UniqueFd client = connect();
    const std::vector<uwsgi::Var> vars{{"REQUEST_METHOD", "POST"},
                                       {"SCRIPT_NAME", "/app"},
                                       {"PATH_INFO", "/app/x"},
                                       {"CONTENT_LENGTH", "3"}};
    send(client, uwsgi::make_packet(uwsgi::kManagePathInfo, 0, vars) + "abc");
    turn_until([&] { return !application.started.empty(); });
    const Request& request = *application.started[0];
    EXPECT_EQ(request.path_info, "/x");
    EXPECT_EQ(request.head.method, "POST");
    EXPECT_EQ(request.body.buffer(), "abc");
    EXPECT_FALSE(request.keep_alive);
}

TEST_F(WorkerTest, BelievesAProxyHeaderOfATrustedPeerOnly) {
    const std::vector<std::string> entries{"127.0.0.1"};
    trusted = *http::TrustedProxies::parse(entries);
    start();
    const UniqueFd client = connect();
    send(client, "PROXY TCP4 9.8.7.6 1.1.1.1 55 80\r\n" + std::string(kGet));
    turn_until([&] { return !application.started.empty(); });
    EXPECT_EQ(application.started[0]->connection->client_host(), "9.8.7.6");
}

TEST_F(WorkerTest, TakesAProxyHeaderOfAStrangerForABadRequest) {
    start();
    const UniqueFd client = connect();
    send(client, "PROXY TCP4 9.8.7.6 1.1.1.1 55 80\r\n" + std::string(kGet));
    EXPECT_EQ(receive_until(client, "").substr(0, 10), "HTTP/1.1 4");
}

TEST_F(WorkerTest, TellsTheApplicationThatAClientLeftOnlyWhenAsked) {
    settings.on_disconnect = config::OnDisconnect::Cancel;
    start();
    UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    client.reset();
    turn_until([&] { return !application.cancelled.empty(); });
    EXPECT_TRUE(application.started[0]->connection->broken());
}

TEST_F(WorkerTest, RejectsWhatWaitedTooLongForACore) {
    settings.workers.cores = 1;
    settings.workers.when_full = config::WhenFull::Reject;
    settings.limits.queue_time = std::chrono::milliseconds(1);
    start();
    const UniqueFd first = connect();
    send(first, kGet);
    turn_until([&] { return application.started.size() == 1; });
    const UniqueFd second = connect();
    send(second, kGet);
    const std::string refusal = receive_until(second, "");
    EXPECT_EQ(refusal.substr(0, 12), "HTTP/1.1 503");
    EXPECT_NE(refusal.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(application.started.size(), 1u);
}

TEST_F(WorkerTest, GivesEachRunningRequestACoreOfItsOwn) {
    start();
    const UniqueFd first = connect();
    const UniqueFd second = connect();
    send(first, kGet);
    send(second, kGet);
    turn_until([&] { return application.started.size() == 2; });
    EXPECT_NE(application.started[0]->core, application.started[1]->core);
    const std::uint32_t freed = application.started[0]->core;
    answer(*application.started[0], "done");
    const UniqueFd third = connect();
    send(third, kGet);
    turn_until([&] { return application.started.size() == 3; });
    EXPECT_EQ(application.started[2]->core, freed);
}

}  // namespace
}  // namespace geventd::worker
