// SPDX-License-Identifier: MIT
#include "shm/signal_registry.h"

#include <charconv>
#include <string>

namespace geventd::shm {

namespace {

constexpr std::uint64_t bit(std::uint8_t number) {
    return std::uint64_t{1} << (number % 64);
}

/// Nothing for 0, and for targets that nobody can have registered.
std::optional<SignalTarget> unpack_target(std::uint32_t word) {
    const SignalTarget target = SignalTarget::unpack(word - 1);
    const bool possible = word != 0 && target.possible() && target.pack() == word - 1;
    return possible ? std::optional(target) : std::nullopt;
}

std::optional<SignalTarget> read_target(const SignalRow& row, std::uint8_t number) {
    const std::uint32_t word = row.targets[number].load();
    return (row.registered[number / 64].load() & bit(number)) == 0 ? std::nullopt
                                                                   : unpack_target(word);
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
    const auto index = static_cast<unsigned>(&row - table_.header().rows);
    Word<std::uint32_t>& known = table_.header().generations[index];
    known.store(0);
    for (unsigned word = 0; word < kSignalNumbers / 64; ++word) {
        row.registered[word].store(0);
        row.missed[word].store(0);
    }
    for (Word<std::uint32_t>& word : row.targets) {
        word.store(0);
    }
    known.store(generation);
    if (table_.header().serving.load() == 0) {
        serve(generation);
    }
    return index;
}

void SignalRegistry::serve(std::uint32_t generation) const noexcept {
    const SignalRow* row = row_of(generation);
    if (row != nullptr) {
        const auto index = static_cast<unsigned>(row - table_.header().rows);
        table_.header().serving.store_ordered(SignalServing{generation, index}.pack());
    }
}

/// Registering writes the target before the bit, so this reads them in the opposite order.
bool SignalRegistry::is_sound(unsigned row) const noexcept {
    const SignalRow& one = table_.header().rows[row];
    std::uint64_t registered[kSignalNumbers / 64];
    for (unsigned word = 0; word < kSignalNumbers / 64; ++word) {
        registered[word] = one.registered[word].load();
    }
    for (unsigned number = 0; number < kSignalNumbers; ++number) {
        const std::uint32_t word = one.targets[number].load();
        const bool is_registered =
            (registered[number / 64] & bit(static_cast<std::uint8_t>(number))) != 0;
        if (word == 0 ? is_registered : !unpack_target(word)) {
            return false;
        }
    }
    return true;
}

bool SignalRegistry::knows_handlers_of(unsigned process) const noexcept {
    const SignalProcess& self = table_.process(process);
    const SignalRow* row = row_of(self.generation.load());
    for (unsigned word = 0; row != nullptr && word < kSignalNumbers / 64; ++word) {
        const std::uint64_t handlers = self.handlers[word].load_ordered();
        if ((handlers & ~row->registered[word].load()) != 0) {
            return false;
        }
    }
    return true;
}

SignalRow* SignalRegistry::row_of(std::uint32_t generation) const noexcept {
    SignalHeader& header = table_.header();
    for (unsigned row = 0; generation != 0 && row < SignalHeader::kRows; ++row) {
        if (header.generations[row].load() == generation) {
            return &header.rows[row];
        }
    }
    return nullptr;
}

/// Null before the first generation serves.
SignalRow* SignalRegistry::serving_row() const noexcept {
    const std::uint64_t word = table_.header().serving.load();
    const unsigned row = SignalServing::unpack(word).row;
    return word == 0 || row >= SignalHeader::kRows ? nullptr : &table_.header().rows[row];
}

SignalRow* SignalRegistry::spare_row() const noexcept {
    SignalHeader& header = table_.header();
    const SignalRow* serving = serving_row();
    std::optional<unsigned> oldest;
    for (unsigned row = 0; row < SignalHeader::kRows; ++row) {
        if (&header.rows[row] != serving &&
            (!oldest || header.generations[row].load() < header.generations[*oldest].load())) {
            oldest = row;
        }
    }
    return &header.rows[*oldest];
}

SignalRegistrations::SignalRegistrations(const SignalTable& table, unsigned process)
    : table_(table),
      registry_(table),
      process_(process),
      generation_(table.process(process).generation.load()) {}

SignalRegistry::Outcome SignalRegistrations::add(std::uint8_t number,
                                                 SignalTarget target) noexcept {
    const SignalRegistry::Outcome outcome = registry_.add(process_, number, target);
    if (outcome == SignalRegistry::Outcome::Registered) {
        targets_[number] = target;
        handlers_[number / 64] |= bit(number);
    }
    return outcome;
}

/// The row of a generation that no longer serves may be given to another at any time.
bool SignalRegistrations::reassert() noexcept {
    const bool healed = reassert_handlers();
    if (registry_.serving() > generation_) {
        return healed;
    }
    for (unsigned index = 0; index < kSignalNumbers; ++index) {
        const auto number = static_cast<std::uint8_t>(index);
        if (targets_[number] && registry_.target(process_, number) != targets_[number] &&
            registry_.add(process_, number, *targets_[number]) ==
                SignalRegistry::Outcome::Conflict) {
            table_.process(process_).conflict.store(1);
        }
    }
    return healed;
}

bool SignalRegistrations::reassert_handlers() noexcept {
    bool healed = false;
    for (std::size_t word = 0; word < handlers_.size(); ++word) {
        Word<std::uint64_t>& handlers = table_.process(process_).handlers[word];
        if (handlers.load() != handlers_[word]) {
            handlers.store_ordered(handlers_[word]);
            healed = true;
        }
    }
    return healed;
}

}  // namespace geventd::shm
