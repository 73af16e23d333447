// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/errno_error.h"

namespace geventd {

namespace owned_fds {

namespace {

// One bit for each descriptor, up to the default of fs.nr_open. Memory that was never written costs
// nothing.
constexpr std::size_t kMost = 1 << 20;
constexpr std::size_t kBits = 64;

std::array<std::atomic<std::uint64_t>, kMost / kBits> words;

std::atomic<std::size_t> used_words;

bool fits(int fd) {
    return fd >= 0 && static_cast<std::size_t>(fd) < kMost;
}

std::uint64_t bit_of(int fd) {
    return std::uint64_t{1} << (static_cast<std::size_t>(fd) % kBits);
}

}  // namespace

void add(int fd) noexcept {
    if (!fits(fd)) {
        return;
    }
    const std::size_t word = static_cast<std::size_t>(fd) / kBits;
    words[word].fetch_or(bit_of(fd));
    std::size_t used = used_words.load();
    while (used <= word && !used_words.compare_exchange_weak(used, word + 1)) {
    }
}

bool remove(int fd) noexcept {
    if (!fits(fd)) {
        return true;
    }
    const std::uint64_t bit = bit_of(fd);
    return (words[static_cast<std::size_t>(fd) / kBits].fetch_and(~bit) & bit) != 0;
}

void close_all() noexcept {
    for (std::size_t word = 0; word < used_words.load(); ++word) {
        std::uint64_t left = words[word].exchange(0);
        for (; left != 0; left &= left - 1) {
            ::close(static_cast<int>(word * kBits) + __builtin_ctzll(left));
        }
    }
}

}  // namespace owned_fds

void set_cloexec(int fd, bool on) {
    if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0) {
        throw_errno("fcntl F_SETFD");
    }
}

UniqueFd duplicate(int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        throw_errno("duplicate a descriptor");
    }
    return UniqueFd::adopt(copy);
}

UniqueFd high_copy(int fd) noexcept {
    constexpr rlim_t kHigh = 1024;
    rlimit limit{};
    const rlim_t most = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 2 : 0;
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, static_cast<int>(std::min(most, kHigh)));
    return UniqueFd::adopt(copy >= 0 ? copy : ::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

UniqueFd raised(UniqueFd fd) noexcept {
    UniqueFd high = fd ? high_copy(fd.get()) : UniqueFd();
    return high ? std::move(high) : std::move(fd);
}

}  // namespace geventd
