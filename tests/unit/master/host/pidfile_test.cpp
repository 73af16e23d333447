// SPDX-License-Identifier: MIT
#include "master/host/pidfile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/master/host/in_child.h"
#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

using testing::in_child;
using testing::TempDir;
using testing::thrown_code;

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(Pidfile, HoldsThePidAndGoesWithItsObject) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    {
        const Pidfile pidfile(path);
        EXPECT_EQ(content(path), std::to_string(::getpid()) + "\n");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Pidfile, ASecondOneIsRefusedAndNamesTheFirst) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    const Pidfile first(path);
    std::string text;
    EXPECT_EQ(thrown_code([&] { Pidfile second(path); }, &text), EWOULDBLOCK);
    EXPECT_EQ(text, "pidfile " + path + ": held by process " + std::to_string(::getpid()) +
                        ": Resource temporarily unavailable");
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Pidfile, TheLockIsOnAFileThatNobodyElseOpens) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    std::ofstream(path) << "1\n";
    const UniqueFd reader = UniqueFd::adopt(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(reader.get(), LOCK_SH), 0);  // as any user may do with a readable file
    {
        const Pidfile pidfile(path);
        EXPECT_EQ(content(path), std::to_string(::getpid()) + "\n");
        EXPECT_EQ(std::filesystem::status(path + ".lock").permissions(),
                  std::filesystem::perms(0600));
        EXPECT_NE(std::filesystem::status(path).permissions() & std::filesystem::perms(0044),
                  std::filesystem::perms::none);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path + ".lock"));
}

TEST(Pidfile, TheLockIsHandedOver) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    Pidfile first(path);
    const Pidfile second(path, first.copy());
    EXPECT_EQ(thrown_code([&] { Pidfile third(path); }), EWOULDBLOCK);
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Pidfile, IsLockedAgainAfterASuccessorThatDidNotTakeOver) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    Pidfile first(path);
    { const Pidfile successor(path, first.copy()); }
    first.write_own_pid();
    EXPECT_EQ(thrown_code([&] { Pidfile second(path); }), EWOULDBLOCK);
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Pidfile, CanBeReadWhateverTheUmask) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    const mode_t former = ::umask(077);
    const Pidfile pidfile(path);
    ::umask(former);
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0644));
    EXPECT_EQ(std::filesystem::status(path + ".lock").permissions(), std::filesystem::perms(0600));
}

TEST(Pidfile, OfAnOlderVersionIsTakenOver) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    std::ofstream(path) << "1\n";
    UniqueFd locked = UniqueFd::adopt(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(locked.get(), LOCK_EX), 0);
    const Pidfile pidfile(path, std::move(locked));
    EXPECT_EQ(content(path), std::to_string(::getpid()) + "\n");
    EXPECT_EQ(thrown_code([&] { Pidfile second(path); }), EWOULDBLOCK);
}

TEST(Pidfile, AStaleFileIsNoObstacle) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    std::ofstream(path) << "99999999999\nand more\n";
    const Pidfile pidfile(path);
    EXPECT_EQ(content(path), std::to_string(::getpid()) + "\n");
}

TEST(Pidfile, TheLockGoesOverToAChild) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    std::optional<Pidfile> pidfile(path);
    const auto in_file = in_child([&] {
        pidfile->write_own_pid();
        return content(path) == std::to_string(::getpid()) + "\n" ? 7 : 8;
    });
    EXPECT_EQ(in_file, 7);
}

TEST(Pidfile, AChildDoesNotRemoveIt) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    std::optional<Pidfile> pidfile(path);
    in_child([&] {
        pidfile.reset();
        return 0;
    });
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Pidfile, OfASuccessorIsLeftAlone) {
    const TempDir dir;
    const auto path = dir.file("app.pid");
    {
        const Pidfile pidfile(path);
        std::filesystem::rename(path, dir.file("moved"));
        std::ofstream(path) << "1\n";
    }
    EXPECT_EQ(content(path), "1\n");
}

TEST(Pidfile, ALinkIsNotFollowed) {
    const TempDir dir;
    std::ofstream(dir.file("precious")) << "data";
    std::filesystem::create_symlink(dir.file("precious"), dir.file("app.pid"));
    EXPECT_EQ(thrown_code([&] { Pidfile pidfile(dir.file("app.pid")); }), ELOOP);
    EXPECT_EQ(content(dir.file("precious")), "data");
}

TEST(Pidfile, AMissingDirectoryIsNamed) {
    std::string text;
    EXPECT_EQ(thrown_code([&] { Pidfile pidfile("/nonexistent/app.pid"); }, &text), ENOENT);
    EXPECT_EQ(text, "pidfile /nonexistent/app.pid: No such file or directory");
}

}  // namespace
}  // namespace geventd::master
