// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/process/listening.h"
#include "worker/python/base/ref.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"

namespace geventd::worker {
class Worker;
}

namespace geventd::py {

/// Makes the environ of each request: a fresh dict, copied from one prepared for its listener,
/// with the request's own keys set. Names and common values are made once.
/// Lives in: worker, Python side. Functions return an empty Ref with a Python exception set.
class EnvironMaker {
  public:
    struct Common {
        PyObject* errors;           ///< wsgi.errors
        PyObject* file_wrapper;     ///< wsgi.file_wrapper
        bool multiprocess = false;  ///< more than one worker
    };

    /// One template for each listener of the worker. Throws PythonError.
    EnvironMaker(const worker::Worker& worker, const Common& common);

    /// What is made for each request.
    struct Own {
        PyObject* input;        ///< wsgi.input
        PyObject* early_hints;  ///< wsgi.early_hints
    };

    /// The environ of a request; the first `prefix` bytes of the path move from
    /// PATH_INFO to SCRIPT_NAME.
    Ref make(const worker::Request& request, const Own& own, std::size_t prefix);

  private:
    struct HeaderName {
        Ref key;  ///< HTTP_X, or CONTENT_TYPE; empty: not passed on
        bool cookie = false;
        Ref value;  ///< the last value if short: clients often repeat it
    };

    /// An entry of the cache in front of the names, which finds a request's usual names fast.
    struct KnownName {
        std::string_view name;
        HeaderName* entry = nullptr;
    };

    struct PeerText {
        worker::Peer peer;
        Ref host;
    };

    Ref make_template(const worker::Listening& listening, const Common& common) const;
    bool set_http(PyObject* environ, const worker::Request& request);
    bool set_given(PyObject* environ, const worker::Request& request);
    bool set_request_line(PyObject* environ, const worker::Request& request);
    bool set_path(PyObject* environ, const worker::Request& request, std::size_t prefix);
    bool set_peer(PyObject* environ, const worker::Exchange& exchange);
    bool set_forwarded(PyObject* environ, const worker::Request& request);
    bool set_secured(PyObject* environ, const worker::Exchange& exchange);
    bool set_scheme(PyObject* environ, const worker::Request& request);
    [[nodiscard]] bool set_remote_port(PyObject* environ, std::string_view port) const;
    const Ref* var_key(std::string_view name);
    bool set_headers(PyObject* environ, const http::RequestHead& head);
    static bool set_header(PyObject* environ, HeaderName& name, std::string_view value);
    static Ref header_value(HeaderName& name, std::string_view value);
    HeaderName* header_name(std::string_view name);
    HeaderName* find_header_name(std::string_view name);
    Ref method(std::string_view name);

    struct Keys {
        Ref request_method, path_info, query_string, request_uri, raw_uri, server_protocol,
            remote_addr, remote_port, content_length, content_type, http_host, input, early_hints,
            script_name, scheme, server_port, request_id, core;
    };

    Keys keys_;
    Ref empty_, slash_, http10_, http11_, http_, https_;
    std::vector<Ref> templates_;

    struct StringHash {
        using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name

        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };

    std::unordered_map<std::string, Ref, StringHash, std::equal_to<>> methods_;
    std::unordered_map<std::string, HeaderName, StringHash, std::equal_to<>> header_names_;
    std::array<KnownName, 256> known_names_;
    std::unordered_map<std::string, Ref, StringHash, std::equal_to<>> var_keys_;
    HeaderName uncached_;
    Ref uncached_key_;
    std::array<PeerText, 64> peers_;
};

/// Bytes as a str of Latin-1 characters, as WSGI wants them.
Ref latin1(std::string_view bytes);

}  // namespace geventd::py
