// SPDX-License-Identifier: MIT
#include "worker/sticky/mark.h"

#include <charconv>

#include <fmt/core.h>

#include "base/random_bits.h"
#include "worker/sticky/parcel.h"

namespace geventd::worker {

namespace {

constexpr std::size_t kDigits = 16;

}  // namespace

Mark Mark::draw() noexcept {
    return Mark(random_bits());
}

std::optional<Mark> Mark::of(std::string_view id) noexcept {
    if (id.size() <= kDigits || id[id.size() - kDigits - 1] != '.') {
        return std::nullopt;
    }
    id.remove_prefix(id.size() - kDigits);
    if (id.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return std::nullopt;
    }
    std::uint64_t bits = 0;
    std::from_chars(id.data(), id.data() + id.size(), bits, 16);
    return Mark(bits);
}

std::string Mark::on(std::string_view id) const {
    return fmt::format("{}.{:016x}", id, bits_);
}

std::string Mark::socket_name() const {
    return fmt::format("geventd-sticky-{}-{:016x}", kParcelVersion, bits_);
}

}  // namespace geventd::worker
