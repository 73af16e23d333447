// SPDX-License-Identifier: MIT
// A transport that changes bytes and has to send before it can receive, as TLS does.
#include "net/transport.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using IoState = Exchange::IoState;

std::string scrambled(std::string_view bytes) {
    std::string other(bytes);
    for (char& byte : other) {
        byte = static_cast<char>(byte ^ 0x5a);
    }
    return other;
}

// A byte for the transport alone, which gives none for it.
constexpr char kNothing = '\0';

// Sends "hi" before it can receive, and needs a "key" from the client before it sends. Receives
// more than it passes on at once.
class Scrambler : public net::Transport {
  public:
    net::Stream::Result receive(int fd, std::span<char> into) noexcept override {
        if (!greeted_ && !std::exchange(has_waited_, true)) {
            return {net::Stream::State::Wait};  // as if the kernel's buffer were full
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

    void offer(int fd, std::string_view bytes) noexcept override {
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
        static_cast<void>(send(fd, {&part, 1}));
    }

    [[nodiscard]] net::Stream::State peek(int fd) noexcept override {
        const bool is_open = fill(fd);
        if (!held_.empty()) {
            return net::Stream::State::Done;
        }
        return is_open ? net::Stream::State::Wait : net::Stream::State::Ended;
    }

    [[nodiscard]] std::vector<Variable> variables() const override { return {}; }

    void end_sending(int fd) noexcept override { ::send(fd, "bye", 3, MSG_NOSIGNAL); }

    [[nodiscard]] bool has_bytes() const noexcept override { return !held_.empty(); }

    [[nodiscard]] Need receive_needs() const noexcept override {
        return greeted_ ? Need::Bytes : Need::Room;
    }

    [[nodiscard]] Need send_needs() const noexcept override {
        return has_key_ ? Need::Room : Need::Bytes;
    }

  private:
    // False at EOF.
    bool fill(int fd) {
        char buffer[4096];
        ssize_t got = 0;
        while ((got = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
            std::copy_if(buffer, buffer + got, std::back_inserter(held_),
                         [](char byte) { return byte != kNothing; });
        }
        return got < 0;
    }

    bool has_waited_ = false;
    bool greeted_ = false;
    bool has_key_ = false;
    std::string held_;
};

// Has bytes, and never the time for them, as during many handshakes.
class Busy : public net::Transport {
  public:
    explicit Busy(int& asked) : asked_(asked) {}

    net::Stream::Result receive(int, std::span<char>) noexcept override {
        ++asked_;
        return {net::Stream::State::Wait};
    }

    net::Stream::Result send(int, std::span<const iovec>) noexcept override {
        return {net::Stream::State::Wait};
    }

    void offer(int, std::string_view) noexcept override {}

    [[nodiscard]] net::Stream::State peek(int) noexcept override {
        return net::Stream::State::Done;
    }

    void end_sending(int) noexcept override {}

    [[nodiscard]] bool has_bytes() const noexcept override { return true; }

    [[nodiscard]] Need receive_needs() const noexcept override { return Need::Bytes; }

    [[nodiscard]] Need send_needs() const noexcept override { return Need::Bytes; }

    [[nodiscard]] std::vector<Variable> variables() const override { return {}; }

  private:
    int& asked_;
};

class TransportTest : public WorkerTest {
  protected:
    void SetUp() override {
        settings.on_disconnect = config::OnDisconnect::Cancel;
        start();
        client = connect_through(std::make_unique<Scrambler>());
    }

    UniqueFd connect_through(std::unique_ptr<net::Transport> transport) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        worker->connections().add(net::Stream(UniqueFd::adopt(ends[1]), std::move(transport)),
                                  Peer{}, listening);
        return UniqueFd::adopt(ends[0]);
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
    request.writer.greenlet = as_greenlet(this);
    EXPECT_EQ(worker->connections().neglect(), "");
    send(client, "key");
    turn_until([this] { return application.resumed == 1; });
    EXPECT_FALSE(request.exchange->is_sending());
    request.exchange->finish(true);
    const std::string bytes = scrambled(receive_until(client, scrambled("the answer")));
    EXPECT_EQ(bytes.substr(0, 17), "HTTP/1.1 200 OK\r\n");
    send(client, scrambled(kGet) + scrambled(kGet));  // the transport receives all at once
    turn_until([this] { return application.started.size() == 2; });
    answer(*application.started[1], "second");
    turn_until([this] { return application.started.size() == 3; });
    answer(*application.started[2], "third");
    receive_until(client, scrambled("third"));
    client.reset();
    turn_until([this] { return slot.connections.load() == 0; });
}

TEST_F(TransportTest, IsAskedOnceATurnWhileItHasNoTimeForItsBytes) {
    int asked = 0;
    const UniqueFd other = connect_through(std::make_unique<Busy>(asked));
    EXPECT_EQ(asked, 1);
    for (int turns = 1; turns < 4; ++turns) {
        worker->turn();
        EXPECT_EQ(asked, 1 + turns);
        EXPECT_EQ(worker->connections().neglect(), "");
    }
}

TEST_F(TransportTest, LosesNoRequestThatADrainFindsInIt) {
    receive_until(client, "hi");
    send(client, scrambled(kGet));
    turn_until([this] { return application.started.size() == 1; });
    send(client, "key");
    answer(*application.started[0], "first");
    receive_until(client, scrambled("first"));
    send(client, scrambled(kGet));
    worker->drain(ipc::DrainReason::Stop);
    EXPECT_EQ(worker->connections().neglect(), "");
    turn_until([this] { return application.started.size() == 2; });
    answer(*application.started[1], "second");
    receive_until(client, scrambled("second"));
}

TEST_F(TransportTest, SeesThatAClientLeavesAfterBytesThatAreForItOnly) {
    receive_until(client, "hi");
    send(client, scrambled(kGet));
    turn_until([this] { return application.started.size() == 1; });
    send(client, std::string_view(&kNothing, 1));
    worker->turn();
    worker->turn();
    EXPECT_TRUE(application.cancelled.empty());
    client.reset();
    turn_until([this] { return application.cancelled.size() == 1; });
    application.started[0]->exchange->finish(false);
}

TEST_F(TransportTest, SendsFilesThroughIt) {
    receive_until(client, "hi");
    send(client, scrambled(kGet));
    turn_until([this] { return !application.started.empty(); });
    Request& request = *application.started[0];
    request.answer.head().start(request.form.version, "200 OK");
    ASSERT_EQ(request.exchange->send_head(40'000), IoState::Wait);
    request.writer.greenlet = as_greenlet(this);
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

}  // namespace
}  // namespace geventd::worker
