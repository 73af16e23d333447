// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/conditions.h"
#include "worker/files/found.h"
#include "worker/requests/exchange.h"

namespace geventd::worker {

// The answers to requests for files. Each ends the request, or throws std::bad_alloc; the caller
// then resets the connection, as some of the answer may have left. REQUIRES: the exchange's answer
// has not begun.

/// A status with a line of text. `lines`: whole header lines. Of the head of an application that
/// has named a file nothing stays, but its cookies with 412 and 416.
void reply(Exchange& exchange, int status, std::string_view text, std::string_view lines = {});

/// 301, to the same path with a slash at its end.
void reply_with_folder(Exchange& exchange);

/// The Content-Type of the file, or what the application says that it is.
std::string type_of(const Request& request, const Variant& variant);

/// 304.
void reply_not_modified(Exchange& exchange, const Variant& variant);

/// The file, or a part of it (null: all of it). Shares what was found as long as the client takes
/// it.
void reply_with(Exchange& exchange, const std::shared_ptr<const Found>& found,
                const Variant& variant, const http::ByteRange* part);

/// Several parts of the file. `body` has them as multipart/byteranges with this boundary.
void reply_with_parts(Exchange& exchange, const Variant& variant, std::string body,
                      std::string_view boundary);

}  // namespace geventd::worker
