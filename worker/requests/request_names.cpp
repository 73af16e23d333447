// SPDX-License-Identifier: MIT
#include "worker/requests/request_names.h"

#include <cstddef>

#include <fmt/core.h>

#include "base/random_bits.h"

namespace geventd::worker {

namespace {

std::string make_base() {
    return fmt::format("{:016x}", random_bits());
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
