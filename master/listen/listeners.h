// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "config/settings.h"
#include "master/host/systemd.h"
#include "master/listen/former_socket.h"
#include "master/status/status.h"
#include "net/listener_set.h"

namespace geventd::master {

/// The listening sockets over all reloads. A reload works on a second set: prepare() opens what is
/// new and shares what is kept; commit() makes it the set when the new generation serves,
/// discard() takes back what was opened when it does not. Kept sockets are never closed, so no
/// connection in a backlog is lost.
/// Lives in: master.
class Listeners {
  public:
    /// The first sockets: those that systemd has opened for us, by name, and for the rest our own.
    /// Waits a little for addresses in use. Throws as Listener::open() does.
    Listeners(const config::Settings& settings, std::vector<ActivatedSocket> activated);
    /// Those of a master that this one is to succeed, and for the rest our own. Files of unix
    /// sockets stay the former one's until own_files(). Throws ErrnoError.
    Listeners(const config::Settings& settings, std::vector<FormerSocket> former);
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Removes the files of unix sockets.
    ~Listeners();

    /// A socket was shut down by a process that holds it. TCP: it listens again. Unix: says what
    /// brings it back. Says it once of each.
    void revive() noexcept;

    /// A worker has found a socket shut down: revive() is due. Each worker says so of each socket,
    /// as often as it likes, hence this waits a little after the time before.
    void ask_for_revival() { revival_asked_ = true; }

    /// Revives if that was asked for and is due.
    void revive_if_due(TimePoint now) noexcept;

    /// When revive_if_due() has something to do.
    [[nodiscard]] TimePoint next_revival() const {
        return revival_asked_ ? next_revival_ : TimePoint::max();
    }

    /// Throws ErrnoError; nothing has changed then.
    void prepare(const config::Settings& settings);
    void commit() noexcept;
    void discard() noexcept;

    /// The former master gives its sockets up: their files are ours, and those of sockets that our
    /// configuration does not want are removed.
    void own_files() noexcept;

    /// Copies of the sockets for a successor. Throws ErrnoError.
    [[nodiscard]] std::vector<FormerSocket> for_successor() const;

    /// The successor has them: lets them go, files stay.
    void let_go() noexcept;

    /// Copies of the sockets that the configuration being started needs, in its order. Throws
    /// ErrnoError.
    [[nodiscard]] std::vector<UniqueFd> copies() const;

    /// The addresses that are served now, with actual ports.
    [[nodiscard]] std::vector<std::string> addresses() const;

    /// The same with the lengths of their queues.
    [[nodiscard]] std::vector<ListenerStatus> status() const;

  private:
    struct Prepared {
        net::ListenerSet set;
        std::vector<net::Wanted> wanted;
        std::vector<net::Listener> dropped;
    };

    void note_systemd_names(const config::Settings& settings);
    [[nodiscard]] std::string remedy(const net::Listener& listener) const;

    net::ListenerSet current_;
    std::vector<net::Wanted> wanted_;
    std::optional<Prepared> prepared_;
    std::vector<net::Listener> former_dropped_;
    std::map<std::string, std::string> systemd_names_;  ///< by address, of those it opened
    std::set<int> told_down_;                           ///< descriptors
    bool revival_asked_ = false;
    TimePoint next_revival_ = TimePoint::min();
};

}  // namespace geventd::master
