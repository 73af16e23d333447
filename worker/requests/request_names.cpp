// SPDX-License-Identifier: MIT
#include "worker/requests/request_names.h"

#include <sys/random.h>

#include <cstddef>

#include <fmt/core.h>

namespace geventd::worker {

namespace {

std::string make_base() {
    std::uint64_t bits = 0;
    [[maybe_unused]] const auto got = ::getrandom(&bits, sizeof bits, 0);
    return fmt::format("{:016x}", bits);
}

}  // namespace

RequestNames::RequestNames() : base_(make_base()) {}

void RequestNames::make(std::string& name) {
    constexpr std::size_t kCountSize = 8;  // digits
    if (++count_ == 0) {
        base_ = make_base();
    }
    name.assign(base_).append(kCountSize, '0');
    std::uint32_t left = count_;
    for (std::size_t at = name.size(); left != 0; left >>= 4) {
        name[--at] = "0123456789abcdef"[left & 0xf];
    }
}

}  // namespace geventd::worker
