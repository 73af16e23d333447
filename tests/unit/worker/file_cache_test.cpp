// SPDX-License-Identifier: MIT
#include "worker/files/file_cache.h"

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

const TimePoint kNow = TimePoint() + std::chrono::seconds(1000);

std::shared_ptr<const Found> found(std::size_t bytes = 0, bool has_file = false) {
    auto made = std::make_shared<Found>();
    made->variants.emplace_back();
    made->variants[0].content.assign(bytes, 'x');
    if (has_file) {
        made->variants[0].file = UniqueFd::adopt(::dup(0));
    }
    return made;
}

TEST(FileCache, KnowsForASecond) {
    FileCache cache;
    const auto file = found();
    cache.put("/a", file, kNow);
    const auto* known = cache.find("/a", kNow + FileCache::kValid - Duration(1));
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(*known, file);
    EXPECT_EQ(cache.find("/a", kNow + FileCache::kValid), nullptr);
    EXPECT_EQ(cache.find("/b", kNow), nullptr);
}

TEST(FileCache, ReplacesWhatItKnew) {
    FileCache cache;
    cache.put("/a", found(), kNow);
    const auto newer = found();
    cache.put("/a", newer, kNow);
    EXPECT_EQ(*cache.find("/a", kNow), newer);
    EXPECT_EQ(cache.size(), 1u);
}

TEST(FileCache, DropsWhatIsOld) {
    FileCache cache;
    cache.put("/a", found(), kNow);
    cache.put("/b", found(), kNow + FileCache::kValid / 2);
    cache.drop_old(kNow + FileCache::kValid);
    EXPECT_EQ(cache.size(), 1u);
    cache.drop_old(kNow + 2 * FileCache::kValid);
    EXPECT_TRUE(cache.empty());
}

TEST(FileCache, IsBoundedInEachRespect) {
    FileCache cache({.paths = 3, .files = 2, .content = 100});
    for (const char* path : {"/1", "/2", "/3", "/4"}) {
        cache.put(path, found(10), kNow);
    }
    EXPECT_EQ(cache.find("/1", kNow), nullptr) << "one path too many";
    EXPECT_NE(cache.find("/2", kNow), nullptr);
    cache.put("/5", found(85), kNow);
    EXPECT_EQ(cache.find("/3", kNow), nullptr) << "too many bytes";
    EXPECT_NE(cache.find("/4", kNow), nullptr);
    for (const char* path : {"/6", "/7", "/8"}) {
        cache.put(path, found(0, true), kNow);
    }
    EXPECT_EQ(cache.find("/6", kNow), nullptr) << "too many descriptors";
    EXPECT_NE(cache.find("/8", kNow), nullptr);
}

TEST(FileCache, KeepsWhatIsLargerThanAll) {
    FileCache cache({.paths = 3, .files = 2, .content = 100});
    cache.put("/a", found(1000), kNow);
    EXPECT_NE(cache.find("/a", kNow), nullptr);
    cache.put("/b", found(1), kNow);
    EXPECT_EQ(cache.size(), 1u);
}

}  // namespace
}  // namespace geventd::worker
