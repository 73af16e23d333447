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

/// The requests that occupy the cores of one worker, an entry per core, and the oldest of those
/// that wait for a core, in memory that the master maps too: it shows what a worker is or was doing
/// when it is stuck or dead. Only the worker writes. The master reads at any time and never sees
/// half an entry: one that changes meanwhile is read again, one that is being written counts as
/// absent. A worker killed at any instruction leaves the table readable. Cores that were never used
/// touch no memory. Lives in: a Region made by the worker; this class is the view of it, in the
/// worker or the master.
class RequestTable {
  public:
    /// A client's address as bytes; the reader formats it.
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

        std::uint32_t core = kNoCore;  ///< kNoCore: it waits for one
        TimePoint received;
        std::string id;  ///< cut if too long, like the others
        std::string method;
        std::string path;
        std::string client;
        bool computes = false;  ///< a time slice of it was over a moment ago
    };

    static std::size_t size_for(std::uint32_t cores);

    /// Throws std::runtime_error when the memory is too small to be a table.
    RequestTable(void* memory, std::size_t size);

    void put(std::uint32_t core, const Facts& facts) noexcept;
    void remove(std::uint32_t core) noexcept;

    /// A time slice of the request on this core is over.
    void show_computing(std::uint32_t core) noexcept;

    static constexpr std::uint32_t kMostWaiting = 64;

    /// Writes the request at that position of the queue, from 0 to kMostWaiting - 1.
    void put_waiting(std::uint32_t place, const Facts& facts) noexcept;

    /// Sets how many entries of the queue are in use.
    void set_waiting(std::uint32_t count) noexcept;

    /// In order of cores; waiting requests come last. A request that was waiting when the queue was
    /// written, and has begun since, is listed once, with its core.
    [[nodiscard]] std::vector<Entry> read() const;

    /// How many requests each core has begun, by number, up to the last core ever used.
    [[nodiscard]] std::vector<std::uint64_t> begun() const;

  private:
    static constexpr std::size_t kTextWords = 28;

    /// 256 bytes. `mark` is 0 while there is no request or it is being written, otherwise different
    /// for every request.
    struct Slot {
        std::atomic<std::uint64_t> mark;
        std::atomic<std::uint64_t> begun;  ///< requests begun on this core so far
        std::atomic<std::int64_t> received;
        std::atomic<std::uint64_t>
            sizes;  ///< method, client, kind of client, path, id: a byte each; `computed`
        std::array<std::atomic<std::uint64_t>, kTextWords> text;
    };

    struct alignas(64) Head {
        std::atomic<std::uint64_t> used;     ///< entries from here on were never written
        std::atomic<std::uint64_t> waiting;  ///< how many entries of the queue are in use
    };

    [[nodiscard]] std::uint32_t used() const;

    void write(Slot& slot, const Facts& facts) noexcept;

    struct Copy;
    static bool copy(const Slot& slot, Copy& into);
    static Entry explain(std::uint32_t core, const Copy& copied);

    Head* head_;
    Slot* slots_;
    std::uint32_t cores_ = 0;  ///< the entries of the queue follow those of the cores
    std::uint64_t marks_ = 0;
};

}  // namespace geventd::shm
