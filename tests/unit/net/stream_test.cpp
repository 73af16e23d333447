// SPDX-License-Identifier: MIT
#include "net/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/peer.h"
#include "net/transport.h"
#include "tests/unit/net/connect.h"

namespace geventd::net {

namespace {

using State = Stream::State;

iovec part(std::string& text) {
    return {text.data(), text.size()};
}

/// A stream, and a blocking client at its other end.
class StreamTest : public ::testing::Test {
  protected:
    StreamTest() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        client = UniqueFd::adopt(ends[0]);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        stream.emplace(UniqueFd::adopt(ends[1]));
    }

    void say(std::string_view text) {
        ASSERT_EQ(::write(client.get(), text.data(), text.size()), ssize_t(text.size()));
    }

    /// What the client receives next; "" at the end.
    std::string heard(std::size_t most = 1 << 20) {
        std::string bytes(most, '\0');
        const ssize_t count = ::read(client.get(), bytes.data(), bytes.size());
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }

    void fill() {
        std::string much(1 << 16, 'x');
        const iovec one = part(much);
        while (stream->send({&one, 1}).state == State::Done) {
        }
    }

    UniqueFd client;
    std::optional<Stream> stream;
    std::array<char, 64> room{};
};

TEST_F(StreamTest, ReceivesWhatIsThere) {
    EXPECT_EQ(stream->receive(room).state, State::Wait);
    EXPECT_EQ(stream->peek(), State::Wait);
    say("hello");
    EXPECT_EQ(stream->peek(), State::Done);
    const Stream::Result got = stream->receive(room);
    EXPECT_EQ(got.state, State::Done);
    EXPECT_EQ(std::string_view(room.data(), got.count), "hello");
    say("more");
    client.reset();
    EXPECT_EQ(stream->receive(room).count, 4);  // the end comes after the data
    EXPECT_EQ(stream->peek(), State::Ended);
    EXPECT_EQ(stream->receive(room).state, State::Ended);
}

TEST_F(StreamTest, DoesNotWaitThoughTheApplicationMadeTheDescriptorBlock) {
    ::fcntl(stream->fd(), F_SETFL, 0);
    EXPECT_EQ(stream->receive(room).state, State::Wait);
    EXPECT_EQ(stream->peek(), State::Wait);
    fill();
    std::string text = "late";
    const iovec one = part(text);
    EXPECT_EQ(stream->send({&one, 1}).state, State::Wait);
}

TEST_F(StreamTest, SendsFewPartsAndManyInTheirOrder) {
    std::string one = "one ";
    std::string two = "two ";
    std::string big(5000, 'b');  // too large to be joined
    for (std::vector<iovec> parts :
         {std::vector{part(one)}, {part(one), part(two)}, {part(one), part(big), part(two)}}) {
        std::string all;
        for (const iovec& each : parts) {
            all.append(static_cast<const char*>(each.iov_base), each.iov_len);
        }
        const Stream::Result sent = stream->send(parts);
        EXPECT_EQ(sent.state, State::Done);
        EXPECT_EQ(sent.count, all.size());
        EXPECT_EQ(heard(), all);
    }
}

TEST_F(StreamTest, WaitsForAClientThatReadsSlowly) {
    fill();
    std::string text = "late";
    const iovec one = part(text);
    EXPECT_EQ(stream->send({&one, 1}).state, State::Wait);
    stream->offer("lost");
    heard(1 << 22);
    EXPECT_EQ(stream->send({&one, 1}).state, State::Done);
}

TEST_F(StreamTest, CannotSendToAClientThatHasGone) {
    client.reset();
    std::string text = "late";
    const iovec one = part(text);
    EXPECT_EQ(stream->send({&one, 1}).state, State::Failed);
    stream->offer("late");
    const auto former = ::signal(SIGPIPE, SIG_IGN);
    off_t offset = 0;
    const UniqueFd file = UniqueFd::adopt(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(stream->send_file(file.get(), offset, 4).state, State::Failed);
    ::signal(SIGPIPE, former);
}

TEST_F(StreamTest, SendsPiecesOfAFile) {
    const UniqueFd file = UniqueFd::adopt(::memfd_create("file", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), "0123456789", 10), 10);
    off_t offset = 2;
    EXPECT_EQ(stream->send_file(file.get(), offset, 3).count, 3);
    EXPECT_EQ(offset, 5);
    EXPECT_EQ(heard(), "234");
    EXPECT_EQ(stream->send_file(file.get(), offset, 100).count, 5);
    const Stream::FileResult end = stream->send_file(file.get(), offset, 100);
    EXPECT_EQ(end.state, State::Done);
    EXPECT_EQ(end.count, 0);
    fill();
    offset = 0;
    EXPECT_EQ(stream->send_file(file.get(), offset, 3).state, State::Wait);
    EXPECT_EQ(offset, 0);
}

TEST_F(StreamTest, TellsAFileThatCannotBeReadFromAClientThatHasGone) {
    const UniqueFd folder = UniqueFd::adopt(::open("/", O_RDONLY | O_CLOEXEC));
    off_t offset = 0;
    const Stream::FileResult result = stream->send_file(folder.get(), offset, 100);
    EXPECT_EQ(result.state, State::Done);
    EXPECT_EQ(result.count, 0);
    EXPECT_NE(result.error, 0);
}

TEST_F(StreamTest, DoesNotWaitWithAFileThoughItsDescriptorWasMadeBlocking) {
    const UniqueFd file = UniqueFd::adopt(::memfd_create("file", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(file.get(), 8 << 20), 0);
    const timeval patience{1, 0};  // so that the test fails instead of hanging
    ::setsockopt(stream->fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::fcntl(stream->fd(), F_SETFL, 0);
    off_t offset = 0;
    while (stream->send_file(file.get(), offset, 8 << 20).state == State::Done && offset > 0 &&
           offset < 8 << 20) {
    }
    EXPECT_LT(offset, 8 << 20);
    EXPECT_NE(::fcntl(stream->fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(StreamTest, EndsBehindWhatItSentThoughAnotherProcessHasIt) {
    const UniqueFd inherited = UniqueFd::adopt(::dup(stream->fd()));
    stream->offer("bye");
    stream->end_sending();
    EXPECT_EQ(heard(), "bye");
    EXPECT_EQ(heard(), "");
    say("still heard");
    EXPECT_EQ(stream->receive(room).state, State::Done);
}

/// Takes all bytes, and notes how many each call brings.
class Taking : public Transport {
  public:
    explicit Taking(std::vector<std::size_t>& calls) : calls_(calls) {}

    Stream::Result receive(int, std::span<char>) noexcept override { return {State::Wait}; }

    Stream::Result send(int, std::span<const iovec> parts) noexcept override {
        calls_.push_back(parts.front().iov_len);
        return {State::Done, parts.front().iov_len};
    }

    void offer(int, std::string_view) noexcept override {}

    [[nodiscard]] State peek(int) noexcept override { return State::Wait; }

    void end_sending(int) noexcept override {}

    [[nodiscard]] bool has_bytes() const noexcept override { return false; }

    [[nodiscard]] Need receive_needs() const noexcept override { return Need::Bytes; }

    [[nodiscard]] Need send_needs() const noexcept override { return Need::Room; }

    [[nodiscard]] std::vector<Variable> variables() const override { return {}; }

  private:
    std::vector<std::size_t>& calls_;
};

TEST_F(StreamTest, SendsFilesThroughATransportInBigPieces) {
    const UniqueFd file = UniqueFd::adopt(::memfd_create("file", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(file.get(), 150'000), 0);
    std::vector<std::size_t> calls;
    stream->put_under(std::make_unique<Taking>(calls));
    off_t offset = 0;
    const Stream::FileResult sent = stream->send_file(file.get(), offset, 1 << 20);
    EXPECT_EQ(sent.state, State::Done);
    EXPECT_EQ(sent.count, 150'000U);
    EXPECT_EQ(calls, (std::vector<std::size_t>{65'536, 65'536, 18'928}));
}

TEST(TcpStream, ResetsThoughAnotherProcessHasIt) {
    Listener listener = Listener::open(*parse_address("http://127.0.0.1:0"), {});
    const UniqueFd client = testing::connect_inet("127.0.0.1", listener.actual().port);
    pollfd ready{listener.fd(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted && *accepted);
    Stream stream(std::move((*accepted)->fd));
    stream.join_packets(true);
    stream.join_packets(false);
    const UniqueFd inherited = UniqueFd::adopt(::dup(stream.fd()));
    stream.reset();
    char byte = 0;
    EXPECT_EQ(::read(client.get(), &byte, 1), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(StreamTest, KnowsOfAnEndBehindUnreadBytes) {
    EXPECT_FALSE(stream->has_hung_up());
    say("unread");
    EXPECT_FALSE(stream->has_hung_up());
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_TRUE(stream->has_hung_up());
}

TEST(TcpStream, AsksASilentClient) {
    Listener listener = Listener::open(*parse_address("http://127.0.0.1:0"), {});
    const UniqueFd client = testing::connect_inet("127.0.0.1", listener.actual().port);
    pollfd ready{listener.fd(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted && *accepted);
    Stream stream(std::move((*accepted)->fd));
    const auto option = [&](int level, int name) {
        int value = 0;
        socklen_t size = sizeof value;
        EXPECT_EQ(::getsockopt(stream.fd(), level, name, &value, &size), 0);
        return value;
    };
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 0);
    stream.probe_silent_client(std::chrono::seconds(30), std::chrono::seconds(20));
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL) * option(IPPROTO_TCP, TCP_KEEPCNT), 18);
    stream.probe_silent_client(std::chrono::milliseconds(1), std::chrono::hours(24));
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 1);
}

}  // namespace

}  // namespace geventd::net
