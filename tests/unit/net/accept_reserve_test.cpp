// SPDX-License-Identifier: MIT
#include "net/accept_reserve.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::net {
namespace {

class AcceptReserveTest : public testing::Test {
  protected:
    AcceptReserveTest() {
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
        const rlimit few{std::min<rlim_t>(256, limit.rlim_max), limit.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        listener = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        EXPECT_EQ(::listen(listener.get(), 16), 0);
        socklen_t length = sizeof address;
        EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    }

    ~AcceptReserveTest() override { ::setrlimit(RLIMIT_NOFILE, &limit); }

    // A client's connection that waits in the queue.
    UniqueFd connect() {
        UniqueFd client = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM, 0));
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                  0);
        return client;
    }

    // Uses up all free descriptors of the process.
    void use_up() {
        for (int fd = 0; fd >= 0;) {
            fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
            if (fd >= 0) {
                others.push_back(UniqueFd::adopt(fd));
            }
        }
    }

    rlimit limit{};
    UniqueFd listener;
    sockaddr_in address{};
    AcceptReserve reserve;
    std::vector<UniqueFd> others;
};

TEST_F(AcceptReserveTest, AcceptsWhenNoDescriptorIsLeftAsOftenAsItHasSpares) {
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(connect());
    }
    use_up();
    std::vector<UniqueFd> accepted;
    for (int i = 0; i < 4; ++i) {
        auto got = reserve.accept(listener.get());
        ASSERT_TRUE(got && *got);
        accepted.push_back(std::move((*got)->fd));
    }
    const auto refused = reserve.accept(listener.get());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, AcceptError::Kind::Exhausted);
    accepted.clear();
    reserve.refill();
    use_up();
    const auto again = reserve.accept(listener.get());
    EXPECT_TRUE(again && *again);
}

}  // namespace
}  // namespace geventd::net
