// SPDX-License-Identifier: MIT
#include "log/outlet.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/fd.h"

namespace geventd::log {
namespace {

constexpr uid_t kSomebody = 65534;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = UniqueFd::adopt(ends[0]);
        writer = UniqueFd::adopt(ends[1]);
    }

    /// The whole content.
    [[nodiscard]] std::string read() const {
        std::string text;
        std::array<char, 65536> buffer{};
        ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
        for (ssize_t got = 0; (got = ::read(reader.get(), buffer.data(), buffer.size())) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return text;
    }

    UniqueFd reader;
    UniqueFd writer;
};

std::string line(int number) {
    std::string text = std::to_string(number);
    text.resize(99, '.');
    return text + "\n";
}

/// The pipes that are open in this process, except `known` ones.
std::set<ino_t> pipes_besides(const std::set<ino_t>& known) {
    std::set<ino_t> pipes;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        struct stat one {};

        if (::stat(entry.path().c_str(), &one) == 0 && S_ISFIFO(one.st_mode) &&
            !known.contains(one.st_ino)) {
            pipes.insert(one.st_ino);
        }
    }
    return pipes;
}

/// An outlet into a pipe that it may, or may not, open again.
class OutletTest : public ::testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        if (!GetParam() && ::geteuid() != 0) {
            GTEST_SKIP() << "only root can be refused by becoming somebody else";
        }
        open();
    }

    void open() {
        ::setfsuid(GetParam() ? ::geteuid() : kSomebody);
        outlet_.open(pipe_.writer.get());
        ::setfsuid(::geteuid());
        EXPECT_EQ(outlet_.descriptor() != -1, GetParam());
    }

    void fill() {
        for (int i = 0; outlet_.lost() == 0; ++i) {
            outlet_.write(line(i));
            lines_ = i;
        }
    }

    Pipe pipe_;
    Outlet outlet_;
    int lines_ = 0;  ///< lines that were written or kept
};

TEST_P(OutletTest, WritesALine) {
    outlet_.write("hello\n");
    outlet_.write("again\n");
    EXPECT_EQ(pipe_.read(), "hello\nagain\n");
}

TEST_P(OutletTest, NeverWaitsAndCountsWhatIsLost) {
    fill();
    for (int i = 0; i < 10; ++i) {
        outlet_.write(line(0));
    }
    EXPECT_EQ(outlet_.lost(), 11U);
    EXPECT_EQ(::fcntl(pipe_.writer.get(), F_GETFL) & O_NONBLOCK, 0) << "it is not ours alone";
}

TEST_P(OutletTest, LinesThatWereKeptComeWholeAndInTheirOrder) {
    fill();
    std::string all;
    for (std::string more = pipe_.read(); !more.empty(); more = pipe_.read()) {
        all += more;
        outlet_.retry();
    }
    std::string expected;
    for (int i = 0; i < lines_; ++i) {
        expected += line(i);
    }
    EXPECT_EQ(all.size(), expected.size());
    EXPECT_TRUE(all == expected);
    EXPECT_GT(all.size(), Outlet::kMostKept);
}

TEST_P(OutletTest, ALineLongerThanThePipeArrivesWhole) {
    const std::string text = std::string(3'000'000, 'x') + "\n";
    outlet_.write(text);
    std::string all;
    for (std::string more = pipe_.read(); !more.empty(); more = pipe_.read()) {
        all += more;
        outlet_.retry();
    }
    outlet_.write("next\n");
    EXPECT_TRUE(all == text) << all.size();
    EXPECT_EQ(pipe_.read(), "next\n");
    EXPECT_EQ(outlet_.lost(), 0U);
}

TEST_P(OutletTest, APipeWithoutReaderLosesLinesOnly) {
    pipe_.reader.reset();
    outlet_.write("lost\n");
    outlet_.write("lost\n");
    EXPECT_EQ(outlet_.lost(), 2U);
}

