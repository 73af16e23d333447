// SPDX-License-Identifier: MIT
#include "worker/files/look_up.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_folder.h"

namespace geventd::worker {
namespace {

using Kind = Found::Kind;

class LookUpTest : public testing::Test {
  protected:
    LookUpTest() {
        folder.write("root/app.css", "body{}");
        folder.write("root/dir/index.html", "index");
        folder.write("root/bare/a.txt", "a");
        folder.write("secret", "secret");
        area.root = folder.path("root");
        area.index = "index.html";
        area.precompressed = true;
    }

    [[nodiscard]] Kind kind(const std::string& rest) const { return look_up(area, rest, "").kind; }

    [[nodiscard]] std::string content(const std::string& rest) const {
        const Found found = look_up(area, rest, "");
        return found.kind == Kind::File ? found.variants.front().content : "no file";
    }

    FileFolder folder;
    Area area;
};

TEST_F(LookUpTest, FindsFilesAndFolders) {
    EXPECT_EQ(content("/app.css"), "body{}");
    EXPECT_EQ(content("/dir/"), "index");
    EXPECT_EQ(kind("/dir"), Kind::Folder);
    EXPECT_EQ(kind(""), Kind::Folder);
    EXPECT_EQ(kind("/"), Kind::Forbidden);
    EXPECT_EQ(kind("/bare/"), Kind::Forbidden);
    for (const char* rest : {"/none", "/none/", "/app.css/", "/app.css/x", "/APP.CSS"}) {
        EXPECT_EQ(kind(rest), Kind::Missing) << rest;
    }
    EXPECT_EQ(kind("/" + std::string(300, 'n')), Kind::Missing);
}

TEST_F(LookUpTest, SaysWhatAFileIs) {
    const Found found = look_up(area, "/app.css", "");
    const Variant& file = found.variants.front();
    EXPECT_EQ(file.size, 6u);
    EXPECT_TRUE(file.about_content.starts_with("Content-Type: text/css; charset=utf-8\r\n"));
    EXPECT_NE(file.about_state.find("ETag: " + file.etag + "\r\n"), std::string::npos);
    EXPECT_EQ(file.about_state.find("Cache-Control"), std::string::npos);
    EXPECT_EQ(file.about_state.find("Vary"), std::string::npos);
}

TEST_F(LookUpTest, TellsContentsApartWhoseTimesAreTheSame) {
    const auto etag = [this](const std::string& content) {
        folder.write("root/new", content);
        std::filesystem::last_write_time(folder.path("root/new"), {});
        return look_up(area, "/new", "").variants.front().etag;
    };
    const std::string former = etag("one");
    EXPECT_NE(etag("two"), former);
    EXPECT_EQ(etag("one"), former);
    EXPECT_NE(etag(std::string(20 << 10, 'x')), etag(std::string(21 << 10, 'x')));
}

TEST_F(LookUpTest, TellsLargeFilesApartWithinASecond) {
    folder.write("root/large", std::string(1 << 20, 'x'));
    const auto etag_at = [this](long nanoseconds) {
        const timespec times[2] = {{1700000000, 0}, {1700000000, nanoseconds}};
        EXPECT_EQ(::utimensat(AT_FDCWD, folder.path("root/large").c_str(), times, 0), 0);
        return look_up(area, "/large", "").variants.front().etag;
    };
    const std::string former = etag_at(1000000);
    EXPECT_NE(etag_at(2000000), former);
    EXPECT_EQ(etag_at(1000000), former);
}

TEST_F(LookUpTest, SaysHowLongAFileMayBeKept) {
    folder.write("root/app.55e7cbb9ba48.css", "x");
    area.cache_control = "no-cache";
    area.immutable = true;
    EXPECT_NE(look_up(area, "/app.css", "").variants[0].about_state.find("no-cache"),
              std::string::npos);
    EXPECT_NE(look_up(area, "/app.55e7cbb9ba48.css", "")
                  .variants[0]
                  .about_state.find("max-age=31536000, immutable"),
              std::string::npos);
}

TEST_F(LookUpTest, FindsWhatIsCompressedBesideIt) {
    folder.write("root/app.css.gz", "gz");
    folder.write("root/app.css.br", "br");
    std::filesystem::create_directory(folder.path("root/app.css.zst"));
    const Found found = look_up(area, "/app.css", "");
    ASSERT_EQ(found.variants.size(), 3u);
    EXPECT_EQ(found.variants[1].coding, "br");
    EXPECT_EQ(found.variants[2].coding, "gzip");
    EXPECT_NE(found.variants[1].etag, found.variants[2].etag);
    for (const Variant& variant : found.variants) {
        EXPECT_NE(variant.about_state.find("Vary: Accept-Encoding"), std::string::npos);
        EXPECT_TRUE(variant.about_content.starts_with("Content-Type: text/css"));
    }
    area.precompressed = false;
    EXPECT_EQ(look_up(area, "/app.css", "").variants.size(), 1u);
}

TEST_F(LookUpTest, HoldsSmallFilesAndOpensLargeOnes) {
    folder.write("root/large", std::string(1 << 20, 'x'));
    const Found large = look_up(area, "/large", "");
    EXPECT_FALSE(large.variants[0].is_held());
    EXPECT_EQ(large.variants[0].size, 1u << 20);
    EXPECT_GT(large.variants[0].warm, 0u);
    EXPECT_TRUE(look_up(area, "/app.css", "").variants[0].is_held());
}

TEST_F(LookUpTest, ReadsTheBeginningOfWhatTheClientWants) {
    for (const char* name : {"root/large.css", "root/large.css.gz", "root/large.css.br"}) {
        folder.write(name, std::string(1 << 20, 'x'));
    }
    const auto warm = [this](std::string_view accept_encoding) {
        std::vector<bool> read;
        for (const Variant& variant : look_up(area, "/large.css", accept_encoding).variants) {
            read.push_back(variant.warm > 0);
        }
        return read;
    };
    EXPECT_EQ(warm(""), (std::vector<bool>{true, false, false}));
    EXPECT_EQ(warm("br;q=0.5, gzip"), (std::vector<bool>{false, false, true}));
    EXPECT_EQ(warm("br"), (std::vector<bool>{false, true, false}));
}

TEST_F(LookUpTest, FollowsLinksAsFarAsTheyMayLead) {
    folder.link("root/inside", "dir/index.html");
    folder.link("root/outside", "../secret");
    folder.link("root/absolute", folder.path("secret"));
    folder.link("root/out", "..");
    const auto contents = [&] {
        return content("/inside") + "," + content("/outside") + "," + content("/absolute") + "," +
               content("/out/secret");
    };
    area.links = config::Links::BelowRoot;
    EXPECT_EQ(contents(), "index,no file,no file,no file");
    area.links = config::Links::Never;
    EXPECT_EQ(contents(), "no file,no file,no file,no file");
    area.links = config::Links::Anywhere;
    EXPECT_EQ(contents(), "index,secret,secret,secret");
}

TEST_F(LookUpTest, FindsNothingAboveTheRootWhateverThePathIs) {
    for (const char* rest : {"/../secret", "/dir/../../secret", "/./../secret", "//etc/passwd"}) {
        EXPECT_EQ(kind(rest), Kind::Missing) << rest;
    }
}

TEST_F(LookUpTest, OpensOnlyRegularFiles) {
    ASSERT_EQ(::mkfifo(folder.path("root/fifo").c_str(), 0600), 0);
    EXPECT_EQ(kind("/fifo"), Kind::Missing);
    area.root = "/dev";
    EXPECT_EQ(kind("/null"), Kind::Missing);
}

TEST_F(LookUpTest, TellsUnreadableFromMissing) {
    if (::geteuid() == 0) {
        GTEST_SKIP() << "root reads everything";
    }
    ASSERT_EQ(::chmod(folder.path("root/app.css").c_str(), 0), 0);
    EXPECT_EQ(kind("/app.css"), Kind::Forbidden);
}

TEST_F(LookUpTest, LeavesFoldersWithoutIndexToAFallback) {
    area.fallback = Area::Fallback::File;
    area.fallback_file = "app.css";
    for (const char* rest : {"/bare", "/bare/", "/none"}) {
        EXPECT_EQ(kind(rest), Kind::Missing) << rest;
    }
    EXPECT_EQ(kind("/dir"), Kind::Folder);
    EXPECT_EQ(content("/dir/"), "index");
}

TEST_F(LookUpTest, LeavesFoldersWithoutIndexToTheApplication) {
    area.fallback = Area::Fallback::Application;
    for (const char* rest : {"/bare", "/bare/", "/", "", "/none"}) {
        EXPECT_EQ(kind(rest), Kind::Missing) << rest;
    }
    EXPECT_EQ(kind("/dir"), Kind::Folder);
}

TEST_F(LookUpTest, NoticesARootThatIsReplaced) {
    std::filesystem::rename(folder.path("root"), folder.path("old"));
    EXPECT_EQ(kind("/app.css"), Kind::Missing);
    folder.write("root/app.css", "new");
    EXPECT_EQ(content("/app.css"), "new");
}

}  // namespace
}  // namespace geventd::worker
