// SPDX-License-Identifier: MIT
#include "worker/files/replies.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "http/octets.h"
#include "http/status.h"
#include "worker/files/tidy_path.h"

namespace geventd::worker {

namespace {

using IoState = Exchange::IoState;

iovec part_of(std::string_view bytes) {
    // The bytes are only read: iovec has no const variant.
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
}

std::string status_line(int status) {
    return fmt::format("{} {}", status, http::reason_phrase(status));
}

// Begins a head, or changes that of an application which has named a file.
http::ResponseHead& begin(Request& request, int status) {
    http::ResponseHead& head = request.answer.head();
    if (!head.is_set()) {
        head.start(request.form.version, status == 200 ? "200 OK" : status_line(status));
    } else if (head.status() != status) {
        head.change_status(status);
    }
    return head;
}

// The application may have said what it is.
void add_content(http::ResponseHead& head, const Request& request, const Variant& variant) {
    const std::string_view all = variant.about_content;
    const bool is_said = !request.named_file.empty() && head.has("content-type");
    head.add_lines(is_said ? all.substr(all.find('\n') + 1) : all);
}

// The lines of an application that has named a file by which the client keeps its session.
std::string cookies_of(const http::ResponseHead& head) {
    constexpr std::string_view kName = "set-cookie:";
    std::string cookies;
    std::string_view rest = head.text();
    while (!rest.empty()) {
        const std::string_view line =
            rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
        if (http::equals_ignoring_case(line.substr(0, kName.size()), kName)) {
            cookies.append(line);
        }
        rest.remove_prefix(line.size());
    }
    return cookies;
}

bool is_head_request(const Request& request) {
    return request.head.method == "HEAD";
}

template <typename Shared>
std::unique_ptr<void, KeptRest::Release> owner_of(const Shared& shared) {
    constexpr auto kRelease = [](void* owner) {
        const std::unique_ptr<Shared> last(static_cast<Shared*>(owner));
    };
    return {std::make_unique<Shared>(shared).release(), kRelease};
}

// The analyzer does not know that the deleter of owner_of() deletes.
// NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks)

// Sends the head and a body in memory, which is `owner`'s. `size`: what that takes beyond what is
// in memory anyway.
template <typename Shared>
void send(Exchange& exchange, std::string_view body, const Shared& owner, std::size_t size) {
    Request& request = exchange.request();
    std::array<iovec, 2> parts{};
    std::size_t count = 1;
    if (is_head_request(request)) {
        request.answer.head().add("Content-Length", std::to_string(body.size()));
    } else if (!body.empty()) {
        parts[count++] = part_of(body);
    }
    IoState state = exchange.send_whole(std::span(parts).first(count));
    if (state == IoState::Wait && !exchange.keep({.owner = owner_of(owner), .size = size})) {
        state = IoState::Failed;
    }
    exchange.finish(state != IoState::Failed);
}

void send_file(Exchange& exchange, const std::shared_ptr<const Found>& found,
               const Variant& variant, const http::ByteRange& part) {
    Request& request = exchange.request();
    const auto first = static_cast<off_t>(part.first);
    off_t offset = first;
    IoState state = exchange.send_head(part.size());
    const bool is_warm = state == IoState::Done && part.end <= variant.warm;
    if (is_warm) {
        state = exchange.send_file(variant.file.get(), offset);
    }
    const bool has_no_more = is_warm && state == IoState::Done && offset == first;
    if (state != IoState::Failed && !has_no_more && request.answer.room() > 0 &&
        !exchange.keep({.owner = owner_of(found), .file = variant.file.get(), .offset = offset})) {
        state = IoState::Failed;
    }
    exchange.finish(state != IoState::Failed);
}

// NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

}  // namespace

void reply(Exchange& exchange, int status, std::string_view text, std::string_view lines) {
    Request& request = exchange.request();
    http::ResponseHead& head = request.answer.head();
    const bool is_of_the_file = status == 412 || status == 416;
    const std::string cookies = is_of_the_file ? cookies_of(head) : "";
    head.start(request.form.version, status_line(status));
    head.add("Content-Type", "text/plain; charset=utf-8");
    head.add_lines(cookies);
    head.add_lines(lines);
    const auto body = std::make_shared<const std::string>(fmt::format("{}\n", text));
    send(exchange, *body, body, body->size());
}

// Made of the tidy path, which cannot be mistaken for the address of another host.
void reply_with_folder(Exchange& exchange) {
    const Request& request = exchange.request();
    std::string path;
    tidy_path(request.path_info, path);
    std::string target =
        encode_path(fmt::format("{}{}{}/", request.client.prefix, request.vars.script_name, path));
    const std::string_view query = request.head.query;
    if (!query.empty() && std::none_of(query.begin(), query.end(),
                                       [](char byte) { return http::is(http::kControl, byte); })) {
        target.append("?").append(query);
    }
    reply(exchange, 301, "this is a folder", fmt::format("Location: {}\r\n", target));
}

std::string type_of(const Request& request, const Variant& variant) {
    constexpr std::string_view kName = "Content-Type: ";
    const std::string_view own = request.answer.head().text();
    const std::string_view all =
        request.answer.head().has("content-type") ? own : std::string_view(variant.about_content);
    const auto* const begin =
        std::search(all.begin(), all.end(), kName.begin(), kName.end(),
                    [](char a, char b) { return http::to_lower(a) == http::to_lower(b); });
    const std::string_view rest = all.substr(static_cast<std::size_t>(begin - all.begin()));
    const std::size_t end = rest.find("\r\n");
    return std::string(rest.substr(0, end)).substr(std::min(kName.size(), end));
}

void reply_not_modified(Exchange& exchange, const Variant& variant) {
    Request& request = exchange.request();
    begin(request, 304).add_lines(variant.about_state);
    std::array<iovec, 1> head{};
    exchange.finish(exchange.send_whole(head) != IoState::Failed);
}

void reply_with(Exchange& exchange, const std::shared_ptr<const Found>& found,
                const Variant& variant, const http::ByteRange* part) {
    Request& request = exchange.request();
    const http::ByteRange sent = part == nullptr ? http::ByteRange{0, variant.size} : *part;
    http::ResponseHead& head = begin(request, part == nullptr ? 200 : 206);
    head.add_lines(variant.about_state);
    add_content(head, request, variant);
    if (part != nullptr) {
        head.add_lines(fmt::format("Content-Range: bytes {}-{}/{}\r\n", sent.first, sent.end - 1,
                                   variant.size));
    }
    if (variant.is_held()) {
        send(exchange, std::string_view(variant.content).substr(sent.first, sent.size()), found, 0);
    } else if (is_head_request(request)) {
        head.add("Content-Length", std::to_string(sent.size()));
        std::array<iovec, 1> alone{};
        exchange.finish(exchange.send_whole(alone) != IoState::Failed);
    } else {
        send_file(exchange, found, variant, sent);
    }
}

void reply_with_parts(Exchange& exchange, const Variant& variant, std::string body,
                      std::string_view boundary) {
    Request& request = exchange.request();
    http::ResponseHead& head = begin(request, 206);
    head.add_lines(variant.about_state);
    head.take("content-type");
    head.add_lines(fmt::format("Content-Type: multipart/byteranges; boundary={}\r\n", boundary));
    if (!variant.coding.empty()) {
        head.add_lines(fmt::format("Content-Encoding: {}\r\n", variant.coding));
    }
    const auto shared = std::make_shared<const std::string>(std::move(body));
    send(exchange, *shared, shared, shared->size());
}

}  // namespace geventd::worker
