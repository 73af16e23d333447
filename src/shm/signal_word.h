// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace geventd::shm {

#ifdef GEVENTD_SHM_STEPS
/// Test builds only: called before every access to shared memory that another process could
/// observe, so that a test can stop and kill a process there.
inline void (*step_hook)() = nullptr;

inline void step() {
    if (step_hook != nullptr) {
        step_hook();
    }
}
#else
inline void step() noexcept {}
#endif

/// One lock-free atomic in shared memory. Every access is a numbered step of the kill tests, which
/// is why the structs of signals and locks use this and not std::atomic itself. Functions with
/// plain names are acquire and release; `_ordered` ones are part of the single total order that the
/// sleep/wake protocol needs (signal_wake.h).
/// Lives in: a Region; any process may be killed between two accesses.
template <typename T>
class Word {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(std::atomic<T>::is_always_lock_free);

  public:
    [[nodiscard]] T load() const noexcept {
        step();
        return value_.load(std::memory_order_acquire);
    }

    [[nodiscard]] T load_relaxed() const noexcept {
        step();
        return value_.load(std::memory_order_relaxed);
    }

    [[nodiscard]] T load_ordered() const noexcept {
        step();
        return value_.load(std::memory_order_seq_cst);
    }

    void store(T value) noexcept {
        step();
        value_.store(value, std::memory_order_release);
    }

    void store_relaxed(T value) noexcept {
        step();
        value_.store(value, std::memory_order_relaxed);
    }

    void store_ordered(T value) noexcept {
        step();
        value_.store(value, std::memory_order_seq_cst);
    }

    T exchange_ordered(T value) noexcept {
        step();
        return value_.exchange(value, std::memory_order_seq_cst);
    }

    /// True if the word was `expected` and now is `desired`.
    bool replace(T expected, T desired) noexcept {
        step();
        return value_.compare_exchange_strong(expected, desired, std::memory_order_seq_cst,
                                              std::memory_order_acquire);
    }

    T add(T value) noexcept {
        step();
        return value_.fetch_add(value, std::memory_order_seq_cst);
    }

    /// Returns the former value.
    T set_bits(T bits) noexcept {
        step();
        return value_.fetch_or(bits, std::memory_order_seq_cst);
    }

    /// Adds to a counter that only this process writes.
    void count(T value = 1) noexcept {
        step();
        value_.store(static_cast<T>(value_.load(std::memory_order_relaxed) + value),
                     std::memory_order_relaxed);
    }

  private:
    std::atomic<T> value_;
};

static_assert(sizeof(Word<std::uint64_t>) == 8 && sizeof(Word<std::uint32_t>) == 4);
static_assert(std::is_standard_layout_v<Word<std::uint64_t>>);

}  // namespace geventd::shm
