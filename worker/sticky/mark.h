// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geventd::worker {

/// Which worker a session lives in: 64 random bits that the worker draws when it starts. So no two
/// workers have the same, of whatever generation, master or server, and a worker that takes a dead
/// one's number has another mark. An id that ends with a dot and these bits as 16 hexadecimal
/// digits names its worker.
/// Lives in: worker.
class Mark {
  public:
    static Mark draw() noexcept;

    /// The mark at the end of an id; nullopt: it has none.
    static std::optional<Mark> of(std::string_view id) noexcept;

    /// The id with this mark at its end.
    [[nodiscard]] std::string on(std::string_view id) const;

    /// The name of the abstract unix socket at which the worker takes connections from others. It
    /// holds the version of what is sent there (parcel.h), so that workers of other versions of
    /// geventd do not meet.
    [[nodiscard]] std::string socket_name() const;

    bool operator==(const Mark&) const = default;

  private:
    explicit Mark(std::uint64_t bits) : bits_(bits) {}

    std::uint64_t bits_;
};

}  // namespace geventd::worker
