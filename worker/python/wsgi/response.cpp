// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/response.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <strings.h>

#include "http/response_head.h"
#include "log/logger.h"

namespace geventd::py {

namespace {

constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::int64_t kUnknown = -1;

// One sendfile call may hold the hub for about this much.
constexpr std::size_t kFilePiece = 1 << 20;

iovec part(std::string_view bytes) {
    // sendmsg only reads what an iovec points to.
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
}

bool equals(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// A str as the Latin-1 bytes that WSGI means by it. Views die with the object.
bool latin1_view(PyObject* object, const char* what, std::string_view& view) {
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, not %.100s", what,
                     Py_TYPE(object)->tp_name);
        return false;
    }
    if (PyUnicode_READY(object) < 0) {
        return false;
    }
    if (PyUnicode_KIND(object) != PyUnicode_1BYTE_KIND) {
        PyErr_Format(PyExc_ValueError, "%s must hold Latin-1 characters only, got %R", what,
                     object);
        return false;
    }
    view = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(object)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
    return true;
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

bool check_text(std::string_view text, const char* what) {
    for (const char c : text) {
        if (is_control(c)) {
            PyErr_Format(PyExc_ValueError, "%s holds a control character (\\x%02x)", what,
                         static_cast<unsigned char>(c));
            return false;
        }
    }
    return true;
}

bool check_quietly(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) || c == ' '; });
}

bool is_token_char(char c) {
    static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
}

bool check_name(std::string_view name, PyObject* object) {
    bool valid = !name.empty();
    for (const char c : name) {
        valid = valid && is_token_char(c);
    }
    if (!valid) {
        PyErr_Format(PyExc_ValueError, "%R is no valid header name", object);
    }
    return valid;
}

bool is_hop_by_hop(std::string_view name) {
    for (const std::string_view hop :
         {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
          "transfer-encoding", "upgrade"}) {
        if (equals(name, hop)) {
            return true;
        }
    }
    return false;
}

// A uwsgi peer gets the protocol back that it named (uWSGI's habit, which web servers rely on).
std::string start_of_status_line(const worker::Request& request) {
    if (request.protocol == net::Protocol::Http) {
        return "HTTP/1.1 ";
    }
    const std::string_view named = request.vars.protocol;
    const bool sane = named.substr(0, 5) == "HTTP/" && named.size() <= 8 && check_quietly(named);
    return (sane ? std::string(named) : "HTTP/1.0") + " ";
}

}  // namespace

int parse_status(std::string_view text) {
    int status = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, status);
    if (error != std::errc() || rest != text.data() + 3 || status < 100 ||
        (rest != end && *rest != ' ')) {
        PyErr_SetString(PyExc_ValueError,
                        "the status must be three digits, a space and a reason, like '200 OK'");
        return 0;
    }
    return status;
}

bool Response::set_head(PyObject* status, PyObject* headers) {
    std::string_view line;
    if (!latin1_view(status, "the status", line) || !check_text(line, "the status")) {
        return false;
    }
    const int code = parse_status(line);
    if (code == 0) {
        return false;
    }
    if (!PyList_Check(headers)) {
        PyErr_Format(PyExc_TypeError, "the response headers must be a list, not %.100s",
                     Py_TYPE(headers)->tp_name);
        return false;
    }
    status_ = code;
    has_length_ = has_date_ = false;
    head_.assign(start_of_status_line(*request_));
    head_.append(line);
    if (line.size() == 3) {
        head_.append(" ").append(http::reason_phrase(code));
    }
    head_.append(kCrLf);
    request_->answer_headers = static_cast<unsigned>(PyList_GET_SIZE(headers));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers); ++i) {
        PyObject* pair = PyList_GET_ITEM(headers, i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_Format(PyExc_TypeError,
                         "each response header must be a (name, value) tuple, got %R", pair);
        } else if (add_header(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1))) {
            continue;
        }
        head_.clear();
        return false;
    }
    return true;
}

bool Response::add_header(PyObject* name_object, PyObject* value_object) {
    std::string_view name;
    std::string_view value;
    if (!latin1_view(name_object, "a header name", name) || !check_name(name, name_object) ||
        !latin1_view(value_object, "a header value", value) ||
        !check_text(value, "a header value") || !note_header(name, value)) {
        return false;
    }
    head_.append(name).append(": ").append(value).append(kCrLf);
    return true;
}

