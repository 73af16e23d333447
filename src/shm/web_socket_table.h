// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/request_table.h"

namespace geventd::shm {

/// The WebSockets of one worker, an entry each, in memory that the master maps too: who they are as
/// in a table of requests, and what they have carried so far. Only the worker writes; the master
/// reads at any time, so the figures of an entry may be from slightly different moments. Places
/// that were never used touch no memory.
/// Lives in: a Region made by the worker; this class is the view of it, in the worker or the
/// master.
class WebSocketTable {
  public:
    struct Traffic {
        std::uint64_t messages_in = 0;
        std::uint64_t messages_out = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        std::uint64_t unsent = 0;  ///< bytes that wait for the client
    };

    struct Entry {
        RequestTable::Entry request;  ///< that became the WebSocket
        Traffic traffic;
    };

    static std::size_t size_for(std::uint32_t most);

    /// Throws std::runtime_error when the memory is not that of size_for(most).
    WebSocketTable(void* memory, std::size_t size, std::uint32_t most);

    void put(std::uint32_t place, const RequestTable::Facts& facts) noexcept;
    void remove(std::uint32_t place) noexcept;
    void show(std::uint32_t place, const Traffic& traffic) noexcept;

    [[nodiscard]] std::vector<Entry> read() const;

  private:
    struct alignas(64) Figures {
        std::atomic<std::uint64_t> messages_in;
        std::atomic<std::uint64_t> messages_out;
        std::atomic<std::uint64_t> bytes_in;
        std::atomic<std::uint64_t> bytes_out;
        std::atomic<std::uint64_t> unsent;
    };

    std::uint32_t most_;
    Figures* figures_;
    RequestTable requests_;  ///< behind the figures; its cores are places
};

}  // namespace geventd::shm
