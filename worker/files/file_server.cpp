// SPDX-License-Identifier: MIT
#include "worker/files/file_server.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"
#include "worker/files/choice.h"
#include "worker/files/closing.h"
#include "worker/files/look_up.h"
#include "worker/files/multipart.h"
#include "worker/files/replies.h"
#include "worker/files/tidy_path.h"
#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

using Kind = Found::Kind;

// More bytes in several parts are answered with the whole file: it need not be in memory.
constexpr std::uint64_t kMostInParts = 1 << 20;
constexpr std::size_t kMostParts = 64;
constexpr std::size_t kMostBodiesOfParts = 16;  ///< made at once

// How long a request waits for the disk. One that hangs must not hold all clients.
constexpr Duration kPatience = std::chrono::seconds(10);

// How often faults of the disk are told of.
constexpr Duration kTellingPause = std::chrono::seconds(1);

std::uint64_t total(const std::vector<http::ByteRange>& parts) {
    std::uint64_t bytes = 0;
    for (const http::ByteRange& part : parts) {
        bytes += part.size();
    }
    return bytes;
}

// An application that names a file which cannot be sent is at fault, or the configuration.
void tell_of_named(const Request& request, std::string_view why) {
    if (!request.named_file.empty()) {
        log::error("{} {}: the file that the application names in {}, {}, {}", request.head.method,
                   request.path_info, NamedFiles::header_of(request), request.named_file.substr(1),
                   why);
    }
}

bool is_read(std::string_view method) {
    return method == "GET" || method == "HEAD";
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE;
}

}  // namespace

bool FileServer::answer(Exchange& exchange) noexcept {
    try {
        const Request& request = exchange.request();
        std::string_view path = request.path_info;
        bool is_sane = true;
        if (needs_tidying(path)) {
            is_sane = tidy_path(path, tidied_);
            path = is_sane ? std::string_view(tidied_) : path;
        }
        const Placed placed = place_of(areas_, path);
        const bool reads = is_read(request.head.method);
        if (placed.area == nullptr || placed.area->root.empty() ||
            ((!reads || !is_sane) && placed.area->fallback == Area::Fallback::Application)) {
            return false;
        }
        begin(exchange);
        if (!reads) {
            refuse(exchange, 405, "files can only be read", "Allow: GET, HEAD\r\n");
        } else if (!is_sane || path.find('\0') != std::string_view::npos) {
            refuse(exchange, 400, "this path leads to no file");
        } else {
            answer_order(exchange, {*placed.area, path, placed.rest});
        }
    } catch (const std::bad_alloc&) {
        break_off(exchange);
    }
    return true;
}

// The time limit is the application's.
void FileServer::begin(Exchange& exchange) noexcept {
    Request& request = exchange.request();
    request.limit.reset();
    request.times.started = loop_.now();
}

void FileServer::refuse(Exchange& exchange, int status, std::string_view text,
                        std::string_view lines) {
    count(accounts_.slot().static_answers);
    reply(exchange, status, text, lines);
}

void FileServer::answer_named(Exchange& exchange) noexcept {
    try {
        const Request& request = exchange.request();
        const NamedFiles::Place place = named_.place_of(request.named_file);
        if (place.area == nullptr) {
            tell_of_named(request, "lies outside of what sendfile allows");
            return refuse(exchange, 404, "there is no such file");
        }
        const std::string key = fmt::format("{}:{}", place.number, place.rest);
        answer_order(exchange, {*place.area, key, place.rest});
    } catch (const std::bad_alloc&) {
        break_off(exchange);
    }
}

void FileServer::answer_order(Exchange& exchange, const Order& order) {
    if (const Shared* const known = cache_.find(order.key, loop_.now())) {
        const Shared found = *known;
        return answer_with(exchange, order, found);
    }
    look_up_later(exchange, order);
}

// One look for all paths of the area that lead to nothing.
void FileServer::answer_fallback(Exchange& exchange, const Area& area) {
    const std::string key = "fallback of " + area.prefix;
    const std::string rest = "/" + area.fallback_file;
    answer_order(exchange, {area, key, rest, true});
}