// Remembers the headers on which framing depends and refuses those that are the server's own.
bool Response::note_header(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 2:
        case 7:
        case 10:
        case 17:
        case 18:
        case 19:
            if (is_hop_by_hop(name)) {
                PyErr_Format(PyExc_ValueError,
                             "the hop-by-hop header '%.*s' is the server's business (PEP 3333)",
                             static_cast<int>(name.size()), name.data());
                return false;
            }
            return true;
        case 4:
            has_date_ = has_date_ || equals(name, "date");
            return true;
        case 14:
            break;
        default:
            return true;
    }
    if (!equals(name, "content-length")) {
        return true;
    }
    const char* const end = value.data() + value.size();
    std::uint64_t length = 0;
    const auto [rest, error] = std::from_chars(value.data(), end, length);
    if (error != std::errc() || rest != end || (has_length_ && length != length_left_)) {
        PyErr_Format(PyExc_ValueError, "'%.*s' is no valid Content-Length",
                     static_cast<int>(value.size()), value.data());
        return false;
    }
    has_length_ = true;
    length_left_ = length;
    return true;
}

// Completes the head: how the body is delimited, Date and Connection. `known_length` is the
// length of a body that is at hand as a whole.
void Response::finish_head(std::int64_t known_length) {
    worker::Request& request = *request_;
    const http::RequestHead& asked = request.head;
    const bool bodiless_status = status_ == 204 || status_ == 304 || status_ < 200;
    const bool bodiless = asked.method == "HEAD" || bodiless_status;
    if (!has_length_ && known_length != kUnknown && !bodiless_status) {
        has_length_ = true;
        length_left_ = static_cast<std::uint64_t>(known_length);
        head_.append("Content-Length: ").append(std::to_string(known_length)).append(kCrLf);
    }
    if (bodiless) {
        framing_ = Framing::NoBody;
    } else if (has_length_) {
        framing_ = Framing::Length;
    } else if (asked.version_minor >= 1 && request.protocol == net::Protocol::Http) {
        framing_ = Framing::Chunked;
        head_.append("Transfer-Encoding: chunked\r\n");
    } else {
        framing_ = Framing::UntilClose;
        request.keep_alive = false;
    }
    if (request.protocol == net::Protocol::Uwsgi) {
        close_head();
        return;
    }
    if (!has_date_) {
        head_.append("Date: ").append(http::date_text(bridge_.worker().epoch())).append(kCrLf);
    }
    if (request.connection->last_answer() || !request.body.complete()) {
        request.keep_alive = false;
    }
    if (!request.keep_alive) {
        head_.append("Connection: close\r\n");
    } else if (asked.version_minor == 0) {
        head_.append("Connection: keep-alive\r\n");
    }
    close_head();
}

void Response::close_head() {
    head_.append(kCrLf);
    head_sent_ = true;
    request_->status = status_;
    request_->answer_head = head_.size();
    request_->first_byte = bridge_.worker().loop().now();
}

void Response::count_body(std::size_t bytes) {
    request_->answer_body += bytes;
    length_left_ -= framing_ == Framing::Length ? bytes : 0;
}

bool Response::check_open() {
    if (request_->connection == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "the response has already ended");
        return false;
    }
    if (!head_set()) {
        PyErr_SetString(PyExc_RuntimeError, "start_response was not called before the body");
        return false;
    }
    return true;
}

std::string_view Response::limit_to_length(std::string_view bytes) {
    if (framing_ != Framing::Length || bytes.size() <= length_left_) {
        return bytes;
    }
    if (!overlong_) {
        overlong_ = true;
        log::warning("{} {}: the body is longer than its Content-Length; the rest is dropped",
                     request_->head.method, request_->head.path);
    }
    return bytes.substr(0, length_left_);
}

bool Response::await_send(std::string_view bytes) {
    if (!check_open()) {
        return false;
    }
    if (bytes.empty()) {
        return true;
    }
    std::array<iovec, 4> parts{};
    std::size_t count = 0;
    if (!head_sent_) {
        finish_head(kUnknown);
        parts[count++] = part(head_);
    }
    bytes = limit_to_length(bytes);
    if (framing_ == Framing::Chunked) {
        const auto line =
            std::to_chars(chunk_line_.data(), chunk_line_.data() + 16, bytes.size(), 16);
        *line.ptr = '\r';
        *(line.ptr + 1) = '\n';
        parts[count++] = {chunk_line_.data(),
                          static_cast<std::size_t>(line.ptr + 2 - chunk_line_.data())};
        parts[count++] = part(bytes);
        parts[count++] = part(kCrLf);
        count_body(bytes.size());
    } else if (framing_ != Framing::NoBody && !bytes.empty()) {
        parts[count++] = part(bytes);
        count_body(bytes.size());
    }
    return count == 0 || await_write(std::span(parts).first(count));
}

