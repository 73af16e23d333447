// SPDX-License-Identifier: MIT
#include "shm/request_table.h"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace geventd::shm {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr std::size_t kMostMethod = 24;
constexpr std::size_t kMostClient = 48;
constexpr std::size_t kMostId = 48;

// Between two reads of a reader that gets to run, a writer changes an entry at most once.
constexpr int kTries = 16;

struct Sizes {
    std::uint8_t method;
    std::uint8_t client;
    std::uint8_t address;  ///< bytes of the client's address; 0: it is text instead
    std::uint8_t path;
    std::uint8_t id;
    std::uint8_t unused;
    std::uint16_t computed;  ///< when a time slice of it was last over: see moment(); 0: never
};

static_assert(sizeof(Sizes) == sizeof(std::uint64_t));

std::int64_t nanoseconds(TimePoint time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

constexpr std::uint16_t kSome = 0x8000;

// A second of the clock, never 0. Comes again after nine hours.
std::uint16_t moment(TimePoint time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
    return static_cast<std::uint16_t>(seconds.count()) | kSome;
}

// Whether that was in this second or the one before.
bool is_recent(std::uint16_t moment_of, TimePoint now) {
    const auto passed = static_cast<std::uint16_t>((moment(now) - moment_of) & (kSome - 1));
    return (moment_of & kSome) != 0 && passed <= 1;
}

}  // namespace

struct RequestTable::Copy {
    std::int64_t received;
    Sizes sizes;
    std::array<char, kTextWords * sizeof(std::uint64_t)> text;
};

std::size_t RequestTable::size_for(std::uint32_t cores) {
    return sizeof(Head) + (std::size_t{cores} + kMostWaiting) * sizeof(Slot);
}

RequestTable::RequestTable(void* memory, std::size_t size)
    : head_(static_cast<Head*>(memory)),
      slots_(reinterpret_cast<Slot*>(static_cast<char*>(memory) + sizeof(Head))) {
    static_assert(sizeof(Slot) == 256 && std::atomic<std::uint64_t>::is_always_lock_free);
    if (size < size_for(1)) {
        throw std::runtime_error("the table of requests does not fit into its shared memory");
    }
    cores_ = static_cast<std::uint32_t>((size - sizeof(Head)) / sizeof(Slot)) - kMostWaiting;
}

void RequestTable::put(std::uint32_t core, const Facts& facts) noexcept {
    if (core >= cores_) {
        return;
    }
    Slot& slot = slots_[core];
    slot.begun.store(slot.begun.load(kRelaxed) + 1, kRelaxed);
    write(slot, facts);
    if (core >= head_->used.load(kRelaxed)) {
        head_->used.store(std::uint64_t{core} + 1, std::memory_order_release);
    }
}

void RequestTable::put_waiting(std::uint32_t place, const Facts& facts) noexcept {
    if (place < kMostWaiting) {
        write(slots_[cores_ + place], facts);
    }
}

void RequestTable::set_waiting(std::uint32_t count) noexcept {
    head_->waiting.store(count, std::memory_order_release);
}

void RequestTable::write(Slot& slot, const Facts& facts) noexcept {
    std::array<char, kTextWords * sizeof(std::uint64_t)> text;
    std::size_t used = 0;
    const auto append = [&](const void* bytes, std::size_t size, std::size_t most) {
        size = std::min({size, most, text.size() - used});
        if (size > 0) {  // memcpy must not get a null pointer
            std::memcpy(text.data() + used, bytes, size);
        }
        used += size;
        return static_cast<std::uint8_t>(size);
    };
    Sizes sizes{};
    const Address& client = facts.client;
    sizes.method = append(facts.method.data(), facts.method.size(), kMostMethod);
    sizes.address = client.size;
    sizes.client = client.size != 0 ? append(client.bytes.data(), client.size, client.bytes.size())
                                    : append(client.text.data(), client.text.size(), kMostClient);
    sizes.id = append(facts.id.data(), facts.id.size(), kMostId);
    sizes.path = append(facts.path.data(), facts.path.size(), text.size());

    slot.mark.store(0, kRelaxed);
    std::atomic_thread_fence(std::memory_order_release);
    slot.received.store(nanoseconds(facts.received), kRelaxed);
    std::uint64_t word = 0;
    std::memcpy(&word, &sizes, sizeof word);
    slot.sizes.store(word, kRelaxed);
    for (std::size_t at = 0; at * sizeof word < used; ++at) {
        std::memcpy(&word, text.data() + at * sizeof word, sizeof word);
        slot.text[at].store(word, kRelaxed);
    }
    slot.mark.store(++marks_, std::memory_order_release);
}

