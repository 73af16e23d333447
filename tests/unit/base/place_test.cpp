// SPDX-License-Identifier: MIT
#include "base/place.h"

#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/net/temp_dir.h"

namespace geventd {
namespace {

using testing::TempDir;

constexpr uid_t kOther = 4711;

Place find(const std::string& path, LastLink last = LastLink::Follow) {
    return find_place("look", path, last);
}

std::string refusal_of(const std::string& path) {
    try {
        find(path);
        return "";
    } catch (const std::exception& error) {
        return error.what();
    }
}

class PlaceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root, to give folders to others";
        }
        std::filesystem::create_directory(dir_.file("folder"));
    }

    void give(const std::string& name, uid_t user, mode_t mode) {
        ASSERT_EQ(::lchown(dir_.file(name).c_str(), user, user), 0);
        ASSERT_EQ(::chmod(dir_.file(name).c_str(), mode), 0);
    }

    /// Adds one entry for a user or a group, like `setfacl -m`. False where that is impossible.
    [[nodiscard]] bool set_access_list(int tag, std::uint32_t id, int rights) const {
        struct {
            posix_acl_xattr_header head;
            std::array<posix_acl_xattr_entry, 5> entries;
        } list{};

        constexpr std::uint32_t kNobody = ACL_UNDEFINED_ID;
        const auto entry = [](int kind, int may, std::uint32_t whom) {
            return posix_acl_xattr_entry{htole16(static_cast<std::uint16_t>(kind)),
                                         htole16(static_cast<std::uint16_t>(may)), htole32(whom)};
        };
        list.head.a_version = htole32(POSIX_ACL_XATTR_VERSION);
        const auto one = entry(tag, rights, id);
        const auto group = entry(ACL_GROUP_OBJ, 5, kNobody);
        list.entries = {entry(ACL_USER_OBJ, 7, kNobody), tag == ACL_USER ? one : group,
                        tag == ACL_USER ? group : one, entry(ACL_MASK, 7, kNobody),
                        entry(ACL_OTHER, 5, kNobody)};
        return ::setxattr(dir_.file("folder").c_str(), "system.posix_acl_access", &list,
                          sizeof list, 0) == 0;
    }

    const TempDir dir_;
};

TEST_F(PlaceTest, OfRootAloneHasNoStrangers) {
    const Place place = find(dir_.file("folder/file"));
    EXPECT_EQ(place.name, "file");
    EXPECT_TRUE(place.strangers.empty());
    EXPECT_FALSE(place.is_free_for_all);
}

TEST_F(PlaceTest, TheOwnerOfAFolderOnTheWayIsAStranger) {
    std::filesystem::create_directory(dir_.file("folder/deep"));
    give("folder", kOther, 0755);
    const Place place = find(dir_.file("folder/deep/file"));
    EXPECT_TRUE(place.strangers.include(kOther, {}));
    EXPECT_FALSE(place.strangers.include(kOther + 1, {}));
    EXPECT_EQ(place.strangers.text(), "user 4711 may change it in " + dir_.file("folder"));
}

TEST_F(PlaceTest, AGroupThatMayWriteIsAStranger) {
    give("folder", 0, 0775);
    ASSERT_EQ(::lchown(dir_.file("folder").c_str(), 0, kOther), 0);
    const Place place = find(dir_.file("folder/file"));
    EXPECT_TRUE(place.strangers.include(1, {kOther}));
    EXPECT_FALSE(place.strangers.include(1, {}));
    ASSERT_EQ(::lchown(dir_.file("folder").c_str(), 0, 0), 0);
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.empty());
}

TEST_F(PlaceTest, AGroupWithoutMembersIsAStranger) {
    give("folder", 0, 0775);
    ASSERT_EQ(::lchown(dir_.file("folder").c_str(), 0, 50), 0);  // staff, which has no members
    EXPECT_FALSE(find(dir_.file("folder/file")).strangers.empty());
}

TEST_F(PlaceTest, RootsGroupIsAStrangerWhenTheTenantIsInIt) {
    give("folder", 0, 0775);
    const auto found = [&](const std::optional<Tenant>& tenant) {
        return find_place("look", dir_.file("folder/file"), LastLink::Follow, tenant);
    };
    EXPECT_TRUE(found(Tenant{kOther, {kOther}}).strangers.empty());
    EXPECT_TRUE(found(Tenant{kOther, {kOther, 0}}).strangers.include(kOther, {0}));
}

TEST_F(PlaceTest, AnAccessListNamesStrangers) {
    give("folder", 0, 0755);
    if (!set_access_list(ACL_USER, kOther, ACL_READ | ACL_EXECUTE)) {
        GTEST_SKIP() << "no access control lists here";
    }
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.empty()) << "he may only read";
    ASSERT_TRUE(set_access_list(ACL_USER, kOther, ACL_READ | ACL_WRITE | ACL_EXECUTE));
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.include(kOther, {}));
    EXPECT_FALSE(find(dir_.file("folder/file")).strangers.include(kOther + 1, {kOther}));
    ASSERT_TRUE(set_access_list(ACL_GROUP, kOther, ACL_READ | ACL_WRITE | ACL_EXECUTE));
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.include(1, {kOther}));
    ASSERT_TRUE(set_access_list(ACL_USER, 0, ACL_READ | ACL_WRITE | ACL_EXECUTE));
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.empty()) << "root may do that anyway";
}

