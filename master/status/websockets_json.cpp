// SPDX-License-Identifier: MIT
#include "master/status/websockets_json.h"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "log/escape.h"

namespace geventd::master {

namespace {

std::string quoted(const std::string& text) {
    return fmt::format("\"{}\"", log::escape_json(text));
}

}  // namespace

std::string format_websockets_json(const std::vector<WebSocketStatus>& websockets,
                                   std::size_t most) {
    std::string json = "{\"websockets\":[";
    const std::size_t shown = std::min(most, websockets.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const WebSocketStatus& status = websockets[i];
        const shm::RequestTable::Entry& request = status.socket.request;
        const shm::WebSocketTable::Traffic& traffic = status.socket.traffic;
        json += fmt::format(
            "{}{{\"id\":{},\"age\":{:.3f},\"worker\":{},\"generation\":{},\"pid\":{},"
            "\"client\":{},\"path\":{},\"messages_in\":{},\"messages_out\":{},\"bytes_in\":{},"
            "\"bytes_out\":{},\"unsent\":{}}}",
            i == 0 ? "" : ",", quoted(request.id),
            std::chrono::duration<double>(status.age).count(), status.worker, status.generation,
            status.pid, request.client.empty() ? "null" : quoted(request.client),
            quoted(request.path), traffic.messages_in, traffic.messages_out, traffic.bytes_in,
            traffic.bytes_out, traffic.unsent);
    }
    return json + fmt::format("],\"total\":{}}}", websockets.size());
}

}  // namespace geventd::master
