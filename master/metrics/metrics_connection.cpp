// SPDX-License-Identifier: MIT
#include "master/metrics/metrics_connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/closer.h"
#include "base/packet.h"
#include "http/whole_response.h"
#include "log/logger.h"
#include "net/peer.h"

namespace geventd::master {

namespace {

constexpr http::HeadLimits kLimits{.head = 8 << 10, .target = 1 << 10, .headers = 50};

std::int64_t epoch() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string refusal(const http::Rejection& rejection) {
    return http::WholeResponse::line(rejection.status, rejection.reason).bytes(epoch());
}

std::string format_page(const Page& page, bool with_body) {
    const std::string fields = fmt::format(
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}", page.headers);
    return http::WholeResponse{.status = page.status,
                               .body = page.body,
                               .type = page.type,
                               .extra_fields = fields,
                               .head_only = !with_body}
        .bytes(epoch());
}

}  // namespace

MetricsConnection::MetricsConnection(const Context& context, std::uint64_t id, UniqueFd fd)
    : context_(context), id_(id), fd_(std::move(fd)), io_(context.loop) {
    io_.bind<MetricsConnection, &MetricsConnection::on_io>(this);
    io_.watch(fd_.get(), event::Io::kRead);
    enter(State::Reading);
}

void MetricsConnection::enter(State state) {
    state_ = state;
    context_.loop.refresh_now();
    context_.deadlines.start(*this);
}

MetricsConnection::~MetricsConnection() {
    io_.forget();
    net::close_connection(std::move(fd_));
}

// As recv(). A client of a unix socket may send descriptors along, which nobody wants.
ssize_t MetricsConnection::receive(std::span<char> room) {
    Packet packet = receive_packet(fd_.get(), room);
    closer::close(std::move(packet.fds));
    errno = packet.error;
    return packet.size;
}

void MetricsConnection::on_due() noexcept {
    context_.owner.on_finished(*this);
}

void MetricsConnection::on_io(int) noexcept {
    switch (state_) {
        case State::Reading:
            try {
                return read_more();
            } catch (const std::bad_alloc&) {
                return context_.owner.on_finished(*this);
            } catch (const std::exception& error) {
                log::error("metrics: {}", error.what());
                return context_.owner.on_finished(*this);
            }
        case State::Writing:
            return write_more();
        case State::Closing:
            return read_away();
    }
}

void MetricsConnection::read_more() {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            context_.owner.on_finished(*this);
        }
        return;
    }
    input_.append(buffer.data(), static_cast<std::size_t>(got));
    switch (scanner_.scan(input_, kLimits)) {
        case http::HeadScanner::State::Incomplete:
            return;
        case http::HeadScanner::State::Rejected:
            return begin_writing(refusal(scanner_.rejection()));
        case http::HeadScanner::State::Complete:
            return respond(std::string_view(input_).substr(scanner_.begin(), scanner_.length()));
    }
}

void MetricsConnection::respond(std::string_view bytes) {
    http::RequestHead head;
    if (const http::Rejection rejection = http::parse_head(bytes, kLimits, head);
        rejection.status != 0) {
        return begin_writing(refusal(rejection));
    }
    const bool get = head.method == "GET";
    if (!get && head.method != "HEAD") {
        http::WholeResponse answer =
            http::WholeResponse::line(405, "only GET and HEAD are known here");
        answer.extra_fields = "Allow: GET, HEAD\r\n";
        return begin_writing(answer.bytes(epoch()));
    }
    begin_writing(format_page(context_.owner.page(head.path, head.query), get));
}

void MetricsConnection::begin_writing(std::string answer) {
    enter(State::Writing);
    output_ = std::move(answer);
    write_more();
}

void MetricsConnection::write_more() noexcept {
    while (sent_ < output_.size()) {
        const ssize_t sent = ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            sent_ += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            return io_.watch(fd_.get(), event::Io::kWrite);
        } else if (errno != EINTR) {
            return context_.owner.on_finished(*this);
        }
    }
    // Closing over unread bytes would send a reset, which can destroy the answer on its way.
    ::shutdown(fd_.get(), SHUT_WR);
    state_ = State::Closing;
    io_.watch(fd_.get(), event::Io::kRead);
}

void MetricsConnection::read_away() noexcept {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        context_.owner.on_finished(*this);
    }
}

}  // namespace geventd::master
