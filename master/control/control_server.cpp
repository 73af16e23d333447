// SPDX-License-Identifier: MIT
#include "master/control/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/process_text.h"
#include "config/control_place.h"
#include "log/logger.h"
#include "net/peer.h"

namespace geventd::master {

namespace {

constexpr int kBacklog = 64;

void listen_on(const net::BoundUnixSocket& socket, const std::string& action) {
    if (::listen(socket.fd.get(), kBacklog) != 0) {
        throw_errno(action + ": listen");
    }
}

net::BoundUnixSocket bind_socket(const std::string& path, std::optional<uid_t> user,
                                 const std::string& action) {
    if (config::is_abstract(path)) {
        return {net::bind_abstract_socket(path.substr(1), action), {}};
    }
    net::UnixAccess access{.mode = 0600};
    if (user && ::geteuid() == 0) {
        access.user = user;
    }
    return net::bind_unix_socket(path, access, action);
}

/// The former master's socket. Listening again makes the kernel name this process to its peers.
std::optional<net::BoundUnixSocket> take_over(const std::string& path, UniqueFd listening,
                                              const std::string& action) {
    net::BoundUnixSocket socket{std::move(listening), {}};
    if (!config::is_abstract(path)) {
        socket.file = net::SocketFile::of(socket.fd.get(), path);
        if (!socket.file.is_there()) {
            log::warning("control socket {} was removed: a new one is made", path);
            return std::nullopt;
        }
    }
    listen_on(socket, action);
    return socket;
}

net::BoundUnixSocket open_socket(const std::string& path, std::optional<uid_t> user,
                                 UniqueFd listening) {
    const std::string action = "control socket " + path;
    if (listening) {
        if (auto socket = take_over(path, std::move(listening), action)) {
            return std::move(*socket);
        }
    }
    try {
        net::BoundUnixSocket socket = bind_socket(path, user, action);
        listen_on(socket, action);
        return socket;
    } catch (const net::SocketInUse& error) {
        throw ErrnoError(
            EADDRINUSE,
            fmt::format("{}: {} has it; to run another server beside that one, set "
                        "control to another path",
                        action, error.pid() == 0 ? "another process" : process_text(error.pid())));
    }
}

/// Tries once to send: a rejected client is not worth a watcher.
void turn_away(UniqueFd fd, std::string_view sentence) {
    const std::string answer = ipc::format_control_error(sentence);
    [[maybe_unused]] const auto sent =
        ::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    net::close_connection(std::move(fd));
}

}  // namespace

void ControlReply::ok(std::string_view result) const noexcept {
    server_->attempt(id_, [&] { server_->send(id_, ipc::format_control_answer(result)); });
}

void ControlReply::error(std::string_view sentence) const noexcept {
    server_->attempt(id_, [&] { server_->send(id_, ipc::format_control_error(sentence)); });
}

// When memory runs out, drops the client without an answer, so that the master goes on.
template <typename Action>
void ControlServer::attempt(std::uint64_t id, Action action) noexcept {
    try {
        action();
    } catch (const std::bad_alloc&) {
        clients_.remove(id);
    }
}

ControlServer::ControlServer(event::Loop& loop, event::DeadlineClock& clock, Options options)
    : options_(std::move(options)),
      loop_(loop),
      deadlines_(clock, options_.patience),
      socket_(open_socket(options_.path, options_.user, std::move(options_.listening))),
      acceptor_(loop, clock, "control socket " + options_.path,
                [this](UniqueFd fd) { admit(std::move(fd)); }),
      on_request_([this](const ControlConnection& connection, const std::string& line) {
          on_request(connection, line);
      }) {
    deadlines_.bind_items<&Client::on_due>();
    acceptor_.open(socket_.fd.get());
}

ControlServer::~ControlServer() {
    acceptor_.forget();
    socket_.file.unlink_own();
}

void ControlServer::renew() noexcept {
    if (!acceptor_.is_accepting() || !socket_.file.is_lost()) {
        return;
    }
    try {
        net::BoundUnixSocket socket = open_socket(options_.path, options_.user, {});
        // Answers the clients that connected before.
        while (auto accepted = net::accept_peer(socket_.fd.get())) {
            if (!*accepted) {
                break;
            }
            admit(std::move((*accepted)->fd));
        }
        acceptor_.forget();
        socket_ = std::move(socket);
        acceptor_.open(socket_.fd.get());
        trouble_.clear();
        log::warning("control socket {} was removed: a new one is made", options_.path);
    } catch (const std::exception& error) {
        if (std::exchange(trouble_, error.what()) != error.what()) {
            log::error("geventctl cannot reach the server: {}", error.what());
        }
    }
}

void ControlServer::let_go() {
    acceptor_.forget();
    socket_.file = {};
    socket_.fd.reset();
}

void ControlServer::add(const std::string& command, Handler handler) {
    handlers_[command] = std::move(handler);
}

void ControlServer::admit(UniqueFd fd) {
    if (!is_allowed(fd.get())) {
        return turn_away(std::move(fd), "permission denied: not root and not the server's user");
    }
    if (clients_.size() >= options_.max_clients) {
        return turn_away(std::move(fd), "too many clients of the control socket; try again");
    }
    clients_.add({loop_, deadlines_, *this}, std::move(fd), on_request_);
}

bool ControlServer::is_allowed(int fd) const noexcept {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        return false;
    }
    return peer.uid == 0 || peer.uid == ::geteuid() || peer.uid == options_.user;
}

void ControlServer::on_request(const ControlConnection& connection,
                               const std::string& line) noexcept {
    const std::uint64_t id = connection.id();
    attempt(id, [&] { run_command(line, ControlReply(*this, id)); });
}

void ControlServer::run_command(const std::string& line, const ControlReply& reply) {
    const auto request = ipc::parse_control_request(line);
    if (!request) {
        return reply.error(request.error().message);
    }
    const auto handler = handlers_.find(request->command);
    if (handler != handlers_.end()) {
        return handler->second(*request, reply);
    }
    std::string known;
    for (const auto& [name, unused] : handlers_) {
        known.append(known.empty() ? "" : ", ").append(name);
    }
    reply.error(fmt::format("no command \"{}\"; there are: {}", request->command, known));
}

void ControlServer::on_finished(Client& client) noexcept {
    clients_.remove(client.id());
    acceptor_.on_client_gone();
}

void ControlServer::send(std::uint64_t id, std::string answer) noexcept {
    if (ControlConnection* const client = clients_.find(id)) {
        client->answer(std::move(answer));
    }
}

}  // namespace geventd::master
