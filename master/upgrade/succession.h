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

/// The new master's side of an upgrade: what the former one has told, and the line to it.
///
///   Starting ─ready()─▶ Ready ─take-over─▶ Taking ─lead─▶ Leading ─(former one gone)─▶ Over
///
/// A former master that goes before Taking takes its successor with it: it is the server's end. In
/// Taking everything is here already, so the new one leads.
/// Lives in: master, made before anything else of it when it was started by another.
class Succession {
  public:
    enum class State { Starting, Ready, Taking, Leading, Over };

    class Owner {
      public:
        /// Throws std::exception: the former master goes on then.
        virtual void take_over(UpgradeMessage& message) = 0;
        virtual void lead() noexcept = 0;

        /// True when it was accepted.
        virtual bool take_signal(const UpgradeMessage& message) noexcept = 0;

        /// The former master has left; `state` is what it had been.
        virtual void on_former_gone(State state) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    /// Waits for what the former master tells first. None in an ordinary start. Throws
    /// std::runtime_error.
    static std::unique_ptr<Succession> join();

    Succession(UpgradeLine line, UpgradeMessage begin);
    Succession(const Succession&) = delete;
    Succession& operator=(const Succession&) = delete;
    ~Succession() = default;

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] pid_t former() const;

    /// What the former master said at first.
    [[nodiscard]] const UpgradeMessage& inventory() const { return begin_; }

    /// Its listening sockets: each with the address that its configuration has for it.
    std::vector<FormerSocket> take_sockets();

    void attach(event::Loop& loop, Owner& owner);

    /// Before the loop goes.
    void detach() { io_.reset(); }

    /// The first generation could serve.
    void ready();

    /// Its application takes long to load; said once.
    void slow();

    /// It never will.
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

/// The listening sockets as fields and descriptors of the "begin" message.
void add_sockets(UpgradeMessage& message, std::vector<FormerSocket> sockets);

}  // namespace geventd::master
