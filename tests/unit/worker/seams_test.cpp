// SPDX-License-Identifier: MIT
// Whether the seams hold what is to be put there: an exchange that becomes a stream (WebSocket), a
// transport that changes bytes and has to send before it can receive (TLS), and several exchanges
// on one connection, each with a window of its own (HTTP/2).
#include <algorithm>
#include <deque>
#include <map>

#include "net/transport.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using IoState = Exchange::IoState;

std::string read_all(Exchange& exchange, IoState& state) {
    std::string bytes;
    char buffer[16];
    std::size_t got = 1;
    state = IoState::Done;
    while (state == IoState::Done && got > 0) {
        state = exchange.read_body(buffer, sizeof buffer, got);
        bytes.append(buffer, state == IoState::Done ? got : 0);
    }
    return bytes;
}

// --- an exchange that becomes a stream ----------------------------------------------------------

class UpgradeTest : public WorkerTest {
  protected:
    Request& ask(std::string_view head) {
        start();
        client = connect();
        send(client, head);
        turn_until([this] { return !application.started.empty(); });
        Request& request = *application.started[0];
        request.answer.head().start(request.answer_version, "101 Switching Protocols");
        return request;
    }

    UniqueFd client;
};

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

TEST_F(UpgradeTest, CarriesBytesBothWaysUntilTheClientEndsThem) {
    settings.limits.body_timeout = std::chrono::milliseconds(1);  // none of this stream
    Request& request = ask(std::string(kUpgrade) + "early");
    Exchange& exchange = *request.exchange;
    ASSERT_EQ(exchange.upgrade("echo"), IoState::Done);
    IoState state = IoState::Done;
    EXPECT_EQ(read_all(exchange, state), "early");
    ASSERT_EQ(state, IoState::Wait);
    request.reader.greenlet = this;
    exchange.await_readable();
    EXPECT_EQ(worker->neglect(), "");
    EXPECT_EQ(exchange.send_piece("to you"), IoState::Done);
    const std::string answer = receive_until(client, "to you");
    EXPECT_EQ(answer.substr(0, 34), "HTTP/1.1 101 Switching Protocols\r\n");
    EXPECT_NE(answer.find("\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nto you"),
              std::string::npos);
    send(client, "to me");
    turn_until([&] { return application.resumed == 1; });
    EXPECT_EQ(read_all(exchange, state), "to me");
    ASSERT_EQ(state, IoState::Wait);
    request.reader.greenlet = this;
    exchange.await_readable();
    ::shutdown(client.get(), SHUT_WR);
    turn_until([&] { return application.resumed == 2; });
    EXPECT_EQ(read_all(exchange, state), "");
    EXPECT_EQ(state, IoState::Done) << "the stream has ended, the client can still be sent to";
    EXPECT_EQ(exchange.send_piece("bye"), IoState::Done);
    exchange.finish(true);
    EXPECT_EQ(receive_until(client, ""), "bye");
}

TEST_F(UpgradeTest, IsNothingForAClientOfHttp10) {
    Request& request = ask("GET /chat HTTP/1.0\r\nUpgrade: echo\r\n\r\n");
    EXPECT_EQ(request.exchange->upgrade("echo"), IoState::Failed);
    answer(request, "without");
    EXPECT_NE(receive_until(client, "without").find("200 OK"), std::string::npos);
}

