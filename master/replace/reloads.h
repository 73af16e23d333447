// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "master/replace/certificate_renewal.h"
#include "master/replace/parts.h"
#include "master/replace/turns.h"
#include "master/replace/watched_files.h"

namespace geventd::master {

/// Starts generations: the first one, those of reloads, and those that replace a damaged shared
/// memory of signals.
///
///   asked ── settings read, sockets prepared ──▶ generation loads and boots ──▶ it serves
///     └───────────── on any error ───────────┴────────────────────┴──▶ everything is undone, the
///                                                                     old generation goes on
///
/// Lives in: master, one. A failed reload is logged and shown in the status.
class Reloads final : public Turns::Kind {
  public:
    /// Reads the configuration; throws on any fault in it.
    using ReadSettings = std::function<config::Settings()>;

    /// `first`: the settings of the first generation.
    Reloads(const Parts& parts, config::Settings first, ReadSettings read_settings, Turns& turns,
            Server& server);
    Reloads(const Reloads&) = delete;
    Reloads& operator=(const Reloads&) = delete;
    ~Reloads() = default;

    /// Starts the first generation. Throws std::exception.
    void start() { start_generation(settings_); }

    /// Reloads when it is a reload's turn; `done` is called when that reload is over.
    void ask(Replacement::Done done);

    /// The candidate generation serves or has failed.
    void on_outcome(const Supervisor::Outcome& outcome);

    /// Replaces all workers when the shared memory of signals is damaged and a renewal is due.
    void renew_signals() noexcept;

    /// Workers have imported these files (WatchedFiles::add_sources).
    void on_sources(const std::string& paths) { files_.add_sources(paths); }

    /// The log of the former master stays where the settings name a standard descriptor: ours are
    /// that log.
    void keep_log_of(const std::string& place);

    /// The settings of the serving generation; before one serves, of the first.
    [[nodiscard]] const config::Settings& settings() const { return settings_; }

    /// How many generations were started, including those of former masters.
    [[nodiscard]] std::uint32_t generations() const { return generations_; }

    /// Continues the numbering of the former master's generations.
    void count_from(std::uint32_t generations) { generations_ = generations; }

    [[nodiscard]] const Turns::Words& words() const override;

    Replacement& record() override { return record_; }

    [[nodiscard]] const Replacement& record() const { return record_; }

    [[nodiscard]] bool is_busy() const override { return parts_.supervisor.is_busy(); }

    [[nodiscard]] bool is_slow() const override { return parts_.supervisor.is_slow(); }

    bool is_sound() override;
    void begin() override;

    void give_up(const std::string& why) override { parts_.supervisor.give_up(why); }

  private:
    void keep_until_restart(config::Settings& settings) const;
    void on_file_change(const std::string& path) noexcept;
    void start_generation(config::Settings settings);
    void discard();
    void on_generation_serves(std::optional<Duration> gap);
    void end(Replacement::Outcome outcome, const std::string& reason);
    void end_renewal(Replacement::Outcome outcome, const std::string& reason);

    const Parts& parts_;
    config::Settings settings_;
    ReadSettings read_settings_;
    Turns& turns_;
    Server& server_;
    Replacement record_;
    WatchedFiles files_;
    CertificateRenewal renewal_;
    std::uint32_t generations_ = 0;
    bool renewing_ = false;  ///< a generation with a fresh memory of signals is being started
};

}  // namespace geventd::master
