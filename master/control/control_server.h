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

/// Where the answer to one request goes. May be kept and used once, later; the client may be gone
/// by then. Must not be used after the server is.
class ControlReply {
  public:
    ControlReply(ControlServer& server, std::uint64_t id) : server_(&server), id_(id) {}

    /// `result` is a JSON document; none is null.
    void ok(std::string_view result = {}) const noexcept;

    /// One sentence for the person who asked.
    void error(std::string_view sentence) const noexcept;

  private:
    ControlServer* server_;
    std::uint64_t id_;
};

/// The control socket of the master: unix, 0600, open to root, to the master's own user and to
/// the one given. A client sends one request and gets one answer (ipc/control_protocol.h) from a
/// table of commands. Slow and silent clients are dropped, so that none can hold the master.
/// Lives in: master.
class ControlServer final : private ControlConnection::Owner {
  public:
    using Handler = std::function<void(const ipc::ControlRequest&, ControlReply)>;

    struct Options {
        std::string path;
        std::optional<uid_t> user;                    ///< who besides root may connect
        Duration patience = std::chrono::seconds(5);  ///< for a request, and for an answer's way
        std::size_t max_clients = 64;
        UniqueFd listening{};  ///< of a former master, which gives its socket up
    };

    /// Throws ErrnoError; code EADDRINUSE when another geventd, or another user, holds it.
    ControlServer(event::Loop& loop, event::DeadlineClock& clock, Options options);
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    /// Closes the socket and removes its file, if that is still ours.
    ~ControlServer();

    /// A copy of the listening socket for a successor. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy() const { return duplicate(socket_.fd.get()); }

    /// Clients wait in the kernel's queue until resume().
    void hold() { acceptor_.hold(); }

    void resume() { acceptor_.resume(); }

    /// Makes the socket anew when nobody reaches it any more, because its file was removed. What
    /// stands in the way is logged once.
    void renew() noexcept;

    /// The successor has the socket and its file; those who wait here still get their answers.
    void let_go();

    /// Called before the loop runs. The handler answers through its reply, at once or later, and
    /// does not throw.
    void add(const std::string& command, Handler handler);

    [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  private:
    friend class ControlReply;
    template <typename Deed>
    void attempt(std::uint64_t id, Deed deed) noexcept;
    void admit(UniqueFd fd);
    void obey(const std::string& line, const ControlReply& reply);
    [[nodiscard]] bool is_allowed(int fd) const noexcept;
    void on_request(ControlConnection& connection, const std::string& line) noexcept override;
    void on_finished(Client& client) noexcept override;
    void send(std::uint64_t id, std::string answer) noexcept;

    Options options_;
    event::Loop& loop_;
    event::DeadlineList deadlines_;
    net::BoundUnixSocket socket_;
    ClientAcceptor acceptor_;
    ClientList<ControlConnection> clients_;
    std::map<std::string, Handler> handlers_;
    std::string trouble_;  ///< of the last renew()
};

}  // namespace geventd::master
