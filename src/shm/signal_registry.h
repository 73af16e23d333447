// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "shm/signal_table.h"

namespace geventd::shm {

/// uWSGI's target names: "", "worker", "worker0" (any), "workerN", "workers", "active-workers".
/// `workers` is the number of workers in the configuration. For anything else the error lists the
/// valid names.
Result<SignalTarget> parse_signal_target(std::string_view text, unsigned workers);

/// Who handles which number: a row of targets for each generation, written by its workers as they
/// register, and a set of numbers for each worker. Senders and claimers use the row and the workers
/// of the serving generation; one store makes another generation the serving one. Numbers stay in
/// the row when the worker that registered them dies: its successor will register them again, and
/// until then their signals wait.
/// Lives in: every process.
class SignalRegistry {
  public:
    explicit SignalRegistry(const SignalTable& table) : table_(table) {}

    enum class Outcome {
        Registered,
        Conflict,  ///< the number has another target in this generation
        Retired,   ///< the process's generation was replaced long ago; nothing was changed
    };

    /// Worker: it now has a handler for the number. Idempotent.
    Outcome add(unsigned process, std::uint8_t number, SignalTarget target) const noexcept;

    /// The target that a process's generation has for the number.
    [[nodiscard]] std::optional<SignalTarget> target(unsigned process,
                                                     std::uint8_t number) const noexcept;

    /// The target of a signal sent now; nothing if the serving generation never registered it.
    [[nodiscard]] std::optional<SignalTarget> route(std::uint8_t number) const noexcept;

    /// Whether the process takes signals now: ready, not draining, of the serving generation.
    [[nodiscard]] bool takes_signals(unsigned process) const noexcept {
        return takes_signals(process, serving());
    }

    /// The same for a caller that asks for many processes and has already read serving().
    [[nodiscard]] bool takes_signals(unsigned process, std::uint32_t serving) const noexcept {
        const SignalProcess& self = table_.process(process);
        return self.accepting.load_ordered() != 0 && self.generation.load() == serving;
    }

    /// Whether the process has a handler for the number.
    [[nodiscard]] bool holds(unsigned process, std::uint8_t number) const noexcept {
        const SignalProcess& self = table_.process(process);
        return (self.handlers[number / 64].load_ordered() >> (number % 64) & 1) != 0;
    }

    /// Whether the slot is for this process, regardless of takes_signals().
    [[nodiscard]] bool matches(unsigned process, const SignalRouting& routing) const noexcept {
        return holds(process, routing.number) &&
               (routing.target.kind == TargetKind::Any ||
                routing.target.worker == table_.process(process).worker.load());
    }

    /// True for the first caller that asks this about a number in the serving generation: the one
    /// that logs that nobody registered it.
    [[nodiscard]] bool first_miss(std::uint8_t number) const noexcept;

    /// Master: provides an empty row for the generation, before its first process starts. The very
    /// first generation serves at once. Returns the row's index.
    unsigned begin(std::uint32_t generation) const noexcept;

    /// Master: the generation's registrations and workers replace the old one's.
    void serve(std::uint32_t generation) const noexcept;

    /// Whether a generation's row contains only what its workers can have registered: possible
    /// targets, and one for each registered number.
    [[nodiscard]] bool is_sound(unsigned row) const noexcept;

    /// Whether all handlers that the process claims to have are registered in its generation; true
    /// also if that generation no longer has a row.
    [[nodiscard]] bool knows_handlers_of(unsigned process) const noexcept;

    [[nodiscard]] std::uint32_t serving() const noexcept {
        return SignalServing::unpack(table_.header().serving.load_ordered()).generation;
    }

  private:
    [[nodiscard]] SignalRow* row_of(std::uint32_t generation) const noexcept;
    [[nodiscard]] SignalRow* serving_row() const noexcept;
    [[nodiscard]] SignalRow* spare_row() const noexcept;

    SignalTable table_;
};

/// What one worker has registered, kept in its private memory to restore what others overwrite.
/// Lives in: worker. One a process; calls are serialised by the caller.
class SignalRegistrations {
  public:
    SignalRegistrations(const SignalTable& table, unsigned process);

    /// As SignalRegistry::add().
    SignalRegistry::Outcome add(std::uint8_t number, SignalTarget target) noexcept;

    /// Registers again what is missing, and tells the master if another target was registered. True
    /// if this process's own words were not as it had left them.
    bool reassert() noexcept;

  private:
    bool reassert_handlers() noexcept;

    SignalTable table_;
    SignalRegistry registry_;
    unsigned process_;
    std::uint32_t generation_;
    std::array<std::optional<SignalTarget>, kSignalNumbers> targets_;
    std::array<std::uint64_t, kSignalNumbers / 64> handlers_{};
};

}  // namespace geventd::shm
