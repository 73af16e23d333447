// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/connection.h"
#include "worker/python/ref.h"
#include "worker/request.h"

namespace geventd::py {

/// Makes the environ of each request: a fresh dict, copied from one prepared for its listener,
/// with the request's own keys set. Names and common values are made once.
/// Lives in: worker, Python side. Functions return an empty Ref with a Python exception set.
class EnvironMaker {
  public:
    struct Common {
        PyObject* errors;           ///< wsgi.errors
        bool multiprocess = false;  ///< more than one worker
    };

    /// One template for each listener of the worker. Throws PythonError.
    EnvironMaker(const worker::Worker& worker, const Common& common);

    /// The environ; `input` becomes wsgi.input.
    Ref make(const worker::Request& request, PyObject* input);

  private:
    struct HeaderName {
        Ref key;  ///< HTTP_X, or CONTENT_TYPE; empty: not passed on
        bool cookie = false;
    };

    struct PeerText {
        worker::Peer peer;
        Ref host;
    };

    Ref make_template(const worker::Listening& listening, const Common& common) const;
    bool set_request_line(PyObject* environ, const http::RequestHead& head);
    bool set_peer(PyObject* environ, const worker::Peer& peer);
    bool set_headers(PyObject* environ, const http::RequestHead& head);
    bool set_header(PyObject* environ, const HeaderName& name, std::string_view value);
    const HeaderName* header_name(std::string_view name);
    Ref method(std::string_view name);
    Ref path(std::string_view encoded);
    Ref query(std::string_view text);

    struct Keys {
        Ref request_method, path_info, query_string, request_uri, server_protocol, remote_addr,
            remote_port, content_length, http_host, input;
    };

    Keys keys_;
    Ref empty_, slash_, http10_, http11_;
    std::vector<Ref> templates_;
    std::unordered_map<std::string, Ref> methods_;

    struct StringHash {
        using is_transparent = void;

        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };

    std::unordered_map<std::string, HeaderName, StringHash, std::equal_to<>> header_names_;
    HeaderName uncached_;
    std::array<PeerText, 64> peers_;
    std::string decoded_;
};

/// Bytes as a str of Latin-1 characters, as WSGI wants them.
Ref latin1(std::string_view bytes);

}  // namespace geventd::py
