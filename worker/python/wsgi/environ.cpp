// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/environ.h"

#include <unistd.h>

#include <charconv>
#include <climits>

#include "http/environ_name.h"
#include "http/path.h"
#include "worker/python/error.h"
#include "worker/worker.h"

namespace geventd::py {

namespace {

// Names that clients choose must not fill our memory.
constexpr std::size_t kMostHeaderNames = 1024;

Ref interned(const char* text) {
    return checked(PyUnicode_InternFromString(text));
}

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = "";
    ::gethostname(name, sizeof name - 1);
    return name;
}

void set(const Ref& dict, const char* key, PyObject* value) {
    const Ref name = interned(key);
    if (PyDict_SetItem(dict.get(), name.get(), value) < 0) {
        throw_pending();
    }
}

bool put(PyObject* dict, const Ref& key, PyObject* value) {
    return value != nullptr && PyDict_SetItem(dict, key.get(), value) == 0;
}

}  // namespace

Ref latin1(std::string_view bytes) {
    return Ref::steal(
        PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

EnvironMaker::EnvironMaker(const worker::Worker& worker, const Common& common)
    : keys_{interned("REQUEST_METHOD"), interned("PATH_INFO"),       interned("QUERY_STRING"),
            interned("REQUEST_URI"),    interned("SERVER_PROTOCOL"), interned("REMOTE_ADDR"),
            interned("REMOTE_PORT"),    interned("CONTENT_LENGTH"),  interned("HTTP_HOST"),
            interned("wsgi.input")},
      empty_(interned("")),
      slash_(interned("/")),
      http10_(interned("HTTP/1.0")),
      http11_(interned("HTTP/1.1")) {
    for (const char* name : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
        methods_.emplace(name, interned(name));
    }
    for (const auto& acceptor : worker.acceptors()) {
        templates_.push_back(make_template(acceptor->listening(), common));
    }
}

Ref EnvironMaker::make_template(const worker::Listening& listening, const Common& common) const {
    const net::Address& address = listening.address;
    const bool local =
        address.family == net::Family::Unix || address.family == net::Family::Abstract;
    Ref environ = checked(PyDict_New());
    set(environ, "SCRIPT_NAME", empty_.get());
    set(environ, "SERVER_NAME", checked(latin1(host_name()).release()).get());
    set(environ, "SERVER_PORT",
        interned(local ? "80" : std::to_string(address.port).c_str()).get());
    set(environ, "wsgi.version", checked(Py_BuildValue("(ii)", 1, 0)).get());
    set(environ, "wsgi.url_scheme", interned("http").get());
    set(environ, "wsgi.errors", common.errors);
    set(environ, "wsgi.multithread", Py_True);
    set(environ, "wsgi.multiprocess", common.multiprocess ? Py_True : Py_False);
    set(environ, "wsgi.run_once", Py_False);
    set(environ, "wsgi.input_terminated", Py_True);
    return environ;
}

Ref EnvironMaker::make(const worker::Request& request, PyObject* input) {
    const std::size_t listener = request.connection->listener().index;
    Ref environ = Ref::steal(PyDict_Copy(templates_[listener].get()));
    if (!environ || !set_request_line(environ.get(), request.head) ||
        !set_peer(environ.get(), request.connection->peer()) ||
        !set_headers(environ.get(), request.head) || !put(environ.get(), keys_.input, input)) {
        return {};
    }
    return environ;
}

bool EnvironMaker::set_request_line(PyObject* environ, const http::RequestHead& head) {
    const Ref path_info = path(head.path);
    return put(environ, keys_.request_method, method(head.method).get()) &&
           put(environ, keys_.path_info, path_info.get()) &&
           put(environ, keys_.query_string, query(head.query).get()) &&
           put(environ, keys_.request_uri,
               head.target == "/" ? slash_.get() : latin1(head.target).get()) &&
           put(environ, keys_.server_protocol,
               head.version_minor == 0 ? http10_.get() : http11_.get());
}

Ref EnvironMaker::method(std::string_view name) {
    const auto known = methods_.find(std::string(name));
    return known != methods_.end() ? known->second.copy() : latin1(name);
}

Ref EnvironMaker::query(std::string_view text) {
    return text.empty() ? empty_.copy() : latin1(text);
}

Ref EnvironMaker::path(std::string_view encoded) {
    if (encoded == "/") {
        return slash_.copy();
    }
    if (encoded.find('%') == std::string_view::npos) {
        return latin1(encoded);
    }
    decoded_.clear();
    http::decode_path(encoded, decoded_);
    return latin1(decoded_);
}

bool EnvironMaker::set_peer(PyObject* environ, const worker::Peer& peer) {
    if (peer.kind == worker::Peer::Kind::Unix) {
        return put(environ, keys_.remote_addr, empty_.get());
    }
    worker::Peer host = peer;
    host.port = 0;
    PeerText& entry = peers_[(host.bytes[3] ^ host.bytes[15]) % peers_.size()];
    if (!entry.host || entry.peer != host) {
        entry = {host, latin1(host.host())};
    }
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), peer.port);
    return put(environ, keys_.remote_addr, entry.host.get()) &&
           put(environ, keys_.remote_port,
               latin1({digits.data(), static_cast<std::size_t>(end.ptr - digits.data())}).get());
}

const EnvironMaker::HeaderName* EnvironMaker::header_name(std::string_view name) {
    const auto known = header_names_.find(name);
    if (known != header_names_.end()) {
        return &known->second;
    }
    HeaderName entry;
    if (const auto key = http::header_to_environ_name(name)) {
        entry.key = latin1(*key);
        if (!entry.key) {
            return nullptr;
        }
        entry.cookie = *key == "HTTP_COOKIE";
    }
    if (header_names_.size() >= kMostHeaderNames) {
        uncached_ = std::move(entry);
        return &uncached_;
    }
    PyObject* key = entry.key.release();
    PyUnicode_InternInPlace(&key);
    entry.key = Ref::steal(key);
    return &header_names_.emplace(name, std::move(entry)).first->second;
}

bool EnvironMaker::set_headers(PyObject* environ, const http::RequestHead& head) {
    for (const http::Header& header : head.headers) {
        const HeaderName* name = header_name(header.name);
        if (name == nullptr || (name->key && !set_header(environ, *name, header.value))) {
            return false;
        }
    }
    if (head.has_content_length) {
        const Ref length = latin1(std::to_string(head.content_length));
        if (!put(environ, keys_.content_length, length.get())) {
            return false;
        }
    }
    // The authority of an absolute-form target replaces the Host field (RFC 9112 3.2.2).
    return head.target.empty() || head.target.front() == '/' || head.authority.empty() ||
           put(environ, keys_.http_host, latin1(head.authority).get());
}

// A header that was sent more than once is joined, as RFC 9110 5.3 and (cookies) RFC 6265 5.4 want.
bool EnvironMaker::set_header(PyObject* environ, const HeaderName& name, std::string_view value) {
    const Ref text = latin1(value);
    PyObject* present = text ? PyDict_SetDefault(environ, name.key.get(), text.get()) : nullptr;
    if (present == nullptr || present == text.get()) {
        return present != nullptr;
    }
    const Ref joined =
        Ref::steal(PyUnicode_FromFormat(name.cookie ? "%U; %U" : "%U, %U", present, text.get()));
    return put(environ, name.key, joined.get());
}

}  // namespace geventd::py
