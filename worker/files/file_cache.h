// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "worker/files/found.h"

namespace geventd::worker {

/// What was found at paths within the last second, also that there is nothing. Bounded: the oldest
/// leave first. Whoever takes something out of it shares it, so its descriptors stay open.
/// Lives in: worker, loop side.
class FileCache {
  public:
    static constexpr Duration kValid = std::chrono::seconds(1);

    struct Bounds {
        std::size_t paths = 2048;
        std::size_t files = 1024;        ///< descriptors
        std::size_t content = 8U << 20;  ///< bytes
    };

    FileCache() : FileCache(Bounds()) {}

    explicit FileCache(Bounds bounds) : bounds_(bounds) {}

    /// Null: not known, or for too long.
    [[nodiscard]] const std::shared_ptr<const Found>* find(std::string_view path,
                                                           TimePoint now) const;

    /// Throws std::bad_alloc.
    void put(std::string path, std::shared_ptr<const Found> found, TimePoint now);

    /// Drops what is known for too long.
    void drop_old(TimePoint now);

    void clear();

    [[nodiscard]] bool empty() const { return entries_.empty(); }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    // The found things are shared by the cache and the answers that are on their way.
    struct Entry {
        std::string path;
        std::shared_ptr<const Found> found;
        TimePoint end;
    };

    [[nodiscard]] bool is_over_full() const {
        return entries_.size() > bounds_.paths || files_ > bounds_.files ||
               content_ > bounds_.content;
    }

    void weigh(const Found& found, bool in);
    void drop_first();

    Bounds bounds_;
    std::list<Entry> entries_;  ///< the oldest first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_path_;
    std::size_t files_ = 0;
    std::size_t content_ = 0;
};

}  // namespace geventd::worker
