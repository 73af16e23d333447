// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "event/deadlines.h"
#include "event/loop.h"
#include "ipc/control_protocol.h"
#include "master/clients/client_acceptor.h"
#include "master/clients/client_list.h"
#include "master/control/control_connection.h"
#include "net/unix_socket.h"

namespace geventd::master {

class ControlServer;

/// Sends the answer to one request. May be kept and used once later, even if the client is gone by
/// then, but not after the server is destroyed.
class ControlReply {
  public:
    ControlReply(ControlServer& server, std::uint64_t id) : server_(&server), id_(id) {}

    /// `result` is a JSON document; empty means null.
    void ok(std::string_view result = {}) const noexcept;

    /// `sentence` is for the operator.
    void error(std::string_view sentence) const noexcept;

  private:
    ControlServer* server_;
    std::uint64_t id_;
};

/// The master's control socket: a unix socket with mode 0600, or an abstract one, open to root, the
/// master's user and the given user. A client sends one request and gets one answer
/// (ipc/control_protocol.h) from a command in the table. Slow and silent clients are dropped, so
/// that none can keep the master busy. Lives in: master.
class ControlServer final : private Client::Owner {
  public:
    using Handler = std::function<void(const ipc::ControlRequest&, ControlReply)>;

    struct Options {
        std::string path;           ///< or "@name"
        std::optional<uid_t> user;  ///< who may connect besides root and ourselves
        Duration patience = std::chrono::seconds(5);  ///< to receive a request; to send an answer
        std::size_t max_clients = 64;
        UniqueFd listening{};  ///< the former master's socket, taken over
    };

    /// Throws ErrnoError, with EADDRINUSE when another geventd or another user has the socket.
    ControlServer(event::Loop& loop, event::DeadlineClock& clock, Options options);
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// Closes the socket, and removes its file if it is still ours.
    ~ControlServer();

    /// A copy of the listening socket for a successor. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy() const { return duplicate(socket_.fd.get()); }

    /// Stops accepting until resume(); clients wait in the kernel's queue.
    void hold() { acceptor_.hold(); }

    void resume() { acceptor_.resume(); }

    /// Creates the socket anew when its file was removed, so nobody can connect to it. Logs a
    /// failure once.
    void renew() noexcept;

    /// The successor has the socket and its file. Clients that wait here still get their answers.
    void let_go();

    /// Call before the loop runs. The handler answers through its reply, at once or later, and
    /// does not throw.
    void add(const std::string& command, Handler handler);

    [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  private:
    friend class ControlReply;
    template <typename Action>
    void attempt(std::uint64_t id, Action action) noexcept;
    void admit(UniqueFd fd);
    void run_command(const std::string& line, const ControlReply& reply);
    [[nodiscard]] bool is_allowed(int fd) const noexcept;
    void on_request(const ControlConnection& connection, const std::string& line) noexcept;
    void on_finished(Client& client) noexcept override;
    void send(std::uint64_t id, std::string answer) noexcept;

    Options options_;
    event::Loop& loop_;
    event::DeadlineList deadlines_;
    net::BoundUnixSocket socket_;
    ClientAcceptor acceptor_;
    ControlConnection::OnRequest on_request_;
    ClientList<ControlConnection> clients_;
    std::map<std::string, Handler> handlers_;
    std::string trouble_;  ///< the last failure logged by renew()
};

}  // namespace geventd::master
