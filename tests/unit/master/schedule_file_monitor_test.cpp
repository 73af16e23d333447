// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "master/schedule/file_monitor.h"

namespace geventd::master {
namespace {

namespace fs = std::filesystem;
using Ids = std::set<std::uint64_t>;

class Monitor : public ::testing::Test {
  protected:
    Monitor() {
        char name[] = "/tmp/geventd-monitor-XXXXXX";
        top_ = ::mkdtemp(name);
    }

    ~Monitor() override { fs::remove_all(top_); }

    void write(const fs::path& path, const char* text = "x") { std::ofstream(path) << text; }

    fs::path top_;
    FileMonitor monitor_;
};

TEST_F(Monitor, FileTicksOnceForABatchOfChanges) {
    const fs::path file = top_ / "file";
    write(file);
    EXPECT_EQ(monitor_.fd(), -1);
    monitor_.add(7, file);
    EXPECT_EQ(monitor_.changed(), Ids{});
    write(file, "one");
    write(file, "two");
    ::chmod(file.c_str(), 0600);
    EXPECT_EQ(monitor_.changed(), Ids{7});
    EXPECT_EQ(monitor_.changed(), Ids{});
    write(top_ / "other");
    EXPECT_EQ(monitor_.changed(), Ids{});
}

TEST_F(Monitor, FileThatAnEditorReplacesStaysWatched) {
    const fs::path file = top_ / "file";
    write(file);
    monitor_.add(7, file);
    for (int save = 0; save < 3; ++save) {
        write(top_ / "file.tmp");
        fs::rename(top_ / "file.tmp", file);
        EXPECT_EQ(monitor_.changed(), Ids{7}) << "replaced";
        write(file, "again");
        EXPECT_EQ(monitor_.changed(), Ids{7}) << "written in place";
    }
    fs::rename(file, top_ / "file~");
    write(file, "new");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    write(top_ / "file~", "the back-up is nobody's concern");
    EXPECT_EQ(monitor_.changed(), Ids{});
}

TEST_F(Monitor, FileMayBeDeletedAndCreated) {
    const fs::path file = top_ / "file";
    monitor_.add(7, file);
    EXPECT_EQ(monitor_.changed(), Ids{});
    write(file);
    EXPECT_EQ(monitor_.changed(), Ids{7});
    fs::remove(file);
    EXPECT_EQ(monitor_.changed(), Ids{7});
    EXPECT_EQ(monitor_.changed(), Ids{});
    write(file);
    EXPECT_EQ(monitor_.changed(), Ids{7});
    write(file, "more");
    EXPECT_EQ(monitor_.changed(), Ids{7});
}

TEST_F(Monitor, DirectoryTicksForItsEntries) {
    fs::create_directory(top_ / "media");
    monitor_.add(7, top_ / "media/");
    write(top_ / "media/a");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    fs::remove(top_ / "media/a");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    write(top_ / "beside");
    EXPECT_EQ(monitor_.changed(), Ids{});
}

TEST_F(Monitor, WholeWayMayBeRemovedAndMadeAgain) {
    fs::create_directories(top_ / "a/b/c");
    monitor_.add(7, top_ / "a/b/c");
    fs::remove_all(top_ / "a");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    EXPECT_EQ(monitor_.changed(), Ids{});
    fs::create_directory(top_ / "a");
    EXPECT_EQ(monitor_.changed(), Ids{}) << "the path itself is not there yet";
    fs::create_directories(top_ / "a/b/c");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    write(top_ / "a/b/c/file");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    fs::rename(top_ / "a/b", top_ / "a/gone");
    EXPECT_EQ(monitor_.changed(), Ids{7});
}

TEST_F(Monitor, SymbolicLinkOnTheWayMayBeTurned) {
    fs::create_directories(top_ / "v1/media");
    fs::create_directories(top_ / "v2/media");
    fs::create_symlink("v1", top_ / "current");
    monitor_.add(7, top_ / "current/media");
    write(top_ / "v1/media/file");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    fs::create_symlink("v2", top_ / "next");
    fs::rename(top_ / "next", top_ / "current");
    EXPECT_EQ(monitor_.changed(), Ids{7});
    write(top_ / "v1/media/late");
    EXPECT_EQ(monitor_.changed(), Ids{});
    write(top_ / "v2/media/file");
    EXPECT_EQ(monitor_.changed(), Ids{7});
}

TEST_F(Monitor, SeveralMayWatchTheSamePathAndOneMayLeave) {
    write(top_ / "file");
    monitor_.add(1, top_ / "file");
    monitor_.add(2, top_ / "file");
    monitor_.add(3, top_);
    write(top_ / "file", "x");
    EXPECT_EQ(monitor_.changed(), (Ids{1, 2, 3}));
    monitor_.remove(1);
    monitor_.remove(3);
    write(top_ / "file", "y");
    EXPECT_EQ(monitor_.changed(), Ids{2});
    fs::remove(top_ / "file");
    EXPECT_EQ(monitor_.changed(), Ids{2});
}

TEST_F(Monitor, SeesNoMoreThanWhoHasAskedForIt) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root has rights that others have not";
    }
    const Identity nobody{65534, 65534, {}};
    ::chmod(top_.c_str(), 0711);
    for (const char* name : {"hidden", "passable"}) {
        fs::create_directory(top_ / name);
        write(top_ / name / "file");
    }
    ::chmod((top_ / "hidden").c_str(), 0700);
    ::chmod((top_ / "passable").c_str(), 0711);
    monitor_.add(1, top_ / "hidden/file", nobody);
    monitor_.add(2, top_ / "passable/file", nobody);
    monitor_.add(3, top_ / "hidden/file");
    write(top_ / "passable/file", "y");
    EXPECT_EQ(monitor_.changed(), Ids{2});
    write(top_ / "hidden/file", "y");
    EXPECT_EQ(monitor_.changed(), Ids{3});
    fs::rename(top_ / "hidden/file", top_ / "hidden/other");
    EXPECT_EQ(monitor_.changed(), Ids{3});
}

}  // namespace
}  // namespace geventd::master
