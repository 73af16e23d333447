// SPDX-License-Identifier: MIT
#include "shm/signal_registry.h"

#include <charconv>
#include <string>

namespace geventd::shm {

namespace {

constexpr std::uint64_t bit(std::uint8_t number) {
    return std::uint64_t{1} << (number % 64);
}

std::optional<SignalTarget> read_target(const SignalRow& row, std::uint8_t number) {
    const std::uint32_t word = row.targets[number].load();
    if (word == 0 || (row.registered[number / 64].load() & bit(number)) == 0) {
        return std::nullopt;
    }
    const SignalTarget target = SignalTarget::unpack(word - 1);
    return target.kind <= TargetKind::All ? std::optional(target) : std::nullopt;
}

}  // namespace

Result<SignalTarget> parse_signal_target(std::string_view text, unsigned workers) {
    constexpr std::string_view kWorker = "worker";
    if (text.empty() || text == kWorker) {
        return SignalTarget{};
    }
    if (text == "workers" || text == "active-workers") {
        return SignalTarget{TargetKind::All, 0};
    }
    const std::string quoted = "signal target '" + std::string(text) + "'";
    if (text.substr(0, kWorker.size()) != kWorker) {
        return failure(quoted +
                       " is unknown: '', 'worker', 'workerN', 'workers' and 'active-workers' are "
                       "possible; there are no mules, farms or spoolers");
    }
    unsigned worker = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + kWorker.size(), end, worker);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
        return failure(quoted + " is unknown: 'worker' is followed by a number");
    }
    if (worker > workers) {
        return failure(quoted + " is out of range: there are " + std::to_string(workers) +
                       " workers");
    }
    if (worker == 0) {
        return SignalTarget{};
    }
    return SignalTarget{TargetKind::Worker, static_cast<std::uint16_t>(worker)};
}

SignalRegistry::Outcome SignalRegistry::add(unsigned process, std::uint8_t number,
                                            SignalTarget target) const noexcept {
    SignalProcess& self = table_.process(process);
    SignalRow* row = row_of(self.generation.load());
    if (row == nullptr) {
        return Outcome::Retired;
    }
    Word<std::uint32_t>& word = row->targets[number];
    const std::uint32_t wanted = target.pack() + 1;
    if (!word.replace(0, wanted) && word.load() != wanted) {
        return Outcome::Conflict;
    }
    row->registered[number / 64].set_bits(bit(number));
    self.handlers[number / 64].set_bits(bit(number));
    return Outcome::Registered;
}

std::optional<SignalTarget> SignalRegistry::target(unsigned process,
                                                   std::uint8_t number) const noexcept {
    const SignalRow* row = row_of(table_.process(process).generation.load());
    return row == nullptr ? std::nullopt : read_target(*row, number);
}

std::optional<SignalTarget> SignalRegistry::route(std::uint8_t number) const noexcept {
    const SignalRow* row = serving_row();
    return row == nullptr ? std::nullopt : read_target(*row, number);
}

bool SignalRegistry::first_miss(std::uint8_t number) const noexcept {
    SignalRow* row = serving_row();
    return row != nullptr && (row->missed[number / 64].set_bits(bit(number)) & bit(number)) == 0;
}

unsigned SignalRegistry::begin(std::uint32_t generation) const noexcept {
    SignalRow& row = *spare_row();
    row.generation.store(0);
    for (unsigned word = 0; word < kSignalNumbers / 64; ++word) {
        row.registered[word].store(0);
        row.missed[word].store(0);
    }
    for (Word<std::uint32_t>& word : row.targets) {
        word.store(0);
    }
    row.generation.store(generation);
    if (table_.header().serving.load() == 0) {
        serve(generation);
    }
    return static_cast<unsigned>(&row - table_.header().rows);
}

void SignalRegistry::serve(std::uint32_t generation) const noexcept {
    const SignalRow* row = row_of(generation);
    if (row != nullptr) {
        const auto index = static_cast<unsigned>(row - table_.header().rows);
        table_.header().serving.store_ordered(SignalServing{generation, index}.pack());
    }
}

SignalRow* SignalRegistry::row_of(std::uint32_t generation) const noexcept {
    for (SignalRow& row : table_.header().rows) {
        if (generation != 0 && row.generation.load() == generation) {
            return &row;
        }
    }
    return nullptr;
}

/// Null before a generation serves.
SignalRow* SignalRegistry::serving_row() const noexcept {
    const std::uint64_t word = table_.header().serving.load();
    const unsigned row = SignalServing::unpack(word).row;
    return word == 0 || row >= SignalHeader::kRows ? nullptr : &table_.header().rows[row];
}

SignalRow* SignalRegistry::spare_row() const noexcept {
    const SignalRow* serving = serving_row();
    SignalRow* oldest = nullptr;
    for (SignalRow& row : table_.header().rows) {
        if (&row != serving &&
            (oldest == nullptr || row.generation.load() < oldest->generation.load())) {
            oldest = &row;
        }
    }
    return oldest;
}

}  // namespace geventd::shm
