// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "master/clients/client.h"

namespace geventd::master {

/// A client of the control socket: Reading (one line) → Waiting (for the answer) → Writing → gone.
/// Waiting may take long: a reload is answered when it is over.
/// Lives in: master, owned by the ControlServer.
class ControlConnection final : public Client {
  public:
    /// Takes a request. May destroy the connection.
    using OnRequest = std::function<void(ControlConnection& connection, const std::string& line)>;

    ControlConnection(const Context& context, std::uint64_t id, UniqueFd fd,
                      const OnRequest& on_request)
        : Client(context, id, std::move(fd)), on_request_(on_request) {}

    /// Sends the answer, then finishes. Later calls do nothing.
    void answer(std::string text) noexcept;

  private:
    void on_readable() noexcept override;
    void read_more() noexcept;
    void look_whether_gone() noexcept;

    const OnRequest& on_request_;
    enum class State { Reading, Waiting, Writing } state_ = State::Reading;
    std::string input_;
};

}  // namespace geventd::master