/// Looks for what is at a path.
class FileServer::LookUp final : public Errand {
  public:
    LookUp(FileServer& server, const Order& order)
        : server_(server),
          area_(order.area),
          key_(order.key),
          rest_(order.rest),
          accept_encoding_(order.accept_encoding),
          stands_in_(order.stands_in) {}

    void work() override { found_ = share(look_up(area_, rest_, accept_encoding_), server_.pool_); }

    void go_on(bool) noexcept override {
        server_.on_looked_up({area_, key_, rest_, stands_in_, accept_encoding_}, found_);
    }

  private:
    FileServer& server_;
    const Area& area_;
    std::string key_;
    std::string rest_;
    std::string accept_encoding_;
    bool stands_in_;
    Shared found_;
};

/// Reads several parts of a file.
class FileServer::Parts final : public Errand {
  public:
    Parts(FileServer& server, Exchange& exchange, Shared found, const Variant& variant,
          std::vector<http::ByteRange> parts)
        : server_(server),
          exchange_(exchange),
          found_(std::move(found)),
          variant_(variant),
          parts_(std::move(parts)),
          type_(type_of(exchange.request(), variant)),
          boundary_(make_boundary()) {
        ++server_.bodies_of_parts_;
    }

    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    ~Parts() override { --server_.bodies_of_parts_; }

    void work() override { body_ = make_multipart(variant_, parts_, type_, boundary_); }

    void go_on(bool failed) noexcept override {
        try {
            if (!failed) {
                return reply_with_parts(exchange_, variant_, std::move(body_), boundary_);
            }
        } catch (const std::bad_alloc&) {  // as if there had been no memory before
        }
        server_.break_off(exchange_);
    }

  private:
    FileServer& server_;
    Exchange& exchange_;
    Shared found_;
    const Variant& variant_;
    std::vector<http::ByteRange> parts_;
    std::string type_;
    std::string boundary_;
    std::string body_;
};

void FileServer::send(std::shared_ptr<Errand> errand) {
    pool_.run([this, errand = std::move(errand)]() mutable { mail_.serve(std::move(errand)); });
}

// Those that want what is being looked up wait for the same look.
void FileServer::look_up_later(Exchange& exchange, const Order& order) {
    const auto [place, is_new] =
        waiting_.try_emplace(std::string(order.key), Waiting{order.area, order.stands_in});
    try {
        place->second.exchanges.push_back(&exchange);
        place->second.since = is_new ? loop_.now() : place->second.since;
        timer_.start_unless_pending(2 * FileCache::kValid);
        if (is_new) {
            const Asked asked = asked_by(exchange.request());
            Order whole = order;
            whole.accept_encoding = asked.accept_encoding;
            send(std::make_shared<LookUp>(*this, whole));
        }
    } catch (const std::bad_alloc&) {
        if (is_new) {
            waiting_.erase(place);
        }
        throw;
    }
}

// Those that waited may have lost patience meanwhile.
void FileServer::on_looked_up(const Order& order, const Shared& found) noexcept {
    try {
        if (found && is_shortage(found->error) && !cache_.empty()) {
            cache_.clear();
            return send(std::make_shared<LookUp>(*this, order));
        }
    } catch (const std::bad_alloc&) {  // then that was the only try
    }
    const auto node = waiting_.extract(std::string(order.key));
    try {
        if (found) {
            cache_.put(std::string(order.key), found, loop_.now());
            timer_.start_unless_pending(2 * FileCache::kValid);
        }
    } catch (const std::bad_alloc&) {  // the next request looks again
    }
    if (!node.empty()) {
        for (Exchange* const exchange : node.mapped().exchanges) {
            answer_or_break(*exchange, order, found);
        }
    }
}

// A disk that hangs is no reason for the application's requests not to be served.
void FileServer::end_overdue() noexcept {
    static const auto silent = std::make_shared<const Found>(
        Found{.kind = Kind::Failed, .error = ETIMEDOUT, .variants = {}});
    for (auto place = waiting_.begin(); place != waiting_.end();) {
        if (loop_.now() - place->second.since < kPatience) {
            ++place;
            continue;
        }
        const auto node = waiting_.extract(place++);
        for (Exchange* const exchange : node.mapped().exchanges) {
            answer_or_break(*exchange, {node.mapped().area, node.key(), "", true}, silent);
        }
    }
}

