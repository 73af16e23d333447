// SPDX-License-Identifier: MIT
#include "worker/requests/request_fields.h"

#include "http/octets.h"

namespace geventd::worker {

// The last of a repeated variable counts.
std::string_view field_of(const Request& request, std::string_view http_name,
                          std::string_view var_name) {
    if (!request.has_environ) {
        return http::header_value(request.head, http_name);
    }
    std::string_view value;
    for (const uwsgi::Var& var : request.vars.environ) {
        if (var.key == var_name) {
            value = var.value;
        }
    }
    return value;
}

std::string list_of(const Request& request, std::string_view http_name, std::string_view var_name) {
    if (request.has_environ) {
        return std::string(field_of(request, http_name, var_name));
    }
    std::string list;
    for (const http::Header& header : request.head.headers) {
        if (http::equals_ignoring_case(header.name, http_name)) {
            list.append(list.empty() ? "" : ", ").append(header.value);
        }
    }
    return list;
}

}  // namespace geventd::worker