TEST_F(UpgradeTest, WaitsForTheWholeBody) {
    Request& request =
        ask("POST /chat HTTP/1.1\r\nHost: h\r\nUpgrade: echo\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_EQ(request.exchange->upgrade("echo"), IoState::Failed);
}

// --- a transport --------------------------------------------------------------------------------

std::string scrambled(std::string_view bytes) {
    std::string other(bytes);
    for (char& byte : other) {
        byte = static_cast<char>(byte ^ 0x5a);
    }
    return other;
}

// Says "hi" before it can receive, and asks for a "key" before it sends the first time. Takes in
// more than it gives out at once.
class Scrambler : public net::Transport {
  public:
    net::Stream::Result receive(int fd, std::span<char> into) noexcept override {
        if (!greeted_ && !std::exchange(has_waited_, true)) {
            return {net::Stream::State::Wait};  // for room, as where a kernel's buffer is full
        }
        if (!std::exchange(greeted_, true)) {
            EXPECT_EQ(::send(fd, "hi", 2, MSG_NOSIGNAL), 2);
        }
        const bool ended = !fill(fd) && held_.empty();
        const std::size_t count = std::min({held_.size(), into.size(), std::size_t{7}});
        std::copy_n(scrambled(held_.substr(0, count)).data(), count, into.data());
        held_.erase(0, count);
        if (count > 0) {
            return {net::Stream::State::Done, count};
        }
        return {ended ? net::Stream::State::Ended : net::Stream::State::Wait};
    }

    net::Stream::Result send(int fd, std::span<const iovec> parts) noexcept override {
        if (!has_key_ && (!fill(fd) || held_.substr(0, 3) != "key")) {
            return {net::Stream::State::Wait};
        }
        if (!std::exchange(has_key_, true)) {
            held_.erase(0, 3);
        }
        std::size_t count = 0;
        for (const iovec& part : parts) {
            const std::string bytes =
                scrambled({static_cast<const char*>(part.iov_base), part.iov_len});
            EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(bytes.size()));
            count += part.iov_len;
        }
        return {net::Stream::State::Done, count};
    }

    void end_sending(int fd) noexcept override { ::send(fd, "bye", 3, MSG_NOSIGNAL); }

    [[nodiscard]] bool has_bytes() const noexcept override { return !held_.empty(); }

    [[nodiscard]] Need receive_needs() const noexcept override {
        return greeted_ ? Need::Bytes : Need::Room;
    }

    [[nodiscard]] Need send_needs() const noexcept override {
        return has_key_ ? Need::Room : Need::Bytes;
    }

  private:
    // False at the end.
    bool fill(int fd) {
        char buffer[4096];
        ssize_t got = 0;
        while ((got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
            held_.append(buffer, static_cast<std::size_t>(got));
        }
        return got < 0;
    }

    bool has_waited_ = false;
    bool greeted_ = false;
    bool has_key_ = false;
    std::string held_;
};

class TransportTest : public WorkerTest {
  protected:
    void SetUp() override {
        start();
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        client = UniqueFd::adopt(ends[0]);
        worker->welcome(net::Stream(UniqueFd::adopt(ends[1]), std::make_unique<Scrambler>()),
                        Peer{}, listening);
    }

    Listening listening;
    UniqueFd client;
};

TEST_F(TransportTest, SendsInOrderToReceiveAndReceivesInOrderToSend) {
    EXPECT_EQ(receive_until(client, "hi"), "hi");
    send(client, scrambled("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nsome body"));
    turn_until([this] { return !application.started.empty(); });
    Request& request = *application.started[0];
    EXPECT_EQ(request.body.buffer(), "some body");
    ASSERT_EQ(send_answer(request, "the answer"), IoState::Wait);
    request.writer.greenlet = this;
    EXPECT_EQ(worker->neglect(), "");
    send(client, "key");
    turn_until([this] { return application.resumed == 1; });
    EXPECT_FALSE(request.exchange->is_sending());
    request.exchange->finish(true);
    const std::string bytes = scrambled(receive_until(client, scrambled("the answer")));
    EXPECT_EQ(bytes.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    send(client, scrambled(kGet) + scrambled(kGet));  // all of it is taken in at once
    turn_until([this] { return application.started.size() == 2; });
    answer(*application.started[1], "second");
    turn_until([this] { return application.started.size() == 3; });
    answer(*application.started[2], "third");
    receive_until(client, scrambled("third"));
    client.reset();
    turn_until([this] { return slot.connections.load() == 0; });
}

TEST_F(TransportTest, SendsFilesThroughIt) {
    receive_until(client, "hi");
    send(client, scrambled(kGet));
    turn_until([this] { return !application.started.empty(); });
    Request& request = *application.started[0];
    request.answer.head().start(request.answer_version, "200 OK");
    ASSERT_EQ(request.exchange->send_head(40'000), IoState::Wait);
    request.writer.greenlet = this;
    send(client, "key");
    turn_until([this] { return application.resumed == 1; });
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const std::string content(40'000, 'f');
    ASSERT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
    ASSERT_EQ(std::fflush(file), 0);
    off_t offset = 0;
    while (request.answer.room() > 0) {
        ASSERT_EQ(request.exchange->send_file(::fileno(file), offset), IoState::Done);
    }
    std::fclose(file);
    request.exchange->finish(true);
    const std::string bytes = scrambled(receive_until(client, scrambled(content.substr(0, 9000))));
    EXPECT_NE(bytes.find("Content-Length: 40000\r\n"), std::string::npos);
}

// --- several exchanges on one connection --------------------------------------------------------

// A connection that carries several requests at once. What is sent for one is kept from the others
// by its name: "a:bytes".
struct Carrier {
    std::vector<std::string> sent;
    std::map<std::string, std::size_t> windows;
};

class Lane : public Exchange {
  public:
    Lane(Worker& worker, Carrier& carrier, std::string name)
        : worker_(worker), carrier_(carrier), name_(std::move(name)) {
        request_ = worker.requests().take();
        request_->exchange = this;
        request_->received = worker.now();
        request_->head.method = "GET";
        request_->head.path = name_;
        request_->answer_version = "HTTP/2";
    }

    void run() override {
        request_->started = worker_.now();
        worker_.application().start(*request_);
    }

    void overdue() override { told = "overdue"; }

    void out_of_time() override { told = "out of time"; }

    void give_up() noexcept override { broken_ = true; }

    IoState read_body(char*, std::size_t, std::size_t& got) override {
        got = 0;
        return IoState::Done;
    }

    void await_readable() override {}

    void stop_awaiting_readable() noexcept override {}

    IoState send_whole(std::span<iovec> parts) noexcept override {
        emit("head");
        for (const iovec& part : parts.subspan(1)) {
            unsent_.append(static_cast<const char*>(part.iov_base), part.iov_len);
        }
        ended_ = true;
        return flush();
    }

    IoState send_head(std::uint64_t) noexcept override {
        emit("head");
        return IoState::Done;
    }

    IoState send_piece(std::string_view bytes) noexcept override {
        unsent_.append(bytes);
        return flush();
    }

    IoState send_file(int, off_t&) noexcept override { return IoState::Done; }

    IoState end_answer() noexcept override {
        ended_ = true;
        return flush();
    }

    IoState send_error(int, std::string_view) noexcept override { return end_answer(); }

    IoState upgrade(std::string_view) noexcept override { return IoState::Failed; }

    [[nodiscard]] bool is_sending() const override { return !unsent_.empty(); }

    void await_writable() override {}

    void abandon_write() noexcept override { unsent_.clear(); }

    [[nodiscard]] bool broken() const override { return broken_; }

    void disconnect() noexcept override { broken_ = true; }

    void finish(bool complete) noexcept override {
        const RequestRef request = std::move(request_);
        request->exchange = nullptr;
        worker_.request_ended(*request, *this);
        emit(complete ? "end" : "reset");
    }

    [[nodiscard]] const Listening& listener() const override { return listening_; }

    [[nodiscard]] int fd() const override { return -1; }

    [[nodiscard]] const Peer& peer() const override { return peer_; }

    [[nodiscard]] const http::ProxyHeader* proxied() const override { return nullptr; }

    // The client takes more.
    void grant(std::size_t bytes) {
        carrier_.windows[name_] += bytes;
        if (is_sending() && flush() == IoState::Done && request_->writer) {
            worker_.application().resume(request_->writer);
        }
    }

    std::string told;

  protected:
    void fall() noexcept override { broken_ = true; }

  private:
    void emit(std::string_view bytes) { carrier_.sent.push_back(name_ + ":" + std::string(bytes)); }

    IoState flush() {
        std::size_t& window = carrier_.windows[name_];
        const std::size_t count = std::min(window, unsent_.size());
        if (count > 0) {
            emit(unsent_.substr(0, count));
            unsent_.erase(0, count);
            window -= count;
        }
        return unsent_.empty() ? IoState::Done : IoState::Wait;
    }

    Worker& worker_;
    Carrier& carrier_;
    std::string name_;
    std::string unsent_;
    bool ended_ = false;
    bool broken_ = false;
    Listening listening_;
    Peer peer_;
};

class LanesTest : public WorkerTest {
  protected:
    Lane& open(const std::string& name, std::size_t window) {
        carrier.windows[name] = window;
        lanes.push_back(std::make_unique<Lane>(*worker, carrier, name));
        worker->admit(*lanes.back());
        return *lanes.back();
    }

    Carrier carrier;
    std::vector<std::unique_ptr<Lane>> lanes;
};

TEST_F(LanesTest, RunAtOnceAndEachWaitsForItsOwnWindow) {
    start();
    Lane& first = open("a", 3);
    open("b", 100);
    ASSERT_EQ(application.started.size(), 2u);
    EXPECT_EQ(slot.cores_busy.load(), 2);
    Request& slow = *application.started[0];
    ASSERT_EQ(send_answer(slow, "longer"), IoState::Wait);
    slow.writer.greenlet = this;
    answer(*application.started[1], "short");
    EXPECT_EQ(slot.cores_busy.load(), 1);
    first.grant(100);
    EXPECT_EQ(application.resumed, 1);
    slow.exchange->finish(true);
    EXPECT_EQ(carrier.sent, (std::vector<std::string>{"a:head", "a:lon", "b:head", "b:short",
                                                      "b:end", "a:ger", "a:end"}));
    EXPECT_EQ(slot.requests.load(), 2u);
}

TEST_F(LanesTest, WaitForACoreInTheirTurn) {
    settings.workers.cores = 1;
    start();
    open("a", 100);
    Lane& second = open("b", 100);
    Lane& third = open("c", 100);
    EXPECT_EQ(slot.queued.load(), 2u);
    worker->leave_queue(third);
    answer(*application.started[0], "done");
    turn_until([this] { return application.started.size() == 2; });
    EXPECT_EQ(&application.started[1]->exchange->request(), &second.request());
    EXPECT_EQ(slot.queued.load(), 0u);
    answer(*application.started[1], "done");
}

}  // namespace
}  // namespace geventd::worker