void FileServer::answer_or_break(Exchange& exchange, const Order& order,
                                 const Shared& found) noexcept {
    try {
        if (found) {
            return answer_with(exchange, order, found);
        }
    } catch (const std::bad_alloc&) {  // as if there had been no memory before
    }
    break_off(exchange);
}

void FileServer::break_off(Exchange& exchange) noexcept {
    accounts_.out_of_memory();
    exchange.finish(false);
}

void FileServer::on_time() noexcept {
    cache_.drop_old(loop_.now());
    end_overdue();
    if (!cache_.empty() || !waiting_.empty()) {
        timer_.start(2 * FileCache::kValid);
    }
}

void FileServer::answer_with(Exchange& exchange, const Order& order, const Shared& found) {
    const Request& request = exchange.request();
    const bool is_nothing = found->kind == Kind::Missing;
    if (found->kind == Kind::Failed) {
        tell_of_failure(request, found->error);
    }
    if ((is_nothing || found->kind == Kind::Failed) &&
        order.area.fallback == Area::Fallback::Application) {
        return exchange.attempt([&exchange] { exchange.pass_on(); });
    }
    if (is_nothing && order.area.fallback == Area::Fallback::File && !order.stands_in) {
        return answer_fallback(exchange, order.area);
    }
    if (found->kind == Kind::File) {
        return answer_with_file(exchange, found);
    }
    if (found->kind == Kind::Folder && request.named_file.empty() && !order.stands_in) {
        count(accounts_.slot().static_answers);
        return reply_with_folder(exchange);
    }
    refuse_with(exchange, *found);
}

void FileServer::refuse_with(Exchange& exchange, const Found& found) {
    if (found.kind == Kind::Forbidden) {
        tell_of_named(exchange.request(), "may not be read");
        return refuse(exchange, 403, "this may not be read");
    }
    if (found.kind == Kind::Failed) {
        return refuse(exchange, found.error == ETIMEDOUT ? 504 : 500, "the file cannot be opened");
    }
    tell_of_named(exchange.request(), "is not there");
    refuse(exchange, 404, "there is no such file");
}

// A disk that fails does so for many requests at once.
void FileServer::tell_of_failure(const Request& request, int error) {
    if (loop_.now() >= next_telling_) {
        next_telling_ = loop_.now() + kTellingPause;
        log::error("{} {}: the file cannot be opened: {}", request.head.method, request.path_info,
                   errno_text(error));
    }
}

void FileServer::answer_with_file(Exchange& exchange, const Shared& found) {
    const Request& request = exchange.request();
    const Asked asked = asked_by(request);
    count(accounts_.slot().static_answers);
    const Variant& variant = found->variants[choose(found->variants, asked.accept_encoding)];
    if (!asked.has_conditions) {
        return reply_with(exchange, found, variant, nullptr);
    }
    const http::Validators validators{variant.etag, variant.modified,
                                      variant.modified < std::time(nullptr)};
    switch (http::judge(asked.conditions, validators)) {
        case http::Verdict::Failed:
            return reply(exchange, 412, "the file is another one by now");
        case http::Verdict::NotModified:
            return reply_not_modified(exchange, variant);
        case http::Verdict::Proceed:
            break;
    }
    http::Ranges ranges = http::choose_ranges(asked.conditions, validators, variant.size);
    if (!ranges.satisfiable) {
        reply(exchange, 416, "the file has no such part",
              fmt::format("Content-Range: bytes */{}\r\n", variant.size));
    } else if (ranges.parts.size() == 1) {
        reply_with(exchange, found, variant, &ranges.parts.front());
    } else if (ranges.parts.empty() || ranges.parts.size() > kMostParts ||
               total(ranges.parts) > kMostInParts || bodies_of_parts_ >= kMostBodiesOfParts) {
        reply_with(exchange, found, variant, nullptr);
    } else {
        send(std::make_shared<Parts>(*this, exchange, found, variant, std::move(ranges.parts)));
    }
}

}  // namespace geventd::worker
