// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geventd::shm {

/// The newest failure of a worker, as text in shared memory. Only the worker writes; a reader never
/// sees half a note, nor one whose writer was killed while writing it.
class FailureNote {
  public:
    struct Note {
        std::uint64_t mark = 0;  ///< different for every note of a worker
        std::int64_t at = 0;     ///< seconds since the epoch
        std::string text;        ///< cut if too long
    };

    void put(std::int64_t at, std::string_view text) noexcept;
    [[nodiscard]] std::optional<Note> read() const;

    void reset() noexcept { mark_.store(0, std::memory_order_relaxed); }

  private:
    static constexpr std::size_t kWords = 40;

    std::atomic<std::uint64_t> mark_;  ///< odd while the note is written; 0: there was none
    std::atomic<std::int64_t> at_;
    std::atomic<std::uint64_t> size_;
    std::array<std::atomic<std::uint64_t>, kWords> text_;
};

}  // namespace geventd::shm
