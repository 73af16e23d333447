// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "net/accept_queue.h"
#include "net/holder.h"
#include "net/peer.h"
#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::net {
namespace {

using testing::connect_inet;
using testing::connect_inet6;
using testing::connect_unix;
using testing::TempDir;
using testing::thrown_code;

Address at(const std::string& text) {
    return parse_address(text).value();
}

bool has_ipv6() {
    const auto probe = parse_address("http://[::1]:0");
    return probe && thrown_code([&] { Listener::open(*probe, {}); }) == 0;
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(fd, level, name, &value, &length);
    return value;
}

TEST(Listener, Port0BecomesTheOneThatWasChosen) {
    const auto listener = Listener::open(at("http://127.0.0.1:0"), {});
    EXPECT_EQ(listener.wanted().port, 0);
    ASSERT_NE(listener.actual().port, 0);
    EXPECT_TRUE(connect_inet("127.0.0.1", listener.actual().port));
}

TEST(Listener, CountsTheConnectionsThatWait) {
    const auto listener = Listener::open(at("http://127.0.0.1:0"), {.backlog = 7, .access = {}});
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 0U);
    EXPECT_EQ(accept_queue(listener.fd()).most, 7U);
    const auto first = connect_inet("127.0.0.1", listener.actual().port);
    const auto second = connect_inet("127.0.0.1", listener.actual().port);
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 2U);
    const UniqueFd accepted = UniqueFd::adopt(::accept(listener.fd(), nullptr, nullptr));
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 1U);
    EXPECT_EQ(accept_queue(-1).waiting, 0U);
}