void RequestTable::remove(std::uint32_t core) noexcept {
    if (core < cores_) {
        slots_[core].mark.store(0, kRelaxed);
    }
}

// Only this process writes, so that no other change is lost.
void RequestTable::show_computing(std::uint32_t core) noexcept {
    if (core >= cores_) {
        return;
    }
    std::uint64_t word = slots_[core].sizes.load(kRelaxed);
    Sizes sizes{};
    std::memcpy(&sizes, &word, sizeof word);
    sizes.computed = moment(Clock::now());
    std::memcpy(&word, &sizes, sizeof word);
    slots_[core].sizes.store(word, kRelaxed);
}

// False if the slot holds no request.
bool RequestTable::copy(const Slot& slot, Copy& into) {
    for (int tries = 0; tries < kTries; ++tries) {
        const std::uint64_t mark = slot.mark.load(std::memory_order_acquire);
        if (mark == 0) {
            return false;
        }
        into.received = slot.received.load(kRelaxed);
        std::uint64_t word = slot.sizes.load(kRelaxed);
        std::memcpy(&into.sizes, &word, sizeof word);
        for (std::size_t at = 0; at < kTextWords; ++at) {
            word = slot.text[at].load(kRelaxed);
            std::memcpy(into.text.data() + at * sizeof word, &word, sizeof word);
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (slot.mark.load(kRelaxed) == mark) {
            return true;
        }
    }
    return false;
}

// The writer runs the application, which may have written anything, so every size is checked.
RequestTable::Entry RequestTable::explain(std::uint32_t core, const Copy& copied) {
    std::string_view left(copied.text.data(), copied.text.size());
    const auto take = [&left](std::size_t size) {
        const std::string_view taken = left.substr(0, size);
        left.remove_prefix(taken.size());
        return taken;
    };
    Entry entry;
    entry.core = core;
    entry.received =
        std::clamp(TimePoint(std::chrono::nanoseconds(copied.received)), TimePoint(), Clock::now());
    entry.method = take(copied.sizes.method);
    const std::string_view client = take(copied.sizes.client);
    entry.id = take(copied.sizes.id);
    entry.path = take(copied.sizes.path);
    entry.computes = is_recent(copied.sizes.computed, Clock::now());
    const bool is_inet = copied.sizes.address == 4 && client.size() == 4;
    const bool is_inet6 = copied.sizes.address == 16 && client.size() == 16;
    if (is_inet || is_inet6) {
        char text[INET6_ADDRSTRLEN] = "";
        ::inet_ntop(is_inet ? AF_INET : AF_INET6, client.data(), text, sizeof text);
        entry.client = text;
    } else {
        entry.client = client;
    }
    return entry;
}

std::uint32_t RequestTable::used() const {
    const std::uint64_t used = head_->used.load(std::memory_order_acquire);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(used, cores_));
}

std::vector<std::uint64_t> RequestTable::begun() const {
    std::vector<std::uint64_t> counts(used());
    std::transform(slots_, slots_ + counts.size(), counts.begin(),
                   [](const Slot& slot) { return slot.begun.load(kRelaxed); });
    return counts;
}

std::vector<RequestTable::Entry> RequestTable::read() const {
    std::vector<Entry> entries;
    Copy copied;
    const std::uint32_t used = this->used();
    for (std::uint32_t core = 0; core < used; ++core) {
        if (copy(slots_[core], copied)) {
            entries.push_back(explain(core, copied));
        }
    }
    const auto running = static_cast<std::ptrdiff_t>(entries.size());
    const auto waiting =
        std::min<std::uint64_t>(head_->waiting.load(std::memory_order_acquire), kMostWaiting);
    for (std::uint64_t place = 0; place < waiting; ++place) {
        if (!copy(slots_[cores_ + place], copied)) {
            continue;
        }
        Entry entry = explain(Entry::kNoCore, copied);
        const bool has_begun =
            std::any_of(entries.begin(), entries.begin() + running,
                        [&](const Entry& other) { return other.id == entry.id; });
        if (!has_begun) {
            entries.push_back(std::move(entry));
        }
    }
    return entries;
}

}  // namespace geventd::shm
