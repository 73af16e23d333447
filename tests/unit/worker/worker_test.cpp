// SPDX-License-Identifier: MIT
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

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

TEST_F(WorkerTest, AcceptsNothingBeforeItServes) {
    make();
    worker->turn();  // for a hook that waits
    const UniqueFd client = connect();
    send(client, kGet);
    worker->turn();
    EXPECT_EQ(slot.connections.load(), 0u);
    worker->serve(application);
    turn_until([&] { return !application.started.empty(); });
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

TEST_F(WorkerTest, StartsLargeBodiesWhenTheFirstOfThemIsHereAndLetsTheReaderPull) {
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc");
    turn_until([&] { return slot.connections.load() == 1; });
    EXPECT_TRUE(application.started.empty());
    send(client, std::string((64 << 10) - 3, 'd'));
    turn_until([&] { return !application.started.empty(); });
    Request& request = *application.started[0];
    std::vector<char> buffer(100'000);
    const auto read = [&](std::size_t& got) {
        return request.exchange->read_body(buffer.data(), buffer.size(), got);
    };
    std::size_t got = 0;
    EXPECT_EQ(read(got), Exchange::IoState::Done);
    EXPECT_EQ(std::string_view(buffer.data(), 4), "abcd");
    EXPECT_EQ(got, 64U << 10);
    EXPECT_EQ(read(got), Exchange::IoState::Wait);
    request.reader.greenlet = as_greenlet(this);
    request.exchange->await_readable();
    send(client, "efgh");
    turn_until([&] { return application.resumed == 1; });
    EXPECT_EQ(read(got), Exchange::IoState::Done);
    EXPECT_EQ(std::string_view(buffer.data(), got), "efgh");
}

TEST_F(WorkerTest, SaysContinueBeforeACoreIsTaken) {
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(receive_until(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(application.started.empty());
    send(client, "abcde");
    turn_until([&] { return !application.started.empty(); });
}

TEST_F(WorkerTest, SaysContinueWhenSomebodyReadsIfTheApplicationDecides) {
    application_continues = true;
    start();
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    turn_until([&] { return !application.started.empty(); });
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, MSG_DONTWAIT), 0);
    application.started[0]->reader.greenlet = as_greenlet(this);
    application.started[0]->exchange->await_readable();
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
    const std::string large(8 << 20, 'x');
    ASSERT_EQ(send_answer(request, large), Exchange::IoState::Wait);
    request.writer.greenlet = as_greenlet(this);
    std::size_t total = 0;
    std::vector<char> buffer(1 << 20);
    turn_until([&] {
        ssize_t got = 0;
        while ((got = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
            total += static_cast<std::size_t>(got);
        }
        return application.resumed > 0;
    });
    EXPECT_FALSE(request.exchange->is_sending());
    EXPECT_EQ(application.resumed, 1);
    request.exchange->finish(true);
    while (total < large.size()) {
        const ssize_t got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
        ASSERT_GT(got, 0);
        total += static_cast<std::size_t>(got);
    }
}

// Takes what the client is sent until its connection ends; returns the number of bytes.
std::size_t take_all(const UniqueFd& client, int& error) {
    std::size_t total = 0;
    std::vector<char> buffer(1 << 20);
    for (;;) {
        const ssize_t got = ::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got <= 0) {
            error = got == 0 ? 0 : errno;
            return total;
        }
        total += static_cast<std::size_t>(got);
    }
}

class KeptAnswerTest : public WorkerTest {
  protected:
    void begin(std::string_view request, std::size_t size) {
        start();
        client = connect();
        send(client, request);
        turn_until([&] { return !application.started.empty(); });
        text.assign(size, 'x');
        Request& asked = *application.started[0];
        asked.answer.head().start(asked.form.version, "200 OK");
        ASSERT_EQ(asked.exchange->send_piece(text), Exchange::IoState::Wait);
        released = 0;
        ASSERT_TRUE(asked.exchange->keep(
            {.owner = {&released, [](void* owner) { ++*static_cast<int*>(owner); }},
             .size = size}));
    }

    std::size_t receive_all() {
        std::size_t total = 0;
        error = EAGAIN;
        turn_until([&] {
            total += error == EAGAIN ? take_all(client, error) : 0;
            return error != EAGAIN;
        });
        return total;
    }

    UniqueFd client;
    std::string text;
    int released = 0;
    int error = 0;
};

TEST_F(KeptAnswerTest, LeavesTheCoreAndIsReleasedWhenItIsSent) {
    begin("GET / HTTP/1.0\r\n\r\n", 32 << 20);
    application.started[0]->exchange->finish(true);
    EXPECT_EQ(slot.cores_busy.load(), 0u);
    EXPECT_GE(worker->connections().kept_bytes(), text.size());
    EXPECT_EQ(released, 0);
    EXPECT_GT(receive_all(), text.size());
    EXPECT_EQ(error, 0);
    turn_until([&] { return released == 1; });
    EXPECT_EQ(worker->connections().kept_bytes(), 0u);
}

TEST_F(KeptAnswerTest, IsSentBeforeTheResetThatShowsItsLateFailure) {
    begin("GET / HTTP/1.0\r\n\r\n", 32 << 20);
    application.started[0]->exchange->finish(false);
    EXPECT_GT(receive_all(), text.size());
    EXPECT_EQ(error, ECONNRESET);
}

TEST_F(KeptAnswerTest, OfChunksEndsWithoutTheLastOneAfterALateFailure) {
    begin(kGet, 32 << 20);
    application.started[0]->exchange->finish(false);
    EXPECT_GT(receive_all(), text.size());
    EXPECT_EQ(error, 0);
}

TEST_F(KeptAnswerTest, IsReleasedWhenTheClientLeaves) {
    begin(kGet, 32 << 20);
    application.started[0]->exchange->finish(true);
    client.reset();
    turn_until([&] { return released == 1; });
    EXPECT_EQ(slot.disconnects.load(), 1u);
}

TEST_F(KeptAnswerTest, IsNotKeptBeyondTheLimit) {
    settings.limits.unsent = 10;
    start();
    client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    text.assign(32 << 20, 'x');
    ASSERT_EQ(send_answer(*application.started[0], text), Exchange::IoState::Wait);
    EXPECT_FALSE(application.started[0]->exchange->keep({.size = text.size()}));
}

}  // namespace
}  // namespace geventd::worker
