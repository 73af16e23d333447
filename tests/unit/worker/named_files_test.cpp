// SPDX-License-Identifier: MIT
#include "worker/files/named_files.h"

#include "file_folder.h"

namespace geventd::worker {
namespace {

class NamedFilesTest : public testing::Test {
  protected:
    // What a file that is named by its whole path is below the root; "-": it may not be sent.
    static std::string rest(NamedFiles& named, const std::string& path) {
        const NamedFiles::Place place = named.place_of("s" + path);
        return place.area == nullptr ? "-" : place.rest;
    }

    [[nodiscard]] NamedFiles named(const std::string& root) const {
        config::Sendfile entry;
        entry.root = folder.path(root);
        return NamedFiles({entry});
    }

    FileFolder folder;
};

TEST_F(NamedFilesTest, LieBelowTheRootOrWhereItReallyIs) {
    folder.write("real/file", "x");
    folder.link("root", "real");
    NamedFiles files = named("root");
    EXPECT_EQ(rest(files, folder.path("root/file")), "/file");
    EXPECT_EQ(rest(files, folder.path("real/file")), "/file");
    EXPECT_EQ(rest(files, folder.path("other/file")), "-");
}

TEST_F(NamedFilesTest, LieBelowARootThatIsMadeLater) {
    NamedFiles files = named("root");
    EXPECT_EQ(rest(files, folder.path("real/file")), "-");
    folder.write("real/file", "x");
    folder.link("root", "real");
    EXPECT_EQ(rest(files, folder.path("real/file")), "/file");
}

TEST_F(NamedFilesTest, LieBelowARootBesideTheTargetOfALink) {
    folder.write("releases/static/file", "x");
    folder.write("releases/1/app.py", "x");
    folder.link("current", "releases/1");
    NamedFiles files = named("current/../static");
    EXPECT_EQ(rest(files, folder.path("current/../static/file")), "/file");
    EXPECT_EQ(rest(files, folder.path("releases/static/file")), "/file");
}

}  // namespace
}  // namespace geventd::worker
