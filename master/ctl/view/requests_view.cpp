// SPDX-License-Identifier: MIT
#include "master/ctl/view/requests_view.h"

#include <vector>

#include "master/ctl/view/client_list.h"

namespace geventd::ctl {

namespace {

const char* state_of(const Document& request) {
    if (request["core"].is_null()) {
        return "waits";
    }
    return request["computes"].text() == "true" ? "computes" : "runs";
}

std::vector<std::string> cells_of(const Document& request) {
    return {state_of(request), request["method"].text() + " " + request["path"].text()};
}

}  // namespace

Result<std::string> format_requests(std::string_view document) {
    return format_client_list(document, {"requests", {{"STATE"}, {"REQUEST"}}, cells_of});
}

}  // namespace geventd::ctl
