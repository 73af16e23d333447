// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace geventd {

/// Why an operation failed, as one sentence for people. Used where failures are ordinary (parsing,
/// messages, accepting); starting and reloading throw instead.
struct Error {
    std::string message;
};

/// A value, or the reason why there is none. Only this alias names the library, so that
/// std::expected can replace it once every supported compiler has it.
template <typename T, typename E = Error>
using Result = tl::expected<T, E>;

inline tl::unexpected<Error> failure(std::string message) {
    return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace geventd
