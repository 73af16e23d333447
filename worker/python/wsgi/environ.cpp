// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/environ.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstring>

#include "base/version.h"
#include "http/environ_name.h"
#include "worker/python/base/error.h"
#include "worker/python/base/uwsgi_version.h"
#include "worker/serve/worker.h"

namespace geventd::py {

namespace {

// How many names are kept: clients choose them and must not fill our memory.
constexpr std::size_t kMostHeaderNames = 1024;

// The same for the length of values.
constexpr std::size_t kMostKeptValue = 256;

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

// Whether the text consists of exactly these characters.
bool holds(PyObject* text, std::string_view bytes) {
    return static_cast<std::size_t>(PyUnicode_GET_LENGTH(text)) == bytes.size() &&
           std::memcmp(PyUnicode_1BYTE_DATA(text), bytes.data(), bytes.size()) == 0;
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
    : keys_{.request_method = interned("REQUEST_METHOD"),
            .path_info = interned("PATH_INFO"),
            .query_string = interned("QUERY_STRING"),
            .request_uri = interned("REQUEST_URI"),
            .raw_uri = interned("RAW_URI"),
            .server_protocol = interned("SERVER_PROTOCOL"),
            .remote_addr = interned("REMOTE_ADDR"),
            .remote_port = interned("REMOTE_PORT"),
            .content_length = interned("CONTENT_LENGTH"),
            .content_type = interned("CONTENT_TYPE"),
            .http_host = interned("HTTP_HOST"),
            .input = interned("wsgi.input"),
            .early_hints = interned("wsgi.early_hints"),
            .script_name = interned("SCRIPT_NAME"),
            .scheme = interned("wsgi.url_scheme"),
            .server_port = interned("SERVER_PORT"),
            .request_id = interned("geventd.request_id"),
            .core = interned("uwsgi.core")},
      empty_(interned("")),
      slash_(interned("/")),
      http10_(interned("HTTP/1.0")),
      http11_(interned("HTTP/1.1")),
      http_(interned("http")),
      https_(interned("https")) {
    for (const char* name : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
        methods_.emplace(name, interned(name));
    }
    for (const auto& acceptor : worker.gate().acceptors()) {
        templates_.push_back(make_template(acceptor->listening(), common));
    }
}

Ref EnvironMaker::make_template(const worker::Listening& listening, const Common& common) const {
    const net::Address& address = listening.address;
    const bool local =
        address.family == net::Family::Unix || address.family == net::Family::Abstract;
    const std::string host = host_name();
    Ref environ = checked(PyDict_New());
    set(environ, "SCRIPT_NAME", empty_.get());
    set(environ, "PATH_INFO", empty_.get());
    if (address.protocol == net::Protocol::Http) {
        set(environ, "SERVER_NAME", checked(latin1(host).release()).get());
        set(environ, "SERVER_PORT",
            interned(local ? address.tls ? "443" : "80" : std::to_string(address.port).c_str())
                .get());
        // The value of most requests; others replace it.
        set(environ, "REQUEST_METHOD", methods_.at("GET").get());
        set(environ, "QUERY_STRING", empty_.get());
        set(environ, "SERVER_PROTOCOL", http11_.get());
    }
    set(environ, "wsgi.version", checked(Py_BuildValue("(ii)", 1, 0)).get());
    set(environ, "wsgi.url_scheme", interned(address.tls ? "https" : "http").get());
    set(environ, "wsgi.errors", common.errors);
    set(environ, "wsgi.file_wrapper", common.file_wrapper);
    set(environ, "wsgi.multithread", Py_True);
    set(environ, "wsgi.multiprocess", common.multiprocess ? Py_True : Py_False);
    set(environ, "wsgi.run_once", Py_False);
    set(environ, "wsgi.input_terminated", Py_True);
    set(environ, "geventd.version", checked(latin1(kVersion).release()).get());
    set(environ, "uwsgi.version", checked(PyBytes_FromString(kUwsgiVersion)).get());
    set(environ, "uwsgi.node", checked(PyBytes_FromString(host.c_str())).get());
    return environ;
}

Ref EnvironMaker::make(const worker::Request& request, const Own& own, std::size_t prefix) {
    const std::size_t listener = request.exchange->client().listener.index;
    Ref environ = Ref::steal(PyDict_Copy(templates_[listener].get()));
    if (!environ) {
        return {};
    }
    const bool filled =
        request.has_environ ? set_given(environ.get(), request) : set_http(environ.get(), request);
    const Ref core = Ref::steal(PyLong_FromUnsignedLong(request.core));
    if (!filled || !set_path(environ.get(), request, prefix) ||
        !put(environ.get(), keys_.core, core.get()) ||
        !put(environ.get(), keys_.request_id, latin1(request.id).get()) ||
        !put(environ.get(), keys_.input, own.input) ||
        !put(environ.get(), keys_.early_hints, own.early_hints)) {
        return {};
    }
    return environ;
}

bool EnvironMaker::set_http(PyObject* environ, const worker::Request& request) {
    return set_request_line(environ, request) && set_peer(environ, *request.exchange) &&
           set_headers(environ, request.head) && set_secured(environ, *request.exchange) &&
           set_forwarded(environ, request);
}

// After the headers: no client can name such a variable, whose names do not begin with HTTP_.
bool EnvironMaker::set_secured(PyObject* environ, const worker::Exchange& exchange) {
    const auto* secured = exchange.client().secured.get();
    if (secured == nullptr) {
        return true;
    }
    return std::all_of(secured->begin(), secured->end(), [&](const auto& variable) {
        const Ref* key = var_key(variable.first);
        return key != nullptr && put(environ, *key, latin1(variable.second).get());
    });
}

bool EnvironMaker::set_request_line(PyObject* environ, const worker::Request& request) {
    const http::RequestHead& head = request.head;
    const Ref target = head.target == "/" ? slash_.copy() : latin1(head.target);
    return (head.method == "GET" ||
            put(environ, keys_.request_method, method(head.method).get())) &&
           (head.query.empty() || put(environ, keys_.query_string, latin1(head.query).get())) &&
           put(environ, keys_.request_uri, target.get()) &&
           put(environ, keys_.raw_uri, target.get()) &&
           (head.version_minor != 0 || put(environ, keys_.server_protocol, http10_.get()));
}

bool EnvironMaker::set_path(PyObject* environ, const worker::Request& request, std::size_t prefix) {
    const std::string_view path = request.path_info;
    const std::string_view mount = path.substr(0, prefix);
    if (!mount.empty() || !request.client.prefix.empty()) {
        const Ref script_name = request.client.prefix.empty()
                                    ? latin1(mount)
                                    : latin1(request.client.prefix + std::string(mount));
        if (!put(environ, keys_.script_name, script_name.get())) {
            return false;
        }
    }
    const std::string_view rest = path.substr(prefix);
    return put(environ, keys_.path_info, rest == "/" ? slash_.get() : latin1(rest).get());
}

// Sets the variables as the web server sent them. The last of a repeated key wins. RAW_URI is
// gunicorn's name for REQUEST_URI.
bool EnvironMaker::set_given(PyObject* environ, const worker::Request& request) {
    for (const uwsgi::Var& var : request.vars.environ) {
        const Ref* key = var_key(var.key);
        const Ref value = latin1(var.value);
        if (key == nullptr || !put(environ, *key, value.get())) {
            return false;
        }
    }
    PyObject* const uri = PyDict_GetItemWithError(environ, keys_.request_uri.get());
    if (uri == nullptr ? PyErr_Occurred() != nullptr
                       : PyDict_SetDefault(environ, keys_.raw_uri.get(), uri) == nullptr) {
        return false;
    }
    return request.vars.scheme != "https" || put(environ, keys_.scheme, https_.get());
}

const Ref* EnvironMaker::var_key(std::string_view name) {
    const auto known = var_keys_.find(name);
    if (known != var_keys_.end()) {
        return &known->second;
    }
    Ref key = latin1(name);
    if (!key) {
        return nullptr;
    }
    if (var_keys_.size() >= kMostHeaderNames) {
        uncached_key_ = std::move(key);
        return &uncached_key_;
    }
    PyObject* raw = key.release();
    PyUnicode_InternInPlace(&raw);
    return &var_keys_.emplace(name, Ref::steal(raw)).first->second;
}

// Replaces the connection's client address and scheme by what trusted proxies say.
bool EnvironMaker::set_forwarded(PyObject* environ, const worker::Request& request) {
    const http::ForwardedClient& client = request.client;
    return (client.address.empty() || client.address == request.peer ||
            put(environ, keys_.remote_addr, latin1(client.address).get())) &&
           (!client.named || set_remote_port(environ, client.address_port)) &&
           set_scheme(environ, request) &&
           (client.host.empty() || put(environ, keys_.http_host, latin1(client.host).get())) &&
           (client.port.empty() || put(environ, keys_.server_port, latin1(client.port).get()));
}

// A proxy that comes by TLS may have served its client without.
bool EnvironMaker::set_scheme(PyObject* environ, const worker::Request& request) {
    const std::string_view scheme = request.client.scheme;
    if (scheme == "https") {
        return put(environ, keys_.scheme, https_.get());
    }
    if (scheme != "http" || request.exchange->client().secured == nullptr) {
        return true;
    }
    const Ref* https = var_key("HTTPS");
    return https != nullptr && put(environ, keys_.scheme, http_.get()) &&
           PyDict_DelItem(environ, https->get()) == 0;
}

// The port of the connection is that of the proxy. Most proxies do not tell that of their client.
bool EnvironMaker::set_remote_port(PyObject* environ, std::string_view port) const {
    if (!port.empty()) {
        return put(environ, keys_.remote_port, latin1(port).get());
    }
    const int there = PyDict_Contains(environ, keys_.remote_port.get());
    return there == 0 || (there == 1 && PyDict_DelItem(environ, keys_.remote_port.get()) == 0);
}

Ref EnvironMaker::method(std::string_view name) {
    const auto known = methods_.find(name);
    return known != methods_.end() ? known->second.copy() : latin1(name);
}

bool EnvironMaker::set_peer(PyObject* environ, const worker::Exchange& exchange) {
    if (const http::ProxyHeader* proxied = exchange.client().proxied.get()) {
        return put(environ, keys_.remote_addr, latin1(proxied->source.address).get()) &&
               (proxied->source.port == 0 ||  // a unix socket has none
                put(environ, keys_.remote_port,
                    latin1(std::to_string(proxied->source.port)).get())) &&
               (!proxied->tls || put(environ, keys_.scheme, https_.get()));
    }
    const worker::Peer& peer = exchange.client().peer;
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

EnvironMaker::HeaderName* EnvironMaker::header_name(std::string_view name) {
    const auto at = [name](std::size_t i) -> std::size_t {
        return static_cast<unsigned char>(name[i]);
    };
    const std::size_t size = name.size();
    const std::size_t mix = size * 31 + at(0) * 7 + at(size / 2) * 3 + at(size - 1);
    KnownName& place = known_names_[mix % known_names_.size()];
    if (place.name == name) {
        return place.entry;
    }
    HeaderName* entry = find_header_name(name);
    if (entry != nullptr && entry != &uncached_) {
        place = {header_names_.find(name)->first, entry};
    }
    return entry;
}

EnvironMaker::HeaderName* EnvironMaker::find_header_name(std::string_view name) {
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
        HeaderName* name = header_name(header.name);
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

Ref EnvironMaker::header_value(HeaderName& name, std::string_view value) {
    if (name.value && holds(name.value.get(), value)) {
        return name.value.copy();
    }
    Ref text = latin1(value);
    if (text && value.size() <= kMostKeptValue) {
        name.value = text.copy();
    }
    return text;
}

// Joins the values of a repeated header, as RFC 9110 5.3 and (cookies) RFC 6265 5.4 demand.
bool EnvironMaker::set_header(PyObject* environ, HeaderName& name, std::string_view value) {
    const Ref text = header_value(name, value);
    const Py_ssize_t before = PyDict_Size(environ);
    PyObject* present = text ? PyDict_SetDefault(environ, name.key.get(), text.get()) : nullptr;
    // Not decided by identity: equal texts of one character are one object.
    if (present == nullptr || PyDict_Size(environ) > before) {
        return present != nullptr;
    }
    const Ref joined =
        Ref::steal(PyUnicode_FromFormat(name.cookie ? "%U; %U" : "%U, %U", present, text.get()));
    return put(environ, name.key, joined.get());
}

}  // namespace geventd::py
