// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "master/ctl/view/document.h"
#include "master/ctl/view/text_table.h"

namespace geventd::ctl {

/// What the server lists by client, such as its requests: {NAME: [...], "total": N}.
struct ClientList {
    const char* name;
    std::vector<TextTable::Column> columns;  ///< behind those of age, worker, client and id
    std::function<std::vector<std::string>(const Document& entry)> cells;  ///< of these columns
};

/// The table of `list`, with a last line that tells how many more there are.
Result<std::string> format_client_list(std::string_view document, const ClientList& list);

}  // namespace geventd::ctl
