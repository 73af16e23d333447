// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "config/settings.h"
#include "master/host/systemd.h"
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
    /// Waits a little for addresses in use. Throws ErrnoError.
    Listeners(const config::Settings& settings, std::vector<ActivatedSocket> activated);
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Removes the files of unix sockets.
    ~Listeners();

    /// Throws ErrnoError; nothing has changed then.
    void prepare(const config::Settings& settings);
    void commit() noexcept;
    void discard() noexcept;

    /// Copies of the sockets that the configuration being started needs, in its order. Throws
    /// ErrnoError.
    [[nodiscard]] std::vector<UniqueFd> copies() const;

    /// The addresses that are served now, with actual ports.
    [[nodiscard]] std::vector<std::string> addresses() const;

  private:
    struct Prepared {
        net::ListenerSet set;
        std::vector<net::Wanted> wanted;
        std::vector<net::Listener> dropped;
    };

    net::ListenerSet current_;
    std::vector<net::Wanted> wanted_;
    std::optional<Prepared> prepared_;
};

}  // namespace geventd::master
