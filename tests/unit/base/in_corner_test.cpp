// SPDX-License-Identifier: MIT
#include "base/in_corner.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace geventd {
namespace {

struct Counted {
    explicit Counted(int& alive, bool fails = false) : alive_(alive) {
        if (fails) {
            throw std::runtime_error("no");
        }
        ++alive_;
    }

    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

    ~Counted() { --alive_; }

    int& alive_;
    std::array<char, 400> rest{};
};

class InCornerTest : public testing::Test {
  protected:
    void SetUp() override { take_all(); }

    void TearDown() override {
        for (void* corner : others_) {
            pages_.give_corner(corner);
        }
        pages_.give_chunk(chunk_);
    }

    // Leaves one corner.
    void take_all() {
        while (void* corner = pages_.take_corner(sizeof(Counted))) {
            others_.push_back(corner);
        }
        pages_.give_corner(others_.back());
        others_.pop_back();
    }

    int alive_ = 0;
    SharedPages& pages_ = SharedPages::of_process();
    void* chunk_ = pages_.take_chunk();
    std::vector<void*> others_;
};

TEST_F(InCornerTest, LiesInACornerWhileOneIsFree) {
    auto first = make_in_corner<Counted>(alive_);
    EXPECT_TRUE(first.get_deleter().in_corner);
    const auto second = make_in_corner<Counted>(alive_);
    EXPECT_FALSE(second.get_deleter().in_corner);
    EXPECT_EQ(alive_, 2);
    first.reset();
    EXPECT_EQ(alive_, 1);
    EXPECT_TRUE(make_in_corner<Counted>(alive_).get_deleter().in_corner);
}

TEST_F(InCornerTest, GivesTheCornerBackWhenItCannotBeMade) {
    EXPECT_THROW(make_in_corner<Counted>(alive_, true), std::runtime_error);
    EXPECT_TRUE(make_in_corner<Counted>(alive_).get_deleter().in_corner);
    EXPECT_EQ(alive_, 0);
}

TEST_F(InCornerTest, ItsPlaceGoesWithItsOwner) {
    auto first = make_in_corner<Counted>(alive_);
    auto second = make_in_corner<Counted>(alive_);
    std::swap(first, second);
    first = std::move(second);
    EXPECT_EQ(alive_, 1);
    EXPECT_TRUE(first.get_deleter().in_corner);
    first.reset();
    EXPECT_EQ(alive_, 0);
}

}  // namespace
}  // namespace geventd
