// SPDX-License-Identifier: MIT
#include "base/closer.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace geventd {
namespace {

std::pair<UniqueFd, UniqueFd> make_pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {UniqueFd::adopt(ends[0]), UniqueFd::adopt(ends[1])};
}

bool is_closed_within(const UniqueFd& reader, int milliseconds) {
    pollfd wanted{reader.get(), POLLIN, 0};
    return ::poll(&wanted, 1, milliseconds) == 1 && (wanted.revents & POLLHUP) != 0;
}

// The order of the tests matters: start() cannot be undone.
TEST(Closer, ClosesAtOnceBeforeItIsStarted) {
    auto [reader, writer] = make_pipe();
    closer::close(std::move(writer));
    EXPECT_TRUE(is_closed_within(reader, 0));
}

TEST(Closer, ClosesSoonAfterItIsStarted) {
    closer::start();
    for (int round = 0; round < 100; ++round) {
        auto [reader, writer] = make_pipe();
        std::vector<UniqueFd> fds;
        fds.push_back(duplicate(writer.get()));
        fds.push_back(std::move(writer));
        closer::close(std::move(fds));
        closer::close(UniqueFd());
        EXPECT_TRUE(is_closed_within(reader, 60'000));
    }
}

}  // namespace
}  // namespace geventd
