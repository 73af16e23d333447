// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "http/head_parser.h"
#include "uwsgi/packet.h"

namespace geventd::uwsgi {

/// What a request's variables say to the server, and those that become its environ. Views point
/// into the packet. The object is reused: reading clears it.
struct RequestVars {
    /// In the packet's order; if a key is repeated the last one counts, so set them in order.
    std::vector<Var> environ;
    std::string_view method;
    std::string_view protocol;     ///< SERVER_PROTOCOL, "" if not sent
    std::string_view request_uri;  ///< REQUEST_URI, "" if not sent
    std::string_view path_info;
    std::string_view script_name;
    std::string_view remote_addr;
    std::string_view scheme;  ///< from UWSGI_SCHEME, HTTPS, REQUEST_SCHEME in this order; or ""
    std::uint64_t content_length = 0;
    bool has_content_length = false;
    bool upgrade = false;        ///< HTTP_UPGRADE was sent
    bool about_upgrade = false;  ///< that, or HTTP_SEC_WEBSOCKET_KEY
    /// Variables by which uWSGI lets its peer load code, change directories or set the process'
    /// environment. geventd never obeys them; they are listed to tell the operator.
    std::vector<std::string_view> magic;

    /// Keeps the vectors' memory.
    void clear();
};

/// Reads the variables of one request. Left out of the environ: HTTP_CONTENT_LENGTH and
/// HTTP_CONTENT_TYPE (sent beside the CGI names), HTTP_TRANSFER_ENCODING (the web server has
/// decoded the body: CONTENT_LENGTH alone frames it), HTTP_PROXY, and keys reserved for the server
/// ("wsgi.", "uwsgi.", "geventd."). Refuses a request without REQUEST_METHOD, a CONTENT_LENGTH
/// that is no number (an empty one means no body), and HTTP_TRANSFER_ENCODING without
/// CONTENT_LENGTH, where the web server has not decoded the body. `body_limit` 0: no limit.
http::Rejection read_request_vars(std::span<const Var> vars, std::uint64_t body_limit,
                                  RequestVars& request);

}  // namespace geventd::uwsgi
