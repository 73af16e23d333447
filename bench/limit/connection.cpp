// SPDX-License-Identifier: MIT
#include "limit/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <strings.h>

#include "limit/wsgi.h"

namespace geventd::limit {

namespace {

std::array<char, 64 << 10> scratch;

bool is(std::string_view name, std::string_view lower_case) {
    return name.size() == lower_case.size() &&
           ::strncasecmp(name.data(), lower_case.data(), name.size()) == 0;
}

std::size_t number(std::string_view text) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// Joins a few bytes into one part, which is cheaper to send than several; larger parts stay as they
// are.
std::span<iovec> join(std::span<iovec> parts, std::span<char> into) {
    std::size_t size = 0;
    for (const iovec& part : parts) {
        if (part.iov_len > into.size() - size) {
            return parts;
        }
        std::memcpy(into.data() + size, part.iov_base, part.iov_len);
        size += part.iov_len;
    }
    parts[0] = {into.data(), size};
    return parts.first(1);
}

ssize_t send_once(int fd, std::span<iovec> parts) {
    if (parts.size() == 1) {
        return ::send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

void set_target(std::string_view target) {
    const std::size_t question = target.find('?');
    head.path = target.substr(0, question);
    head.query =
        question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
}

}  // namespace

Connection::Connection(struct ev_loop* ev_loop, int socket, bool is_uwsgi)
    : loop(ev_loop), fd(socket), uwsgi(is_uwsgi) {
    ev_io_init(
        &watcher,
        [](struct ev_loop*, ev_io* io, int) { static_cast<Connection*>(io->data)->on_readable(); },
        socket, EV_READ);
    watcher.data = this;
}

Connection::~Connection() {
    ev_io_stop(loop, &watcher);
    ::close(fd);
}

void Connection::on_readable() {
    if (running) {
        if (waiting != nullptr) {
            resume(*this);
        } else {
            ev_io_stop(loop, &watcher);
        }
        return;
    }
    const ssize_t got = ::recv(fd, scratch.data(), scratch.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        delete this;
        return;
    }
    std::string_view bytes(scratch.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (!partial.empty()) {
        bytes = partial.append(bytes);
    }
    const std::size_t used = uwsgi ? parse_uwsgi(bytes) : parse_http(bytes);
    if (used == 0) {
        if (partial.empty()) {
            partial.assign(bytes);
        }
        if (!ev_is_active(&watcher)) {
            ev_io_start(loop, &watcher);
            loop_changed = true;
        }
        return;
    }
    body.assign(bytes.substr(used));
    body_left = head.content_length;
    running = true;
    head_sent = chunked = false;
    answer.clear();
    start(*this);
}

// The length of the head; 0 if it is incomplete.
std::size_t Connection::parse_http(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return 0;
    }
    std::string_view rest = bytes.substr(0, end + 2);
    const auto next_line = [&rest] {
        const std::size_t size = rest.find('\r');
        const std::string_view line = rest.substr(0, size);
        rest.remove_prefix(size + 2);
        return line;
    };
    const std::string_view line = next_line();
    const std::size_t first = line.find(' ');
    const std::size_t second = line.rfind(' ');
    head.method = line.substr(0, first);
    set_target(line.substr(first + 1, second - first - 1));
    http11 = head.http11 = line.back() == '1';
    keep_alive = http11;
    head.content_length = 0;
    head.fields.clear();
    while (!rest.empty()) {
        const std::string_view field = next_line();
        const std::size_t colon = field.find(':');
        const std::string_view name = field.substr(0, colon);
        const std::string_view value = field.substr(colon + 2);
        head.fields.push_back({name, value});
        if (name.size() == 14 && is(name, "content-length")) {
            head.content_length = number(value);
        } else if (name.size() == 10 && is(name, "connection")) {
            keep_alive = is(value, "keep-alive") || (http11 && !is(value, "close"));
        }
    }
    return end + 4;
}

std::size_t Connection::parse_uwsgi(std::string_view bytes) {
    const auto word = [bytes](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) |
               static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1])) << 8U;
    };
    const std::size_t size = bytes.size() < 4 ? 0 : word(1) + 4;
    if (size == 0 || bytes.size() < size) {
        return 0;
    }
    head.content_length = 0;
    head.fields.clear();
    keep_alive = http11 = false;
    std::size_t at = 4;
    const auto text = [&] {
        const std::string_view found = bytes.substr(at + 2, word(at));
        at += 2 + found.size();
        return found;
    };
    while (at < size) {
        const std::string_view name = text();
        const std::string_view value = text();
        head.fields.push_back({name, value});
        if (name == "CONTENT_LENGTH") {
            head.content_length = number(value);
        }
    }
    return size;
}

bool Connection::send(std::span<iovec> parts) const {
    std::array<char, 4096> joined;  // NOLINT(*-member-init): filled as far as it is sent
    parts = join(parts, joined);
    while (!parts.empty()) {
        ssize_t sent = send_once(fd, parts);
        if (sent < 0 && errno == EAGAIN) {
            pollfd room{fd, POLLOUT, 0};
            ::poll(&room, 1, -1);
            continue;
        }
        if (sent < 0) {
            return false;
        }
        while (!parts.empty() && static_cast<std::size_t>(sent) >= parts[0].iov_len) {
            sent -= static_cast<ssize_t>(parts[0].iov_len);
            parts = parts.subspan(1);
        }
        if (!parts.empty()) {
            parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + sent;
            parts[0].iov_len -= static_cast<std::size_t>(sent);
        }
    }
    return true;
}

std::size_t Connection::await_body(char* into, std::size_t room) {
    room = std::min(room, body_left);
    if (room > 0 && !body.empty()) {
        room = std::min(room, body.size());
        std::memcpy(into, body.data(), room);
        body.erase(0, room);
    } else if (room > 0) {
        ssize_t got = ::recv(fd, into, room, 0);
        while (got < 0 && errno == EAGAIN) {
            if (!ev_is_active(&watcher)) {
                ev_io_start(loop, &watcher);
                loop_changed = true;
            }
            if (!await_readable(*this)) {
                return 0;
            }
            got = ::recv(fd, into, room, 0);
        }
        room = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    body_left -= room;
    return room;
}

void Connection::finish(bool complete) {
    running = false;
    if (!complete || !keep_alive) {
        delete this;
        return;
    }
    partial.clear();
    if (!ev_is_active(&watcher)) {
        ev_io_start(loop, &watcher);
        loop_changed = true;
    }
}

}  // namespace geventd::limit
