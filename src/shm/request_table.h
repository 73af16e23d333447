// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace geventd::shm {

/// The requests that occupy the cores of one worker, an entry for each core, and the oldest of
/// those that wait for one, in memory that the master maps too: what a worker was doing can be told
/// when it is stuck or dead. The worker alone writes, the master reads at any time and never sees
/// half an entry: one that changes meanwhile is read again, one that is being written is not there
/// yet. A worker killed at any instruction leaves the table readable. Cores that were never used
/// touch no memory. Lives in: a Region made by the worker; here is the view of it, worker's or
/// master's.
class RequestTable {
  public:
    /// A client's address as bytes; text is made by who reads.
    struct Address {
        std::uint8_t size = 0;  ///< 4, 16, or 0: `text` instead
        std::array<std::uint8_t, 16> bytes{};
        std::string_view text;
    };

    struct Facts {
        TimePoint received;
        std::string_view id;
        std::string_view method;
        std::string_view path;  ///< without the query, which may hold secrets
        Address client;
    };

    struct Entry {
        static constexpr std::uint32_t kNoCore = 0xffff'ffff;

        std::uint32_t core = kNoCore;  ///< none: it waits for one
        TimePoint received;
        std::string id;  ///< cut when it was long, as the others
        std::string method;
        std::string path;
        std::string client;
    };

    static std::size_t size_for(std::uint32_t cores);

    /// Throws std::runtime_error when the memory is too small to be a table.
    RequestTable(void* memory, std::size_t size);

    void put(std::uint32_t core, const Facts& facts) noexcept;
    void remove(std::uint32_t core) noexcept;

    static constexpr std::uint32_t kMostWaiting = 64;

    /// The request at that place of the queue, from 0 to kMostWaiting - 1.
    void put_waiting(std::uint32_t place, const Facts& facts) noexcept;

    /// So many places are in use.
    void set_waiting(std::uint32_t count) noexcept;

    /// By core; those that wait are the last. One that waited when that was written and has begun
    /// since is told once, by its core.
    [[nodiscard]] std::vector<Entry> read() const;

    /// How many requests each core that was ever used has begun, by its number.
    [[nodiscard]] std::vector<std::uint64_t> begun() const;

  private:
    static constexpr std::size_t kTextWords = 28;

    /// 256 bytes. `mark` is 0 while there is no request or it is being written, else different for
    /// every request.
    struct Slot {
        std::atomic<std::uint64_t> mark;
        std::atomic<std::uint64_t> begun;  ///< requests so far
        std::atomic<std::int64_t> received;
        std::atomic<std::uint64_t>
            sizes;  ///< method, client, kind of client, path, id: a byte each
        std::array<std::atomic<std::uint64_t>, kTextWords> text;
    };

    struct alignas(64) Head {
        std::atomic<std::uint64_t> used;     ///< entries from here on were never written
        std::atomic<std::uint64_t> waiting;  ///< entries of the queue that are in use
    };

    [[nodiscard]] std::uint32_t used() const;

    void write(Slot& slot, const Facts& facts) noexcept;

    struct Copy;
    static bool copy(const Slot& slot, Copy& into);
    static Entry explain(std::uint32_t core, const Copy& copied);

    Head* head_;
    Slot* slots_;
    std::uint32_t cores_ = 0;  ///< behind their entries are those of the queue
    std::uint64_t marks_ = 0;
};

}  // namespace geventd::shm
