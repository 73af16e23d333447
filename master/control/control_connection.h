// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "master/clients/client.h"

namespace geventd::master {

/// A client of the control socket: Reading (one line) → Waiting (for the answer) → Writing → gone.
/// Waiting may take long: a reload is answered when it is over.
/// Lives in: master, owned by the ControlServer.
class ControlConnection final : public Client {
  public:
    class Owner : public Client::Owner {
      public:
        /// May destroy the connection.
        virtual void on_request(ControlConnection& connection,
                                const std::string& line) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    ControlConnection(const Context& context, std::uint64_t id, UniqueFd fd, Owner& owner)
        : Client(context, id, std::move(fd)), owner_(owner) {}

    /// Sends the answer, then finishes. Later calls do nothing.
    void answer(std::string text) noexcept;

  private:
    void on_readable() noexcept override;
    void read_more() noexcept;
    void look_whether_gone() noexcept;

    Owner& owner_;
    enum class State { Reading, Waiting, Writing } state_ = State::Reading;
    std::string input_;
};

}  // namespace geventd::master