bool Response::await_send_all(std::span<PyObject* const> bytes_objects) {
    if (!check_open()) {
        return false;
    }
    std::size_t total = 0;
    for (PyObject* object : bytes_objects) {
        total += static_cast<std::size_t>(PyBytes_GET_SIZE(object));
    }
    finish_head(static_cast<std::int64_t>(total));
    std::array<iovec, 2> few{};
    std::vector<iovec> many;
    std::span<iovec> parts = few;
    if (bytes_objects.size() > 1) {
        many.resize(bytes_objects.size() + 1);
        parts = many;
    }
    std::size_t count = 0;
    parts[count++] = part(head_);
    for (PyObject* object : bytes_objects) {
        const std::string_view bytes = limit_to_length(
            {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
        if (!bytes.empty() && framing_ != Framing::NoBody) {
            parts[count++] = part(bytes);
            count_body(bytes.size());
        }
    }
    return await_write(parts.first(count));
}

bool Response::await_send_file(int file, off_t offset, std::uint64_t count) {
    if (!check_open()) {
        return false;
    }
    if (!head_sent_) {
        finish_head(static_cast<std::int64_t>(count));
        const iovec head = part(head_);
        if (!await_write({&head, 1})) {
            return false;
        }
    }
    // A file is only sent where its end needs no mark: behind a Content-Length, or up to the close.
    return framing_ == Framing::NoBody || await_file(file, offset);
}

bool Response::await_file(int file, off_t offset) {
    worker::Request& request = *request_;
    while (framing_ != Framing::Length || length_left_ > 0) {
        const off_t before = offset;
        const std::size_t most =
            framing_ == Framing::Length
                ? static_cast<std::size_t>(std::min<std::uint64_t>(length_left_, kFilePiece))
                : kFilePiece;
        switch (request.connection->send_file(file, offset, most)) {
            case worker::Connection::IoState::Done:
                if (offset == before) {
                    return true;
                }
                count_body(static_cast<std::size_t>(offset - before));
                break;
            case worker::Connection::IoState::Wait:
                request.connection->await_writable();
                if (!bridge_.await(request.writer)) {
                    return false;
                }
                if (request.connection != nullptr && !request.connection->broken()) {
                    break;
                }
                [[fallthrough]];
            case worker::Connection::IoState::Failed:
                PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
                return false;
        }
    }
    return true;
}

bool Response::await_end() {
    if (!head_sent_) {
        if (!check_open()) {
            return false;
        }
        // A body that turned out empty; the answer to a HEAD request tells no length it does not
        // know.
        finish_head(request_->head.method == "HEAD" ? kUnknown : 0);
        const iovec head = part(head_);
        return await_write({&head, 1});
    }
    if (framing_ == Framing::Chunked) {
        const iovec last = part(kLastChunk);
        return await_write({&last, 1});
    }
    return true;
}

bool Response::await_send_error(int status, std::string_view text) {
    worker::Request& request = *request_;
    if (!request.body.complete() || request.connection->last_answer()) {
        request.keep_alive = false;
    }
    head_ = http::make_simple_response(status, text, bridge_.worker().epoch(), request.keep_alive);
    if (request.head.method == "HEAD") {
        head_.resize(head_.find("\r\n\r\n") + 4);
    }
    status_ = request.status = status;
    framing_ = Framing::NoBody;
    head_sent_ = true;
    request.answer_head = head_.size();
    const iovec all = part(head_);
    return await_write({&all, 1});
}

bool Response::await_write(std::span<const iovec> parts) {
    worker::Request& request = *request_;
    if (request.connection == nullptr || request.connection->write_pending()) {
        PyErr_SetString(PyExc_RuntimeError,
                        request.connection == nullptr
                            ? "the response has already ended"
                            : "another greenlet is already writing to this response");
        return false;
    }
    auto state = request.connection->write(parts);
    while (state == worker::Connection::IoState::Wait) {
        if (!bridge_.await(request.writer)) {
            if (request.connection != nullptr) {
                request.connection->abandon_write();
            }
            return false;
        }
        if (request.connection == nullptr || request.connection->broken()) {
            state = worker::Connection::IoState::Failed;
        } else if (!request.connection->write_pending()) {
            state = worker::Connection::IoState::Done;
        }
    }
    if (state == worker::Connection::IoState::Failed) {
        PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
        return false;
    }
    return true;
}

worker::Connection::End Response::end() const {
    if (framing_ == Framing::Length && length_left_ > 0) {
        return worker::Connection::End::Aborted;
    }
    return framing_ == Framing::UntilClose ? worker::Connection::End::Last
                                           : worker::Connection::End::Complete;
}

}  // namespace geventd::py
