// SPDX-License-Identifier: MIT
// Names and paths of files, without a file.
#include <gtest/gtest.h>

#include "worker/files/area.h"
#include "worker/files/hashed_name.h"
#include "worker/files/media_types.h"
#include "worker/files/tidy_path.h"

namespace geventd::worker {
namespace {

std::string tidied(std::string_view path) {
    std::string result;
    return tidy_path(path, result) ? result : "refused";
}

TEST(TidyPath, HasNoDotsAndNoEmptyParts) {
    EXPECT_EQ(tidied("/a/b"), "/a/b");
    EXPECT_EQ(tidied("/a//b/"), "/a/b/");
    EXPECT_EQ(tidied("/a/./b/."), "/a/b/");
    EXPECT_EQ(tidied("/a/../b"), "/b");
    EXPECT_EQ(tidied("/a/b/.."), "/a/");
    EXPECT_EQ(tidied("/a/.."), "/");
    EXPECT_EQ(tidied("/"), "/");
    EXPECT_EQ(tidied("//"), "/");
    EXPECT_EQ(tidied("/.../..a/b.."), "/.../..a/b..");
}

TEST(TidyPath, IsRefusedAboveTheTop) {
    for (const char* path : {"/..", "/../a", "/a/../../b", "/a/../..//", "a", ""}) {
        EXPECT_EQ(tidied(path), "refused") << path;
    }
}

TEST(TidyPath, IsNeededForWhatItChanges) {
    for (const char* path : {"/a/../b", "/a//b", "/./a", "/a/."}) {
        EXPECT_TRUE(needs_tidying(path)) << path;
    }
    EXPECT_FALSE(needs_tidying("/static/app.css"));
}

TEST(EncodePath, LeavesWhatMayStandInAUrl) {
    EXPECT_EQ(encode_path("/a b/\xc3\xa4?#%\r\n.css"), "/a%20b/%C3%A4%3F%23%25%0D%0A.css");
}

TEST(HashedName, IsOneWithAHash) {
    for (const char* name :
         {"app.55e7cbb9ba48.css", "index-4f3a9c1d.js", "main.4f3a9c1d.chunk.js", "4f3a9c1d.js",
          "a_0123456789abcdef0123456789abcdef.woff2", "app.css.55e7cbb9ba48", "index-BfH2a9_x.js",
          "vendor-a-B1x-9dQz.css", "index-BfH2a9_x.js.map"}) {
        EXPECT_TRUE(has_hash(name)) << name;
    }
}

TEST(HashedName, IsNoDateWordOrUuid) {
    for (const char* name :
         {"report-20261128.pdf", "app.css", "defaced-feedface.js", "12345678.png", "v1.2.3.js",
          "app.55E7CBB9BA48.css", "a1b2c3d.js", "", ".", "index.html",
          "550e8400-e29b-41d4-a716-44665544000a.pdf", "avatar-550e8400-e29b-41d4-a716-44665544000a",
          "app.55e7cbb9ba4g.css", "page-Heading1.js", "my-calendar.js", "a-20261128.js",
          "index-BfH2a9_xy.js", "BfH2a9_x.js", "index.BfH2a9_x"}) {
        EXPECT_FALSE(has_hash(name)) << name;
    }
}

TEST(MediaType, IsThatOfTheEnding) {
    EXPECT_EQ(media_type("app.css", {}), "text/css; charset=utf-8");
    EXPECT_EQ(media_type("APP.JS", {}), "text/javascript; charset=utf-8");
    EXPECT_EQ(media_type("a.b.png", {}), "image/png");
    EXPECT_EQ(media_type("font.woff2", {}), "font/woff2");
    for (const char* name : {"README", "a.unknown", "a.", "", "css"}) {
        EXPECT_EQ(media_type(name, {}), "application/octet-stream") << name;
    }
}

TEST(MediaType, IsOnesOwnFirst) {
    EXPECT_EQ(media_type("a.foo", {{".foo", "text/x-foo"}}), "text/x-foo");
    EXPECT_EQ(media_type("a.css", {{".css", "text/css"}}), "text/css");
}

TEST(MediaType, IsOnesOwnWhateverTheCaseOfTheEnding) {
    const std::vector<Area> areas =
        static_areas({{.path = "/", .root = "all", .types = {{".FOO", "text/x-foo"}}}});
    EXPECT_EQ(media_type("a.foo", areas[0].types), "text/x-foo");
    EXPECT_EQ(media_type("a.Foo", areas[0].types), "text/x-foo");
}

std::string place(std::string_view path) {
    static const std::vector<Area> areas = static_areas({
        {.path = "/", .root = "all"},
        {.path = "/static", .root = "short"},
        {.path = "/static/deep", .root = "long"},
    });
    const Placed placed = place_of(areas, path);
    return placed.area == nullptr ? "none" : placed.area->root + ":" + std::string(placed.rest);
}

TEST(Area, IsTheOneWithTheLongestPrefix) {
    EXPECT_EQ(place("/static/deep/a"), "long:/a");
    EXPECT_EQ(place("/static/deep"), "long:");
    EXPECT_EQ(place("/static/deeper"), "short:/deeper");
    EXPECT_EQ(place("/static"), "short:");
    EXPECT_EQ(place("/statics"), "all:/statics");
    EXPECT_EQ(place("/"), "all:/");
    EXPECT_EQ(place("*"), "none");
    EXPECT_EQ(place({}), "none");
}

}  // namespace
}  // namespace geventd::worker
