// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "config/settings.h"
#include "master/host/privileges.h"
#include "master/host/systemd.h"
#include "master/listen/former_socket.h"
#include "master/status/status.h"
#include "net/listener_set.h"

namespace geventd::master {

/// The listening sockets across reloads. A reload prepares a second set: prepare() opens new
/// sockets and shares those that stay; commit() makes it the current set when the new generation
/// serves, and discard() closes the newly opened ones when it fails. Sockets that stay are never
/// closed, so no connection in a backlog is lost.
/// Lives in: master.
class Listeners {
  public:
    /// The first sockets: uses those that systemd has opened, matched by name, and opens the
    /// others. Waits a little for addresses in use. Throws like Listener::open().
    Listeners(const config::Settings& settings, const Identity& tenant,
              std::vector<ActivatedSocket> activated);
    /// For a successor: uses the former master's sockets and opens the others. The files of unix
    /// sockets belong to the former master until own_files(). Throws ErrnoError.
    Listeners(const config::Settings& settings, const Identity& tenant,
              std::vector<FormerSocket> former);
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Removes the files of unix sockets.
    ~Listeners();

    /// Repairs sockets that a process with a copy has shut down. A TCP socket listens again; for a
    /// unix socket, logs how to bring it back. Logs each failure once.
    void revive() noexcept;

    /// A worker has found a socket shut down. Every worker reports every such socket, as often as
    /// it likes, so revivals are limited in rate.
    void ask_for_revival() { revival_asked_ = true; }

    /// Revives if a worker has asked for it and it is due.
    void revive_if_due(TimePoint now) noexcept;

    /// When revive_if_due() is due.
    [[nodiscard]] TimePoint next_revival() const {
        return revival_asked_ ? next_revival_ : TimePoint::max();
    }

    /// Throws ErrnoError; then nothing has changed.
    void prepare(const config::Settings& settings);
    void commit() noexcept;
    void discard() noexcept;

    /// The former master has handed over: takes over the files of unix sockets, and removes those
    /// of sockets that our configuration does not want.
    void own_files() noexcept;

    /// Copies of the sockets for a successor. Throws ErrnoError.
    [[nodiscard]] std::vector<FormerSocket> for_successor() const;

    /// The successor has the sockets: closes ours but leaves their files.
    void let_go() noexcept;

    /// The server stops: closes ours and removes their files.
    void close() noexcept;

    /// Copies of the sockets for the configuration being started, in its order. Throws ErrnoError.
    [[nodiscard]] std::vector<UniqueFd> copies() const;

    /// The addresses being served, with actual ports and, for our unix sockets, who may connect.
    [[nodiscard]] std::vector<std::string> addresses() const;

    /// The same addresses with the lengths of their queues.
    [[nodiscard]] std::vector<ListenerStatus> status() const;

    /// The connections in all these queues.
    [[nodiscard]] std::uint64_t waiting() const;

  private:
    struct Prepared {
        net::ListenerSet set;
        std::vector<net::Wanted> wanted;
        std::vector<net::Listener> dropped;
    };

    void note_systemd_names(const config::Settings& settings);
    [[nodiscard]] std::string remedy(const net::Listener& listener) const;

    const Identity& tenant_;
    net::ListenerSet current_;
    std::vector<net::Wanted> wanted_;
    std::optional<Prepared> prepared_;
    std::vector<net::Listener> former_dropped_;
    std::map<std::string, std::string>
        systemd_names_;        ///< by address, of sockets opened by systemd
    std::set<int> told_down_;  ///< descriptors already reported as shut down
    bool revival_asked_ = false;
    TimePoint next_revival_ = TimePoint::min();
};

}  // namespace geventd::master
