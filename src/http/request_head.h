// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace geventd::http {

struct Header {
    std::string_view name;   ///< as sent
    std::string_view value;  ///< without surrounding spaces and tabs
};

enum class BodyKind : std::uint8_t { None, Length, Chunked };

/// A parsed request head. All views point into the bytes that were parsed and die with them.
/// The object is reused: parsing clears it and keeps the vector's memory.
struct RequestHead {
    std::string_view method;
    std::string_view target;     ///< as sent
    std::string_view path;       ///< of the target, still percent-encoded; or "*", with OPTIONS
    std::string_view query;      ///< after the first '?', without it
    std::string_view authority;  ///< from an absolute-form target, else from the Host field
    std::vector<Header> headers;
    int version_minor = 1;  ///< HTTP/1.x
    BodyKind body = BodyKind::None;
    std::uint64_t content_length = 0;
    bool has_content_length = false;
    bool keep_alive = true;        ///< according to version and Connection
    bool expect_continue = false;  ///< 1.1 with Expect: 100-continue
    bool upgrade = false;  ///< 1.1 with Connection: upgrade, or the uwsgi variable HTTP_UPGRADE
    bool about_upgrade = false;  ///< Upgrade or Sec-WebSocket-Key was sent, whatever is missing
};

/// The value of the first header of that name, whatever its case; "" without one. REQUIRES: `lower`
/// is in lower case.
std::string_view header_value(const RequestHead& head, std::string_view lower);

}  // namespace geventd::http
