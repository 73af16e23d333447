// SPDX-License-Identifier: MIT
#include "worker/files/file_server.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "http/accept_encoding.h"
#include "log/logger.h"
#include "worker/files/look_up.h"
#include "worker/files/multipart.h"
#include "worker/files/opening.h"
#include "worker/files/replies.h"
#include "worker/files/tidy_path.h"
#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

using Kind = Found::Kind;

// More bytes in several parts are answered with the whole file: it need not be in memory.
constexpr std::uint64_t kMostInParts = 1 << 20;

void require_kernel() {
    if (const int error = try_opening_below(); error != 0) {
        throw std::runtime_error(fmt::format(
            "static and sendfile need the system call openat2 (Linux 5.6, and a container runtime "
            "that allows it): {}",
            errno_text(error)));
    }
}

void warn_of_root(const std::string& root, const std::string& where) {
    if (const int error = open_folder(root).error; error != 0) {
        log::warning(
            "the directory {} of {} cannot be opened: {}; as long as that is so, there are "
            "no files",
            root, where, errno_text(error));
    }
}

// The variant that the client wants most; those first that are smaller.
const Variant& choose(const std::vector<Variant>& variants, std::string_view accept_encoding) {
    const Variant* best = &variants.front();
    if (variants.size() == 1 || accept_encoding.empty()) {
        return *best;
    }
    int most = -1;
    for (std::size_t i = 1; i < variants.size(); ++i) {
        const int quality = http::quality_of(accept_encoding, variants[i].coding);
        if (quality > most && quality > 0) {
            best = &variants[i];
            most = quality;
        }
    }
    return most >= http::quality_of(accept_encoding, "identity") ? *best : variants.front();
}

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

}  // namespace

FileServer::FileServer(event::Loop& loop, event::DeadlineClock& clock, Accounts& accounts,
                       const config::Settings& settings, bool warns)
    : loop_(loop),
      accounts_(accounts),
      areas_(static_areas(settings.static_files)),
      named_(settings.sendfile),
      timer_(clock),
      mail_([this] { loop_.wake(); }),
      transfers_(pool_, [this] { loop_.wake(); }) {
    timer_.bind<&FileServer::on_time>(this);
    if (has_paths() || takes_names()) {
        require_kernel();
    }
    for (const config::StaticFiles& entry : settings.static_files) {
        if (warns && !entry.root.empty()) {
            warn_of_root(entry.root, "static, path " + entry.path);
        }
    }
    for (const config::Sendfile& entry : settings.sendfile) {
        if (warns) {
            warn_of_root(entry.root, "sendfile");
        }
    }
}

FileServer::~FileServer() {
    transfers_.end();
}

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
            (!reads && placed.area->fallback == Area::Fallback::Application)) {
            return false;
        }
        begin(exchange);
        if (!reads) {
            reply(exchange, 405, "files can only be read", "Allow: GET, HEAD\r\n");
        } else if (!is_sane || path.find('\0') != std::string_view::npos) {
            reply(exchange, 400, "this path leads to no file");
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
    count(accounts_.slot().static_answers);
}

void FileServer::answer_named(Exchange& exchange) noexcept {
    try {
        const Request& request = exchange.request();
        const NamedFiles::Place place = named_.place_of(request.named_file);
        if (place.area == nullptr) {
            tell_of_named(request, "lies outside of what sendfile allows");
            return reply(exchange, 404, "there is no such file");
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
        return answer_with(exchange, order.area, found);
    }
    look_up_later(exchange, order);
}

/// Looks for what is at a path.
class FileServer::LookUp final : public Errand {
  public:
    LookUp(FileServer& server, const Order& order)
        : server_(server), area_(order.area), key_(order.key), rest_(order.rest) {}

    void work() override { found_ = std::make_shared<const Found>(look_up(area_, rest_)); }

    void go_on(bool) noexcept override { server_.on_looked_up(area_, key_, found_); }

  private:
    FileServer& server_;
    const Area& area_;
    std::string key_;
    std::string rest_;
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
          boundary_(make_boundary()) {}

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
    pool_.run([this, errand = std::move(errand)] { mail_.serve(errand); });
}

// Those that want what is being looked up wait for the same look.
void FileServer::look_up_later(Exchange& exchange, const Order& order) {
    const auto [place, is_new] = waiting_.try_emplace(std::string(order.key));
    try {
        place->second.push_back(&exchange);
        if (is_new) {
            send(std::make_shared<LookUp>(*this, order));
        }
    } catch (const std::bad_alloc&) {
        if (is_new) {
            waiting_.erase(place);
        }
        throw;
    }
}

void FileServer::on_looked_up(const Area& area, const std::string& key,
                              const Shared& found) noexcept {
    const auto node = waiting_.extract(key);
    if (found && found->kind != Kind::Failed) {
        try {
            cache_.put(key, found, loop_.now());
            timer_.start_unless_pending(2 * FileCache::kValid);
        } catch (const std::bad_alloc&) {  // the next request looks again
        }
    }
    for (Exchange* const exchange : node.mapped()) {
        answer_or_break(*exchange, area, found);
    }
}

void FileServer::answer_or_break(Exchange& exchange, const Area& area,
                                 const Shared& found) noexcept {
    try {
        if (found) {
            return answer_with(exchange, area, found);
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
    if (!cache_.empty()) {
        timer_.start(2 * FileCache::kValid);
    }
}

void FileServer::answer_with(Exchange& exchange, const Area& area, const Shared& found) {
    switch (found->kind) {
        case Kind::File:
            return answer_with_file(exchange, found);
        case Kind::Folder:
            if (exchange.request().named_file.empty()) {
                return reply_with_folder(exchange);
            }
            break;
        case Kind::Missing:
            break;
        case Kind::Forbidden:
            tell_of_named(exchange.request(), "may not be read");
            return reply(exchange, 403, "this may not be read");
        case Kind::Failed:
            log::error("{} {}: the file cannot be opened: {}", exchange.request().head.method,
                       exchange.request().path_info, errno_text(found->error));
            return reply(exchange, 500, "the file cannot be opened");
    }
    if (area.fallback == Area::Fallback::Application) {
        return exchange.attempt([&exchange] { exchange.pass_on(); });
    }
    tell_of_named(exchange.request(), "is not there");
    reply(exchange, 404, "there is no such file");
}

void FileServer::answer_with_file(Exchange& exchange, const Shared& found) {
    const Request& request = exchange.request();
    const Asked asked = asked_by(request);
    const Variant& variant = choose(found->variants, asked.accept_encoding);
    if (!asked.has_conditions) {
        return reply_with(exchange, found, variant, nullptr);
    }
    const http::Validators validators{variant.etag, variant.modified};
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
    } else if (ranges.parts.empty() || total(ranges.parts) > kMostInParts) {
        reply_with(exchange, found, variant, nullptr);
    } else {
        send(std::make_shared<Parts>(*this, exchange, found, variant, std::move(ranges.parts)));
    }
}

}  // namespace geventd::worker
