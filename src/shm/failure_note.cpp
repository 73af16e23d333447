// SPDX-License-Identifier: MIT
#include "shm/failure_note.h"

#include <algorithm>
#include <cstring>

namespace geventd::shm {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::size_t kWord = sizeof(std::uint64_t);

// Between two reads of a reader that gets to run, a writer changes the note at most once.
constexpr int kTries = 4;

}  // namespace

void FailureNote::put(std::int64_t at, std::string_view text) noexcept {
    text = text.substr(0, kWords * kWord);
    const std::uint64_t mark = mark_.load(kRelaxed) | 1;
    mark_.store(mark, kRelaxed);
    std::atomic_thread_fence(std::memory_order_release);
    at_.store(at, kRelaxed);
    size_.store(text.size(), kRelaxed);
    for (std::size_t from = 0; from < text.size(); from += kWord) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + from, std::min(kWord, text.size() - from));
        text_[from / kWord].store(word, kRelaxed);
    }
    const std::uint64_t next = mark + 1;
    mark_.store(next != 0 ? next : 2, std::memory_order_release);
}

std::optional<FailureNote::Note> FailureNote::read() const {
    for (int tries = 0; tries < kTries; ++tries) {
        Note note;
        note.mark = mark_.load(std::memory_order_acquire);
        if (note.mark == 0 || note.mark % 2 != 0) {
            continue;
        }
        note.at = at_.load(kRelaxed);
        note.text.resize(std::min<std::uint64_t>(size_.load(kRelaxed), kWords * kWord));
        for (std::size_t from = 0; from < note.text.size(); from += kWord) {
            const std::uint64_t word = text_[from / kWord].load(kRelaxed);
            std::memcpy(note.text.data() + from, &word, std::min(kWord, note.text.size() - from));
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (mark_.load(kRelaxed) == note.mark) {
            return note;
        }
    }
    return std::nullopt;
}

}  // namespace geventd::shm
