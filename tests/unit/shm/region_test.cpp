// SPDX-License-Identifier: MIT
#include "shm/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include <gtest/gtest.h>

#include "base/errno_error.h"

namespace geventd::shm {
namespace {

TEST(Region, IsZerosOfTheWantedSize) {
    const Region region = Region::create("test", 10'000);
    EXPECT_EQ(region.size(), 10'000U);
    const auto* bytes = static_cast<const char*>(region.data());
    for (std::size_t at = 0; at < region.size(); ++at) {
        ASSERT_EQ(bytes[at], 0) << at;
    }
}

TEST(Region, ShowsOneMappingsWritesInAnother) {
    const Region first = Region::create("test", 4096);
    const Region second = Region::map(duplicate(first.fd()));
    ASSERT_NE(first.data(), second.data());
    std::strcpy(static_cast<char*>(first.data()), "written");
    EXPECT_STREQ(static_cast<const char*>(second.data()), "written");
}

TEST(Region, OfAnotherProcessMustKeepItsSize) {
    const Region ours = Region::create("test", 4096);
    EXPECT_EQ(Region::map_sealed(duplicate(ours.fd()), 4096).size(), 4096U);
    UniqueFd open = UniqueFd::adopt(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::ftruncate(open.get(), 4096), 0);
    EXPECT_THROW(Region::map_sealed(duplicate(open.get()), 4096), ErrnoError);
    ASSERT_EQ(::fcntl(open.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    EXPECT_THROW(Region::map_sealed(std::move(open), 4096), ErrnoError);  // it could grow
}

TEST(Region, OfAnotherProcessHasTheSizeThatIsExpected) {
    const Region ours = Region::create("test", 4096);
    EXPECT_THROW(Region::map_sealed(duplicate(ours.fd()), 8192), ErrnoError);
    EXPECT_THROW(Region::map_sealed(duplicate(ours.fd()), 1024), ErrnoError);
}

TEST(Region, OfAnotherProcessIsReadOnly) {
    const Region ours = Region::create("test", 4096);
    const Region theirs = Region::map_sealed(duplicate(ours.fd()), 4096);
    EXPECT_DEATH(*static_cast<volatile char*>(theirs.data()) = 1, "");
}

TEST(Region, IsSharedWithAForkedProcess) {
    const Region region = Region::create("test", 4096);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        static_cast<char*>(region.data())[0] = 'c';
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(static_cast<const char*>(region.data())[0], 'c');
}

TEST(Region, CannotBeShrunkUnderItsReaders) {
    const Region region = Region::create("test", 8192);
    EXPECT_EQ(::ftruncate(region.fd(), 4096), -1);
    EXPECT_EQ(::fcntl(region.fd(), F_GETFD), FD_CLOEXEC);
}

TEST(Region, SaysWhenADescriptorCannotBeMapped) {
    EXPECT_THROW(Region::map(UniqueFd()), ErrnoError);
    UniqueFd null = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_THROW(Region::map(std::move(null)), ErrnoError);
}

}  // namespace
}  // namespace geventd::shm
