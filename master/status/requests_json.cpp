// SPDX-License-Identifier: MIT
#include "master/status/requests_json.h"

#include <chrono>

#include <fmt/core.h>

#include "log/escape.h"

namespace geventd::master {

namespace {

std::string quoted(const std::string& text) {
    return fmt::format("\"{}\"", log::escape_json(text));
}

std::string core_of(const shm::RequestTable::Entry& request) {
    return request.core == shm::RequestTable::Entry::kNoCore ? "null"
                                                             : fmt::format("{}", request.core);
}

}  // namespace

std::string format_requests_json(const std::vector<RequestStatus>& requests, std::size_t most) {
    std::string json = "{\"requests\":[";
    std::size_t count = 0;
    for (const RequestStatus& status : requests) {
        if (count == most) {
            break;
        }
        const shm::RequestTable::Entry& request = status.request;
        json += fmt::format(
            "{}{{\"id\":{},\"age\":{:.3f},\"worker\":{},\"generation\":{},\"pid\":{},\"core\":{},"
            "\"computes\":{},\"client\":{},\"method\":{},\"path\":{}}}",
            count++ == 0 ? "" : ",", quoted(request.id),
            std::chrono::duration<double>(status.age).count(), status.worker, status.generation,
            status.pid, core_of(request), request.computes,
            request.client.empty() ? "null" : quoted(request.client), quoted(request.method),
            quoted(request.path));
    }
    return json + fmt::format("],\"total\":{}}}", requests.size());
}

}  // namespace geventd::master
