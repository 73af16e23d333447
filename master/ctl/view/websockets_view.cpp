// SPDX-License-Identifier: MIT
#include "master/ctl/view/websockets_view.h"

#include <cstdint>
#include <vector>

#include "master/ctl/view/client_list.h"
#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

namespace {

std::string bytes_of(const Document& value) {
    return format_bytes(static_cast<std::uint64_t>(value.number().value_or(0)));
}

std::vector<std::string> cells_of(const Document& socket) {
    return {socket["messages_in"].text(), socket["messages_out"].text(),
            bytes_of(socket["bytes_in"]), bytes_of(socket["bytes_out"]),
            bytes_of(socket["unsent"]),   socket["path"].text()};
}

}  // namespace

Result<std::string> format_websockets(std::string_view document) {
    using Align = TextTable::Align;
    return format_client_list(document, {"websockets",
                                         {{"IN", Align::Right},
                                          {"OUT", Align::Right},
                                          {"RECEIVED", Align::Right},
                                          {"SENT", Align::Right},
                                          {"UNSENT", Align::Right},
                                          {"PATH"}},
                                         cells_of});
}

}  // namespace geventd::ctl
