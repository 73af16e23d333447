// SPDX-License-Identifier: MIT
#include "net/unix_socket.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdio.h>

#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::net {
namespace {

using testing::connect_unix;
using testing::TempDir;
using testing::thrown_code;

mode_t mode_of(const std::string& path) {
    struct stat found {};

    ::stat(path.c_str(), &found);
    return found.st_mode & 07777;
}

TEST(UnixSocket, NobodyConnectsBeforeItListens) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    const auto bound = bind_unix_socket(path, {.mode = 0666}, "listen");
    EXPECT_FALSE(connect_unix(path));
    EXPECT_EQ(errno, ECONNREFUSED);
    EXPECT_EQ(mode_of(path), 0666U);
}

TEST(UnixSocket, ModeIsSetWhateverTheUmask) {
    const TempDir dir;
    const auto old = ::umask(0077);
    const auto bound = bind_unix_socket(dir.file("a.sock"), {.mode = 0660}, "listen");
    ::umask(old);
    EXPECT_EQ(mode_of(dir.file("a.sock")), 0660U);
}

TEST(UnixSocket, OwnerAndGroupAreSet) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const TempDir dir;
    const auto bound =
        bind_unix_socket(dir.file("a.sock"), {.user = 12345, .group = 54321}, "listen");

    struct stat found {};

    ASSERT_EQ(::stat(dir.file("a.sock").c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, 12345U);
    EXPECT_EQ(found.st_gid, 54321U);
}

// system.posix_acl_default of a folder: user rwx, group r-x, others nothing.
TEST(UnixSocket, HasItsModeInAFolderWithADefaultAcl) {
    struct Entry {
        std::uint16_t tag;
        std::uint16_t rights;
        std::uint32_t id;
    };

    struct {
        std::uint32_t version = 2;
        Entry entries[3] = {{1, 7, ~0U}, {4, 5, ~0U}, {0x20, 0, ~0U}};
    } acl;

    const TempDir dir;
    const std::string folder = std::filesystem::path(dir.file("x")).parent_path();
    if (::setxattr(folder.c_str(), "system.posix_acl_default", &acl, sizeof acl, 0) != 0) {
        GTEST_SKIP() << "the file system has no access control lists";
    }
    const auto bound = bind_unix_socket(dir.file("a.sock"), {.mode = 0666}, "listen");
    EXPECT_EQ(mode_of(dir.file("a.sock")), 0666U);
}

TEST(UnixSocket, AStaleSocketIsReplaced) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    bind_unix_socket(path, {}, "listen");  // closed at once, but the file stays
    ASSERT_TRUE(std::filesystem::exists(path));
    const auto bound = bind_unix_socket(path, {}, "listen");
    ASSERT_EQ(::listen(bound.fd.get(), 1), 0);
    EXPECT_TRUE(connect_unix(path));
}

TEST(UnixSocket, ALiveSocketIsRefused) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    const auto live = bind_unix_socket(path, {}, "listen");
    ASSERT_EQ(::listen(live.fd.get(), 4), 0);
    std::string text;
    EXPECT_EQ(thrown_code([&] { bind_unix_socket(path, {}, "listen x"); }, &text), EADDRINUSE);
    EXPECT_EQ(text, "listen x: net_test (pid " + std::to_string(::getpid()) +
                        ") is listening there: Address already in use");
    EXPECT_TRUE(connect_unix(path));
}

TEST(UnixSocket, ALiveSocketWithAFullQueueIsRefused) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    const auto live = bind_unix_socket(path, {}, "listen");
    ASSERT_EQ(::listen(live.fd.get(), 0), 0);
    const auto waiting = connect_unix(path);
    EXPECT_EQ(thrown_code([&] { bind_unix_socket(path, {}, "listen"); }), EADDRINUSE);
}

TEST(UnixSocket, ASocketOfAnotherUserNamesHim) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to become somebody else";
    }
    constexpr uid_t kOther = 4711;
    const TempDir dir;
    const auto path = dir.file("a.sock");
    const auto live = bind_unix_socket(path, {.mode = {}, .user = kOther, .group = {}}, "listen");
    ASSERT_EQ(::seteuid(kOther), 0);
    EXPECT_EQ(::listen(live.fd.get(), 0), 0);
    ASSERT_EQ(::seteuid(0), 0);
    std::string text;
    for (int i = 0; i < 3; ++i) {  // fills the queue
        EXPECT_EQ(thrown_code([&] { bind_unix_socket(path, {}, "listen x"); }, &text), EADDRINUSE);
        EXPECT_EQ(text, "listen x: user 4711 is listening there: Address already in use");
    }
    EXPECT_THROW(bind_unix_socket(path, {}, "listen x"), StrangerListens);
}

