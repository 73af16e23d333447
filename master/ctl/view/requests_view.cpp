// SPDX-License-Identifier: MIT
#include "master/ctl/view/requests_view.h"

#include <vector>

#include "master/ctl/view/client_list.h"

namespace geventd::ctl {

namespace {

std::vector<std::string> cells_of(const Document& request) {
    return {request["core"].is_null() ? "waits" : "runs",
            request["method"].text() + " " + request["path"].text()};
}

}  // namespace

Result<std::string> format_requests(std::string_view document) {
    return format_client_list(document, {"requests", {{"STATE"}, {"REQUEST"}}, cells_of});
}

}  // namespace geventd::ctl
