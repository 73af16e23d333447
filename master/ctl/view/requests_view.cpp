// SPDX-License-Identifier: MIT
#include "master/ctl/view/requests_view.h"

#include <fmt/core.h>

#include "master/ctl/view/quantities.h"
#include "master/ctl/view/text_table.h"

namespace geventd::ctl {

namespace {

const char* state_of(const Document& request) {
    if (request["core"].is_null()) {
        return "waits";
    }
    return request["computes"].text() == "true" ? "computes" : "runs";
}

}  // namespace

Result<std::string> format_requests(std::string_view document) {
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
                     {"STATE"},
                     {"REQUEST"}});
    const auto requests = (*answer)["requests"].objects();
    for (const Document& request : requests) {
        table.add({format_short_age(request["age"]), request["worker"].text(),
                   request["pid"].text(), request["generation"].text(), request["client"].text(),
                   request["id"].text(), state_of(request),
                   request["method"].text() + " " + request["path"].text()});
    }
    std::string text = table.format();
    const auto total = (*answer)["total"].number().value_or(0);
    if (total > static_cast<double>(requests.size())) {
        text += fmt::format("and {} more\n", total - static_cast<double>(requests.size()));
    }
    return text;
}

std::string format_short_age(const Document& age) {
    const auto seconds = age.number();
    if (!seconds) {
        return "-";
    }
    return *seconds < 10 ? fmt::format("{:.1f}s", *seconds) : format_age(*seconds);
}

}  // namespace geventd::ctl
