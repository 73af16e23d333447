// SPDX-License-Identifier: MIT
#include "base/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>
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

TEST_F(PlaceTest, InAStickyFolderWhatExistsIsItsOwnersAlone) {
    give("folder", 0, 01777);
    EXPECT_TRUE(find(dir_.file("folder/file")).is_free_for_all);
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.include(kOther, {}));
    std::ofstream(dir_.file("folder/file")) << "text";
    EXPECT_TRUE(find(dir_.file("folder/file")).strangers.empty());
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
    // As the last one it is left to who opens it, without following links.
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

TEST(Place, WhatIsMissingOnTheWayIsSaid) {
    EXPECT_EQ(refusal_of("/nonexistent/file"), "look: No such file or directory");
    EXPECT_EQ(refusal_of("/"), "look: Is a directory");
    EXPECT_EQ(find("/nonexistent").name, "nonexistent");
}

}  // namespace
}  // namespace geventd