TEST_P(OutletTest, AChildWritesNothingOfWhatItsParentKeeps) {
    fill();
    EXPECT_FALSE(pipe_.read().empty());
    const pid_t child = ::fork();
    if (child == 0) {
        const bool has_nothing = outlet_.lost() == 0 && !outlet_.has_kept();
        outlet_.write("child\n");
        ::_exit(has_nothing && outlet_.lost() == 0 ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(pipe_.read(), "child\n");
}

TEST_P(OutletTest, AChildThatOpensItHasNothingInCommonWithItsParentButThePipe) {
    const auto before = pipes_besides({});
    outlet_.write("parent\n");
    const auto of_parent = pipes_besides(before);
    const pid_t child = ::fork();
    if (child == 0) {
        open();
        outlet_.write("child\n");
        const auto own = pipes_besides(before);
        const bool shared = std::any_of(
            own.begin(), own.end(), [&of_parent](ino_t pipe) { return of_parent.contains(pipe); });
        ::_exit(shared ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(pipe_.read(), "parent\nchild\n");
}

TEST_P(OutletTest, LastWordsWaitForAReaderThatReads) {
    std::string text(200'000, 'x');
    outlet_.write(text + "\n");
    const pid_t reader = ::fork();
    if (reader == 0) {
        std::array<char, 4096> buffer{};
        for (ssize_t rest = 200'001; rest > 0;) {
            const ssize_t got = ::read(pipe_.reader.get(), buffer.data(), buffer.size());
            rest = got > 0 ? rest - got : -1;
        }
        ::_exit(0);
    }
    outlet_.finish();
    pipe_.writer.reset();
    outlet_ = Outlet();
    int status = -1;
    ::waitpid(reader, &status, 0);
    EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Pipes, OutletTest, ::testing::Values(true, false),
                         [](const auto& of) { return of.param ? "Reopened" : "Spliced"; });

TEST(OutletSocket, IsNotWaitedFor) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd reader = UniqueFd::adopt(ends[0]);
    const UniqueFd writer = UniqueFd::adopt(ends[1]);
    Outlet outlet;
    outlet.open(writer.get());
    for (int i = 0; outlet.lost() == 0; ++i) {
        outlet.write(line(i));
    }
    EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(OutletFile, GoesOnWithoutFurtherDescriptors) {
    const UniqueFd first = UniqueFd::adopt(::memfd_create("first", MFD_CLOEXEC));
    const UniqueFd second = UniqueFd::adopt(::memfd_create("second", MFD_CLOEXEC));
    const Pipe pipe;
    Outlet outlet;
    outlet.open(first.get());
    rlimit limits{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limits), 0);
    const auto next = static_cast<rlim_t>(duplicate(first.get()).get());
    const rlimit none{next, limits.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    outlet.open(second.get());
    outlet.write("hello\n");
    outlet.open(pipe.writer.get());  // which needs a pipe of our own
    outlet.write("again\n");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limits), 0);
    std::array<char, 16> text{};
    EXPECT_EQ(::pread(first.get(), text.data(), text.size(), 0), 0);
    EXPECT_EQ(::pread(second.get(), text.data(), text.size(), 0), 12);
    EXPECT_EQ(outlet.lost(), 0U);
}

TEST(OutletFile, GoesOnWhereTheDescriptorLedWhenThatIsClosed) {
    UniqueFd file = UniqueFd::adopt(::memfd_create("outlet", MFD_CLOEXEC));
    const UniqueFd copy = duplicate(file.get());
    Outlet outlet;
    outlet.open(file.get());
    file.reset();
    outlet.write("hello\n");
    std::array<char, 16> text{};
    EXPECT_EQ(::pread(copy.get(), text.data(), text.size(), 0), 6);
}

TEST(OutletFile, HasAHighNumberWhereAnApplicationRuns) {
    const UniqueFd file = UniqueFd::adopt(::memfd_create("outlet", MFD_CLOEXEC));
    const int lowest = duplicate(file.get()).get();
    Outlet outlet;
    outlet.open(file.get());
    outlet.move_up();
    EXPECT_EQ(duplicate(file.get()).get(), lowest);
    outlet.write("hello\n");
    std::array<char, 16> text{};
    EXPECT_EQ(::pread(file.get(), text.data(), text.size(), 0), 6);
}

TEST(OutletFile, GoesWhereItIsToldAlthoughItsNumberIsAboveTheLimit) {
    const UniqueFd first = UniqueFd::adopt(::memfd_create("first", MFD_CLOEXEC));
    const UniqueFd second = UniqueFd::adopt(::memfd_create("second", MFD_CLOEXEC));
    Outlet outlet;
    outlet.move_up();
    outlet.open(first.get());
    rlimit limits{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limits), 0);
    const rlimit low{256, limits.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    outlet.open(second.get());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limits), 0);
    outlet.write("hello\n");
    std::array<char, 16> text{};
    EXPECT_EQ(::pread(second.get(), text.data(), text.size(), 0), 6);
}

/// How many descriptors are open in this process.
std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// The application closes one end of the pipe through which lines go into another.
class OutletLoss : public ::testing::TestWithParam<int> {};

TEST_P(OutletLoss, OfTheStagingPipeIsMended) {
    ::signal(SIGPIPE, SIG_IGN);
    const Pipe pipe;
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can be refused by becoming somebody else";
    }
    ::setfsuid(kSomebody);
    Outlet outlet;
    outlet.open(pipe.writer.get());
    ::setfsuid(::geteuid());
    const int lowest = duplicate(pipe.writer.get()).get();
    outlet.write("first\n");
    const std::ptrdiff_t before = open_descriptors();
    for (const char* line : {"second\n", "third\n"}) {
        ASSERT_EQ(::close(lowest + GetParam()), 0);
        EXPECT_TRUE(outlet.write(line));
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_EQ(pipe.read(), "first\nsecond\nthird\n");
}

INSTANTIATE_TEST_SUITE_P(Ends, OutletLoss, ::testing::Values(0, 1));

TEST(OutletNowhere, LosesLines) {
    Outlet outlet;
    outlet.open(-1);
    outlet.write("lost\n");
    EXPECT_EQ(outlet.lost(), 1U);
}

}  // namespace
}  // namespace geventd::log
