// SPDX-License-Identifier: MIT
#include "master/ctl/view/websockets_view.h"

#include <cstdint>

#include <fmt/core.h>

#include "master/ctl/view/document.h"
#include "master/ctl/view/quantities.h"
#include "master/ctl/view/requests_view.h"
#include "master/ctl/view/text_table.h"

namespace geventd::ctl {

namespace {

std::string bytes_of(const Document& value) {
    return format_bytes(static_cast<std::uint64_t>(value.number().value_or(0)));
}

}  // namespace

Result<std::string> format_websockets(std::string_view document) {
    const auto answer = Document::parse(document);
    if (!answer || !answer->is_object()) {
        return failure("the server's answer cannot be read");
    }
    using Align = TextTable::Align;
    TextTable table({{"AGE", Align::Right},
                     {"WORKER", Align::Right},
                     {"PID", Align::Right},
                     {"GEN", Align::Right},
                     {"CLIENT"},
                     {"ID"},
                     {"IN", Align::Right},
                     {"OUT", Align::Right},
                     {"RECEIVED", Align::Right},
                     {"SENT", Align::Right},
                     {"UNSENT", Align::Right},
                     {"PATH"}});
    const auto websockets = (*answer)["websockets"].objects();
    for (const Document& socket : websockets) {
        table.add({format_short_age(socket["age"]), socket["worker"].text(), socket["pid"].text(),
                   socket["generation"].text(), socket["client"].text(), socket["id"].text(),
                   socket["messages_in"].text(), socket["messages_out"].text(),
                   bytes_of(socket["bytes_in"]), bytes_of(socket["bytes_out"]),
                   bytes_of(socket["unsent"]), socket["path"].text()});
    }
    std::string text = table.format();
    const auto total = (*answer)["total"].number().value_or(0);
    if (total > static_cast<double>(websockets.size())) {
        text += fmt::format("and {} more\n", total - static_cast<double>(websockets.size()));
    }
    return text;
}

}  // namespace geventd::ctl