TEST(UnixSocket, AFileOfAnotherKindIsNeverRemoved) {
    const TempDir dir;
    const auto path = dir.file("notes.txt");
    std::ofstream(path) << "precious";
    std::string text;
    EXPECT_EQ(thrown_code([&] { bind_unix_socket(path, {}, "listen x"); }, &text), EEXIST);
    EXPECT_EQ(text, "listen x: there is a file that is no socket: File exists");
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(UnixSocket, AMissingDirectoryIsNamed) {
    std::string text;
    EXPECT_EQ(thrown_code([&] { bind_unix_socket("/nonexistent/a.sock", {}, "listen x"); }, &text),
              ENOENT);
    EXPECT_EQ(text, "listen x: bind: No such file or directory");
}

TEST(UnixSocket, APathThatDoesNotFitIsRefused) {
    std::string text;
    EXPECT_EQ(thrown_code([&] { bind_unix_socket(std::string(108, 'x'), {}, "listen x"); }, &text),
              ENAMETOOLONG);
    EXPECT_NE(text.find("1 to 107 bytes, not 108"), std::string::npos) << text;
}

TEST(UnixSocket, WhoeverReplacesItMeanwhileGetsNothingElseChanged) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    std::ofstream(dir.file("precious")) << "data";
    std::filesystem::permissions(dir.file("precious"), std::filesystem::perms(0600));
    const pid_t attacker = ::fork();
    if (attacker == 0) {
        std::filesystem::create_symlink("precious", dir.file("link"));
        for (;;) {  // as fast as possible: puts a link wherever the socket was
            ::renameat2(AT_FDCWD, dir.file("link").c_str(), AT_FDCWD, path.c_str(),
                        RENAME_EXCHANGE);
        }
    }
    const UnixAccess access = ::geteuid() == 0 ? UnixAccess{0666, 4711, 4711} : UnixAccess{0666};
    for (int round = 0; round < 1000; ++round) {
        try {
            bind_unix_socket(path, access, "listen").file.unlink_own();
        } catch (const std::exception&) {
            ::unlink(path.c_str());  // by now the link
        }
    }
    ::kill(attacker, SIGKILL);
    ::waitpid(attacker, nullptr, 0);

    struct stat found {};

    ASSERT_EQ(::lstat(dir.file("precious").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
    EXPECT_EQ(found.st_uid, ::geteuid());
}

TEST(UnixSocket, ALinkThatAnotherMayHavePutOnTheWayIsNotFollowed) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const TempDir dir;
    std::filesystem::create_directory(dir.file("tenant"));
    std::filesystem::create_directory(dir.file("precious"));
    bind_unix_socket(dir.file("precious/a.sock"), {}, "listen");  // a stale one
    std::filesystem::create_directory_symlink("../precious", dir.file("tenant/run"));
    ASSERT_EQ(::chown(dir.file("tenant").c_str(), 4711, 4711), 0);
    std::string text;
    try {
        bind_unix_socket(dir.file("tenant/run/a.sock"), {}, "listen x");
    } catch (const std::exception& error) {
        text = error.what();
    }
    EXPECT_NE(text.find("tenant/run is a link, which is not followed: user 4711"),
              std::string::npos)
        << text;
    EXPECT_TRUE(std::filesystem::exists(dir.file("precious/a.sock")));
    // Neither another user's folder nor a link of our own is refused in itself.
    std::filesystem::create_directory_symlink("tenant", dir.file("own"));
    std::filesystem::create_directory(dir.file("tenant/deep"));
    auto bound = bind_unix_socket(dir.file("own/deep/a.sock"), {.mode = 0640}, "listen");
    EXPECT_EQ(mode_of(dir.file("tenant/deep/a.sock")), 0640U);
    ASSERT_EQ(::listen(bound.fd.get(), 1), 0);
    EXPECT_TRUE(connect_unix(dir.file("tenant/deep/a.sock")));
    bound.file.unlink_own();
    EXPECT_FALSE(std::filesystem::exists(dir.file("tenant/deep/a.sock")));
}

TEST(SocketFile, IsRemovedWhileItIsOurs) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    auto bound = bind_unix_socket(path, {}, "listen");
    bound.file.unlink_own();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SocketFile, OfASuccessorIsLeftAlone) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    auto former = bind_unix_socket(path, {}, "listen");
    std::filesystem::rename(path, dir.file("kept"));  // keeps the inode number from being reused
    const auto successor = bind_unix_socket(path, {}, "listen");
    former.file.unlink_own();
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(SocketFile, IsNeverTheOneThatAnotherPutThere) {
    const TempDir dir;
    const auto path = dir.file("a.sock");
    const auto ours = bind_unix_socket(path, {}, "listen");
    std::filesystem::rename(path, dir.file("kept"));
    std::ofstream(path) << "precious";
    EXPECT_TRUE(SocketFile::of(ours.fd.get(), path).is_lost());
    ours.file.set_access({.mode = 0600});
    std::filesystem::remove(path);
    const auto other = bind_unix_socket(path, {.mode = 0666}, "listen");
    auto file = SocketFile::of(ours.fd.get(), path);
    EXPECT_TRUE(file.is_lost());
    file.set_access({.mode = 0600});
    file.unlink_own();
    EXPECT_EQ(mode_of(path), 0666U);
    EXPECT_TRUE(SocketFile::of(ours.fd.get(), dir.file("kept")).is_there());
}

TEST(SocketFile, IsFoundAfterAChangeOfDirectory) {
    const TempDir dir;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir.file(""));
    auto bound = bind_unix_socket("relative.sock", {}, "listen");
    std::filesystem::current_path(before);
    bound.file.unlink_own();
    EXPECT_FALSE(std::filesystem::exists(dir.file("relative.sock")));
}

}  // namespace
}  // namespace geventd::net
