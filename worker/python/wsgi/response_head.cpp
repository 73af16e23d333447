// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/response_head.h"

#include <algorithm>
#include <charconv>

#include <strings.h>

#include "http/octets.h"
#include "http/response_head.h"

namespace geventd::py {

namespace {

constexpr std::string_view kCrLf = "\r\n";

// Most heads fit, with what the server adds, so that their text is allocated once.
constexpr std::size_t kUsualHead = 384;

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

bool check_text(std::string_view text, const char* what) {
    for (const char c : text) {
        if (http::is(http::kControl, c)) {
            PyErr_Format(PyExc_ValueError, "%s holds a control character (\\x%02x)", what,
                         static_cast<unsigned char>(c));
            return false;
        }
    }
    return true;
}

bool check_quietly(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return http::is(http::kControl, c) || c == ' '; });
}

bool check_name(std::string_view name, PyObject* object) {
    bool valid = !name.empty();
    for (const char c : name) {
        valid = valid && http::is(http::kToken, c);
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

bool ResponseHead::set(const worker::Request& request, PyObject* status, PyObject* headers) {
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
    text_.reserve(kUsualHead);
    text_.assign(start_of_status_line(request));
    text_.append(line);
    if (line.size() == 3) {
        text_.append(" ").append(http::reason_phrase(code));
    }
    text_.append(kCrLf);
    count_ = static_cast<unsigned>(PyList_GET_SIZE(headers));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers); ++i) {
        PyObject* pair = PyList_GET_ITEM(headers, i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            PyErr_Format(PyExc_TypeError,
                         "each response header must be a (name, value) tuple, got %R", pair);
        } else if (add_header(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1))) {
            continue;
        }
        text_.clear();
        return false;
    }
    return true;
}

bool ResponseHead::add_header(PyObject* name_object, PyObject* value_object) {
    std::string_view name;
    std::string_view value;
    if (!latin1_view(name_object, "a header name", name) || !check_name(name, name_object) ||
        !latin1_view(value_object, "a header value", value) ||
        !check_text(value, "a header value") || !note_header(name, value)) {
        return false;
    }
    text_.append(name).append(": ").append(value).append(kCrLf);
    return true;
}

// Remembers the headers on which framing depends and refuses those that are the server's own.
bool ResponseHead::note_header(std::string_view name, std::string_view value) {
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
    if (error != std::errc() || rest != end || (has_length_ && length != length_)) {
        PyErr_Format(PyExc_ValueError, "'%.*s' is no valid Content-Length",
                     static_cast<int>(value.size()), value.data());
        return false;
    }
    has_length_ = true;
    length_ = length;
    return true;
}

}  // namespace geventd::py
