// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "event/loop.h"
#include "master/listen/former_socket.h"
#include "master/upgrade/message.h"

namespace geventd::master {

/// The new master's side of an upgrade: its states and the line to the former master.
///
///   Starting ─ready()─▶ Ready ─take-over─▶ Taking ─lead─▶ Leading ─(former one gone)─▶ Over
///
/// If the former master ends before Taking, the new one ends as well: the server has ended. From
/// Taking on it has received everything, so it leads.
/// Lives in: master; constructed before everything else when another master has started it.
class Succession {
  public:
    enum class State { Starting, Ready, Taking, Leading, Over };

    class Owner {
      public:
        /// If this throws std::exception, the former master goes on.
        virtual void take_over(UpgradeMessage& message) = 0;
        virtual void lead() noexcept = 0;

        /// True when the signal was accepted.
        virtual bool take_signal(const UpgradeMessage& message) noexcept = 0;

        /// The former master has ended; `state` is the state until then.
        virtual void on_former_gone(State state) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    /// Waits for the former master's first messages. nullptr in an ordinary start. Throws
    /// std::runtime_error.
    static std::unique_ptr<Succession> join();

    Succession(UpgradeLine line, UpgradeMessage begin);
    Succession(const Succession&) = delete;
    Succession& operator=(const Succession&) = delete;
    ~Succession() = default;

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] pid_t former() const;

    /// The former master's "begin" message.
    [[nodiscard]] const UpgradeMessage& inventory() const { return begin_; }

    /// The former master's listening sockets, with their addresses in its configuration.
    std::vector<FormerSocket> take_sockets();

    void attach(event::Loop& loop, Owner& owner);

    /// Call before the loop is destroyed.
    void detach() { io_.reset(); }

    /// Reports that the first generation could serve.
    void ready();

    /// Reports that the application is slow to load; sent once.
    void slow();

    /// Reports that it will never serve.
    void failed(const std::string& reason) noexcept;

  private:
    void on_line(int events) noexcept;
    void on_message(UpgradeMessage& message);
    void on_hang_up();
    void say(const std::string& type, const std::string& body = {}) noexcept;

    UpgradeLine line_;
    UpgradeMessage begin_;
    State state_ = State::Starting;
    bool slow_ = false;
    Owner* owner_ = nullptr;
    std::unique_ptr<event::Io> io_;
};

/// Adds the listening sockets to the "begin" message as fields and descriptors.
void add_sockets(UpgradeMessage& message, std::vector<FormerSocket> sockets);

}  // namespace geventd::master
