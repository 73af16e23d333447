// SPDX-License-Identifier: MIT
#include "master/metrics/metrics_connection.h"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "http/whole_response.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

constexpr http::HeadLimits kLimits{.head = 8 << 10, .headers = 50};

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

void MetricsConnection::on_readable() noexcept {
    switch (state_) {
        case State::Reading:
            try {
                return read_more();
            } catch (const std::bad_alloc&) {
                return finish();
            } catch (const std::exception& error) {
                log::error("metrics: {}", error.what());
                return finish();
            }
        case State::Writing:
            return;
        case State::Waiting:
        case State::Closing:
            return read_away();
    }
}

void MetricsConnection::read_more() {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got <= 0) {
        if (got == 0 || has_failed()) {
            finish();
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
    if (!hosts_.allows(head.authority)) {
        return begin_writing(
            refusal({403, "this host is not in metrics.hosts, nor a loopback name or an address"}));
    }
    const bool get = head.method == "GET";
    if (!get && head.method != "HEAD") {
        http::WholeResponse answer =
            http::WholeResponse::line(405, "only GET and HEAD are known here");
        answer.extra_fields = "Allow: GET, HEAD\r\n";
        return begin_writing(answer.bytes(epoch()));
    }
    const Page page = pages_(head.path, head.query);
    page.later ? await(page, get) : begin_writing(format_page(page, get));
}

void MetricsConnection::await(const Page& page, bool with_body) {
    state_ = State::Waiting;
    cancel();  // whoever is asked has a patience of his own
    self_ = std::make_shared<MetricsConnection*>(this);
    const auto asked = page.later(
        [self = std::weak_ptr(self_), type = page.type, with_body](const std::string& body) {
            if (const auto asking = self.lock()) {
                (*asking)->begin_writing(format_page({.type = type, .body = body}, with_body));
            }
        });
    if (!asked) {
        begin_writing(
            format_page({.status = 404, .body = asked.error().message + "\n"}, with_body));
    }
}

void MetricsConnection::begin_writing(std::string answer) noexcept {
    state_ = State::Writing;
    send(std::move(answer));
}

// Closing with unread bytes would send a reset, which can destroy the answer in transit.
void MetricsConnection::on_written() noexcept {
    ::shutdown(fd(), SHUT_WR);
    state_ = State::Closing;
    io().watch(fd(), event::Io::kRead);
}

void MetricsConnection::read_away() noexcept {
    std::array<char, 4096> buffer;
    const ssize_t got = receive(buffer);
    if (got == 0 || (got < 0 && has_failed())) {
        finish();
    }
}

}  // namespace geventd::master