TEST_F(PlaceTest, TheUserOfTheUnmappedIsTrustedWhereHeIsNobodyReal) {
    constexpr uid_t kUnmapped = 65534;
    EXPECT_FALSE(is_trusted(kUnmapped));
    const auto seen_with = [&](const std::string& map) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        const UniqueFd ours = UniqueFd::adopt(ends[0]);
        UniqueFd theirs = UniqueFd::adopt(ends[1]);
        const pid_t child = ::fork();
        if (child == 0) {
            char byte = ::unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
            ::_exit(::write(theirs.get(), &byte, 1) == 1 && ::read(theirs.get(), &byte, 1) == 1 &&
                            byte == 'y'
                        ? static_cast<int>(is_trusted(kUnmapped))
                        : 2);
        }
        theirs.reset();
        char byte = 'n';
        EXPECT_EQ(::read(ours.get(), &byte, 1), 1);
        std::ofstream file("/proc/" + std::to_string(child) + "/uid_map");
        file << map << std::flush;
        byte = file ? byte : 'n';
        EXPECT_EQ(::write(ours.get(), &byte, 1), 1);
        int status = -1;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    };
    if (const int alone = seen_with("0 0 1\n"); alone != 2) {
        EXPECT_EQ(alone, 1);
        EXPECT_EQ(seen_with("0 0 1\n1 100000 65535\n"), 0)
            << "as a container without root's rights has it";
        EXPECT_EQ(seen_with("0 0 1000\n1000 200000 64535\n"), 0);
    }
}

TEST_F(PlaceTest, InAStickyFolderWhatExistsIsItsOwnersAlone) {
    give("folder", 0, 01777);
    EXPECT_TRUE(find(dir_.file("folder/file")).is_free_for_all);
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.include(kOther, {}));
    std::ofstream(dir_.file("folder/file")) << "text";
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.empty());
    EXPECT_TRUE(find(dir_.file("folder/file")).is_shared);
    give("folder/file", kOther, 0600);
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.include(kOther, {}));
    EXPECT_FALSE(find(dir_.file("folder/file")).strangers.include(kOther + 1, {}));
}

TEST_F(PlaceTest, OwnLinksAreFollowed) {
    std::filesystem::create_directory_symlink("folder", dir_.file("link"));
    std::filesystem::create_symlink("../link/../folder/./there", dir_.file("folder/file"));
    const Place place = find(dir_.file("link//file"));
    EXPECT_EQ(place.name, "there");
    EXPECT_TRUE(place.strangers.empty());
    EXPECT_EQ(find(dir_.file("link/file"), LastLink::Leave).name, "file");
}

TEST_F(PlaceTest, LinksOfOthersAreNot) {
    std::filesystem::create_directory_symlink("/etc", dir_.file("folder/link"));
    give("folder", kOther, 0755);
    EXPECT_EQ(refusal_of(dir_.file("folder/link/passwd")),
              "look: " + dir_.file("folder") + "/link is a link, which is not followed: user " +
                  "4711 may change it in " + dir_.file("folder"));
    // A link at the end is left to the caller, who must not follow links either.
    const Place place = find(dir_.file("folder/link"));
    EXPECT_EQ(place.name, "link");
    EXPECT_FALSE(place.strangers.empty());
}

TEST_F(PlaceTest, ALoopOfLinksEnds) {
    std::filesystem::create_symlink("loop", dir_.file("loop"));
    EXPECT_EQ(refusal_of(dir_.file("loop")), "look: Too many levels of symbolic links");
}

TEST(Place, OfAnOwnDescriptorIsIt) {
    EXPECT_EQ(find("/dev/stdout").descriptor, STDOUT_FILENO);
    EXPECT_EQ(find("/dev/fd/2").descriptor, STDERR_FILENO);
    EXPECT_EQ(find("/proc/self/fd/0").descriptor, STDIN_FILENO);
}

TEST(Place, ALinkOfTheKernelsIsTheKernelsToFollow) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader = UniqueFd::adopt(ends[0]);
    const UniqueFd writer = UniqueFd::adopt(ends[1]);
    const pid_t child = ::fork();  // another process, so that the pipe is not our own descriptor
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    const TempDir dir;
    const std::string number = std::to_string(writer.get());
    const std::string path = "/proc/" + std::to_string(child) + "/fd/" + number;
    std::filesystem::create_symlink(path, dir.file("link"));
    for (const std::string& name : {path, dir.file("link")}) {
        const Place place = find(name);
        EXPECT_EQ(place.name, number);
        EXPECT_TRUE(place.is_kernels_link);
        EXPECT_FALSE(place.descriptor);
    }
    const std::string inside = "/proc/" + std::to_string(child) + "/root" + dir.file("file");
    EXPECT_EQ(find(inside).name, "file");
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST(Place, WhatIsMissingOnTheWayIsSaid) {
    EXPECT_EQ(refusal_of("/nonexistent/file"), "look: No such file or directory");
    EXPECT_EQ(refusal_of("/"), "look: Is a directory");
    EXPECT_EQ(find("/nonexistent").name, "nonexistent");
}

}  // namespace
}  // namespace geventd
