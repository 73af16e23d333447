// SPDX-License-Identifier: MIT
#include "net/fresh_connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/listener.h"
#include "net/peer.h"
#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::net {
namespace {

using testing::connect_inet;
using testing::connect_unix;
using Peers = std::vector<std::string>;

std::pair<UniqueFd, UniqueFd> socket_pair(int type = SOCK_STREAM) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {UniqueFd::adopt(ends[0]), UniqueFd::adopt(ends[1])};
}

// A process with a listening socket of its own, so that the other ends of its clients are
// elsewhere.
class Elsewhere {
  public:
    explicit Elsewhere(const std::string& address) {
        auto [ours, theirs] = socket_pair();
        line_ = std::move(ours);
        pid_ = ::fork();
        if (pid_ == 0) {
            line_.reset();
            serve(address, theirs.get());
        }
        EXPECT_EQ(::read(line_.get(), &port_, sizeof port_), ssize_t{sizeof port_});
    }

    Elsewhere(const Elsewhere&) = delete;
    Elsewhere& operator=(const Elsewhere&) = delete;

    ~Elsewhere() {
        line_.reset();
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] std::string name() const { return "127.0.0.1:" + std::to_string(port_); }

    /// Sends this text to the newest client and closes that connection.
    void close_newest(const std::string& text) const {
        EXPECT_EQ(::write(line_.get(), text.data(), text.size() + 1),
                  static_cast<ssize_t>(text.size() + 1));
        char done = 0;
        EXPECT_EQ(::read(line_.get(), &done, 1), 1);
    }

  private:
    [[noreturn]] static void serve(const std::string& address, int line) {
        const auto listener = Listener::open(parse_address(address).value(), {});
        const std::uint16_t port = listener.actual().port;
        bool fine = ::write(line, &port, sizeof port) == sizeof port;
        std::array<char, 64> text{};
        while (fine && ::read(line, text.data(), text.size()) > 0) {
            std::optional<Accepted> newest;
            for (auto next = accept_peer(listener.fd()); next && *next;
                 next = accept_peer(listener.fd())) {
                newest = std::move(*next);
            }
            const std::string said = text.data();
            fine = ::write(newest->fd.get(), said.data(), said.size()) ==
                   static_cast<ssize_t>(said.size());
            newest.reset();
            fine = fine && ::write(line, "", 1) == 1;
        }
        ::_exit(0);
    }

    UniqueFd line_;
    pid_t pid_ = 0;
    std::uint16_t port_ = 0;
};

TEST(FreshConnections, NameThePeersOfTcpConnectionsOnce) {
    const Elsewhere other("http://127.0.0.1:0");
    const FreshConnections fresh;
    EXPECT_EQ(fresh.peers(), Peers{});
    const UniqueFd one = connect_inet("127.0.0.1", other.port());
    EXPECT_EQ(fresh.peers(), Peers{other.name()});
    const UniqueFd same = duplicate(one.get());
    EXPECT_EQ(fresh.peers(), Peers{other.name()});
    const UniqueFd two = connect_inet("127.0.0.1", other.port());
    EXPECT_EQ(fresh.peers(), Peers{other.name() + " (2 connections)"});
}

TEST(FreshConnections, NameThePathsOfUnixStreams) {
    const testing::TempDir folder;
    const std::string path = folder.file("socket");
    const Elsewhere other("http+unix:" + path);
    const FreshConnections fresh;
    const UniqueFd one = connect_unix(path);
    EXPECT_EQ(fresh.peers(), Peers{path});
}

TEST(FreshConnections, NameTheProcessOfAPeerWithoutAName) {
    const FreshConnections fresh;
    auto [ours, theirs] = socket_pair();
    const pid_t child = ::fork();
    if (child == 0) {
        ours.reset();
        char end = 0;
        ::_exit(static_cast<int>(::read(theirs.get(), &end, 1)));
    }
    theirs.reset();
    EXPECT_EQ(fresh.peers(),
              Peers{"a unix socket of process " + std::to_string(::getpid())});  // its creator
    ours.reset();
    ::waitpid(child, nullptr, 0);
}

TEST(FreshConnections, LeaveOutThoseThatWereThereBefore) {
    const Elsewhere other("http://127.0.0.1:0");
    const UniqueFd before = connect_inet("127.0.0.1", other.port());
    const FreshConnections fresh;
    const UniqueFd same = duplicate(before.get());
    EXPECT_EQ(fresh.peers(), Peers{});
}

TEST(FreshConnections, LeaveOutWhatHasBothEndsHere) {
    const testing::TempDir folder;
    const std::string path = folder.file("socket");
    const FreshConnections fresh;
    const auto streams = socket_pair();
    const auto packets = socket_pair(SOCK_SEQPACKET);
    const auto listener = Listener::open(parse_address("http://127.0.0.1:0").value(), {});
    const UniqueFd client = connect_inet("127.0.0.1", listener.actual().port);
    const auto server = accept_peer(listener.fd());
    const auto unix_listener = Listener::open(parse_address("http+unix:" + path).value(), {});
    const UniqueFd unix_client = connect_unix(path);
    const auto unix_server = accept_peer(unix_listener.fd());
    ASSERT_TRUE(*server && *unix_server);
    EXPECT_EQ(fresh.peers(), Peers{});
}

TEST(FreshConnections, NameAPipeThatAnotherProcessWritesTo) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd before = UniqueFd::adopt(ends[0]);
    UniqueFd before_writer = UniqueFd::adopt(ends[1]);
    const FreshConnections fresh;
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader = UniqueFd::adopt(ends[0]);
    UniqueFd writer = UniqueFd::adopt(ends[1]);
    before_writer.reset();
    EXPECT_EQ(fresh.peers(), Peers{}) << "both ends are here";
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
    }
    writer.reset();
    EXPECT_EQ(fresh.peers(), Peers{"a pipe from another process"});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(fresh.peers(), Peers{}) << "nobody writes any more";
}

TEST(FreshConnections, LeaveOutDatagrams) {
    const FreshConnections fresh;
    const UniqueFd udp = UniqueFd::adopt(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(udp.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    auto [ours, theirs] = socket_pair(SOCK_DGRAM);
    theirs.reset();
    EXPECT_EQ(fresh.peers(), Peers{});
}

TEST(FreshConnections, LeaveOutThoseThatAreOverAndRead) {
    const Elsewhere other("http://127.0.0.1:0");
    const FreshConnections fresh;
    const UniqueFd one = connect_inet("127.0.0.1", other.port());
    other.close_newest("row");
    EXPECT_EQ(fresh.peers(), Peers{other.name()}) << "there is something to read";
    std::array<char, 8> row{};
    ASSERT_EQ(::read(one.get(), row.data(), row.size()), 3);
    ASSERT_EQ(::recv(one.get(), row.data(), row.size(), MSG_PEEK), 0);
    EXPECT_EQ(fresh.peers(), Peers{});
}

}  // namespace
}  // namespace geventd::net