TEST(Listener, CountsTheConnectionsThatFoundTheQueueFull) {
    const auto listener = Listener::open(at("http://127.0.0.1:0"), {.backlog = 1, .access = {}});
    std::vector<UniqueFd> clients;
    while (accept_queue(listener.fd()).dropped == 0) {
        ASSERT_LT(clients.size(), 100U);
        clients.push_back(UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(listener.actual().port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::connect(clients.back().get(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof address);
    }
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 2U);  // the kernel admits one above the backlog
}

TEST(Listener, CountsTheConnectionsThatWaitAtAUnixSocket) {
    const TempDir dir;
    const auto listener =
        Listener::open(at("http+unix:" + dir.file("s")), {.backlog = 7, .access = {}});
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 0U);
    EXPECT_EQ(accept_queue(listener.fd()).most, 7U);
    const auto first = connect_unix(dir.file("s"));
    const auto second = connect_unix(dir.file("s"));
    EXPECT_EQ(accept_queue(listener.fd()).waiting, 2U);
}

TEST(Listener, IsNonBlockingAndClosedOnExec) {
    const auto listener = Listener::open(at("http://127.0.0.1:0"), {});
    EXPECT_TRUE(::fcntl(listener.fd(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(listener.fd(), F_GETFD) & FD_CLOEXEC);
}

TEST(Listener, AcceptedSocketsSendWithoutDelay) {
    const auto listener = Listener::open(at("http://127.0.0.1:0"), {});
    const auto client = connect_inet("127.0.0.1", listener.actual().port);
    const auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted && *accepted);
    EXPECT_EQ(option((*accepted)->fd.get(), IPPROTO_TCP, TCP_NODELAY), 1);
}

TEST(Listener, AnAddressThatIsTakenIsNamed) {
    const auto first = Listener::open(at("http://127.0.0.1:0"), {});
    std::string text;
    EXPECT_EQ(thrown_code([&] { Listener::open(first.actual(), {}); }, &text), EADDRINUSE);
    EXPECT_EQ(text, "listen http://127.0.0.1:" + std::to_string(first.actual().port) +
                        ": bind: Address already in use");
}

TEST(Listener, WhoHasAnAddressThatIsTakenCanBeFound) {
    const std::string us = "net_test (pid " + std::to_string(::getpid()) + ")";
    const auto taken = Listener::open(at("http://127.0.0.1:0"), {});
    EXPECT_EQ(holder_of(taken.actual()), us);
    Address wildcard = taken.actual();
    wildcard.host = "";
    EXPECT_EQ(holder_of(wildcard), us);
    const auto everywhere = Listener::open(at("http://:0"), {});
    EXPECT_EQ(holder_of(at("http://127.0.0.1:" + std::to_string(everywhere.actual().port))), us);
    EXPECT_EQ(holder_of(at("http://127.0.0.2:" + std::to_string(taken.actual().port))), "");
    const ErrnoError named = name_holder(ErrnoError(EADDRINUSE, "listen"), taken.actual());
    EXPECT_EQ(named.what(), "listen " + format_address(taken.actual()) + ": " + us +
                                " is listening there: Address already in use");
    EXPECT_EQ(name_holder(ErrnoError(EACCES, "listen"), taken.actual()).code().value(), EACCES);
}

TEST(Listener, APortThatOnlyRootMayOpenNamesTheWaysOut) {
    if (::geteuid() != 0 || !std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start")) {
        GTEST_SKIP() << "needs root, to become somebody else";
    }
    ASSERT_EQ(::seteuid(4711), 0);
    std::string text;
    const int code = thrown_code([&] { Listener::open(at("http://127.0.0.1:1"), {}); }, &text);
    ASSERT_EQ(::seteuid(0), 0);
    if (code == 0) {
        GTEST_SKIP() << "every port is free for all here";
    }
    EXPECT_EQ(code, EACCES);
    EXPECT_NE(text.find("process.user"), std::string::npos) << text;
    EXPECT_NE(text.find("listen.systemd"), std::string::npos) << text;
}

TEST(Listener, AnAddressOfAnotherMachineIsNamed) {
    std::string text;
    EXPECT_EQ(thrown_code([&] { Listener::open(at("uwsgi://192.0.2.1:1"), {}); }, &text),
              EADDRNOTAVAIL);
    EXPECT_EQ(text, "listen uwsgi://192.0.2.1:1: bind: Cannot assign requested address");
}

TEST(Listener, APortThatWasServedAMomentAgoCanBeTakenAgain) {
    std::uint16_t port = 0;
    {
        const auto listener = Listener::open(at("http://127.0.0.1:0"), {});
        port = listener.actual().port;
        const auto client = connect_inet("127.0.0.1", port);
        const auto accepted = accept_peer(listener.fd());  // closed first here: TIME_WAIT
        ASSERT_TRUE(accepted && *accepted);
    }
    EXPECT_NO_THROW(Listener::open(at("http://127.0.0.1:" + std::to_string(port)), {}));
}

TEST(Listener, TheWildcardServesBothFamilies) {
    const auto listener = Listener::open(at("http://:0"), {});
    EXPECT_TRUE(connect_inet("127.0.0.1", listener.actual().port));
    if (has_ipv6()) {
        EXPECT_TRUE(connect_inet6(listener.actual().port));
    }
}

TEST(Listener, TheIpv6WildcardServesBothFamiliesUnlessToldOtherwise) {
    if (!has_ipv6()) {
        GTEST_SKIP() << "no IPv6";
    }
    const auto both = Listener::open(at("http://[::]:0"), {});
    EXPECT_TRUE(connect_inet6(both.actual().port));
    EXPECT_TRUE(connect_inet("127.0.0.1", both.actual().port));
    const auto alone = Listener::open(at("http://[::]:0"), {.ipv6_only = true});
    EXPECT_TRUE(connect_inet6(alone.actual().port));
    EXPECT_FALSE(connect_inet("127.0.0.1", alone.actual().port));
}

TEST(Listener, AUnixSocketServesAndIsRemoved) {
    const TempDir dir;
    auto listener =
        Listener::open(at("http+unix:" + dir.file("a.sock")), {.access = {.mode = 0600}});
    EXPECT_TRUE(connect_unix(dir.file("a.sock")));
    listener.unlink_own();
    EXPECT_NE(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

TEST(Listener, AnAbstractSocketServesAndIsHeldByOneOnly) {
    const std::string name = "geventd-test-" + std::to_string(::getpid());
    const auto listener = Listener::open(at("uwsgi+unix:@" + name), {});
    EXPECT_TRUE(connect_unix(name, true));
    EXPECT_EQ(thrown_code([&] { Listener::open(at("http+unix:@" + name), {}); }), EADDRINUSE);
}

TEST(Listener, TakesOverASocketAndMakesItItsOwn) {
    const TempDir dir;
    const auto address = at("http+unix:" + dir.file("a.sock"));
    const auto first = Listener::open(address, {});
    UniqueFd copy = UniqueFd::adopt(::dup(first.fd()));
    auto adopted = Listener::adopt(std::move(copy), address);
    adopted.find_file();
    adopted.own_file();
    EXPECT_TRUE(::fcntl(adopted.fd(), F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(::fcntl(adopted.fd(), F_GETFL) & O_NONBLOCK);
    adopted.unlink_own();
    EXPECT_NE(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

TEST(Listener, IsLostWhenItsPathLeadsToAnother) {
    const TempDir dir;
    const auto address = at("http+unix:" + dir.file("a.sock"));
    auto first = Listener::open(address, {});
    EXPECT_FALSE(first.is_lost());
    ASSERT_EQ(::unlink(dir.file("a.sock").c_str()), 0);
    EXPECT_TRUE(first.is_lost());
    auto second = Listener::open(address, {});
    auto adopted = Listener::adopt(duplicate(first.fd()), address);
    adopted.find_file();
    EXPECT_TRUE(adopted.is_lost());
    adopted.own_file();
    adopted.unlink_own();
    EXPECT_FALSE(second.is_lost());
    auto shared = second.share();
    shared.unlink_own();
    EXPECT_TRUE(second.is_lost());
}

TEST(Listener, LeavesTheFileOfASocketThatOthersMade) {
    const TempDir dir;
    const auto address = at("http+unix:" + dir.file("a.sock"));
    const auto first = Listener::open(address, {});
    auto adopted = Listener::adopt(duplicate(first.fd()), address);
    adopted.own_file();
    adopted.unlink_own();
    EXPECT_EQ(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

TEST(Listener, ATakenOverTcpSocketThatWasShutDownListensAgain) {
    const auto chosen = Listener::open(at("http://127.0.0.1:0"), {}).actual();
    const auto first = Listener::open(chosen, {});
    ASSERT_EQ(::shutdown(first.fd(), SHUT_RDWR), 0);
    ASSERT_TRUE(first.is_down());
    const auto adopted = Listener::adopt(duplicate(first.fd()), chosen);
    EXPECT_FALSE(adopted.is_down());
    EXPECT_EQ(adopted.actual().port, chosen.port);
}

TEST(Listener, AChangeHasNoDeadSocketListenWhereverThatIs) {
    auto listener = Listener::open(at("http://127.0.0.1:0"), {});
    ASSERT_EQ(::shutdown(listener.fd(), SHUT_RDWR), 0);
    listener.change({listener.wanted(), {}});
    EXPECT_TRUE(listener.is_down());
}

TEST(Listener, ATakenOverUnixSocketWhoseFileIsAMastersCanBeReplaced) {
    const TempDir dir;
    const auto address = at("http+unix:" + dir.file("a.sock"));
    const auto first = Listener::open(address, {});
    auto adopted = Listener::adopt(duplicate(first.fd()), address);
    EXPECT_FALSE(adopted.is_replaceable());
    adopted.find_file();
    EXPECT_TRUE(adopted.is_replaceable());
}

TEST(Listener, TakesOverNothingThatDoesNotListen) {
    const auto address = at("http://127.0.0.1:0");
    EXPECT_EQ(thrown_code([&] {
                  Listener::adopt(UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM, 0)), address);
              }),
              EINVAL);
    EXPECT_EQ(thrown_code([&] {
                  Listener::adopt(UniqueFd::adopt(::open("/dev/null", O_RDONLY)), address);
              }),
              ENOTSOCK);
    const std::string name = "geventd-test-adopt-" + std::to_string(::getpid());
    const auto abstract = Listener::open(at("http+unix:@" + name), {});
    EXPECT_EQ(thrown_code([&] { Listener::adopt(duplicate(abstract.fd()), address); }), EINVAL);
}

}  // namespace
}  // namespace geventd::net
