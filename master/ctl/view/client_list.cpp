// SPDX-License-Identifier: MIT
#include "master/ctl/view/client_list.h"

#include <utility>

#include <fmt/core.h>

#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

Result<std::string> format_client_list(std::string_view document, const ClientList& list) {
    const auto answer = Document::parse(document);
    if (!answer || !answer->is_object()) {
        return failure("the server's answer cannot be read");
    }
    using Align = TextTable::Align;
    std::vector<TextTable::Column> columns{{"AGE", Align::Right},
                                           {"WORKER", Align::Right},
                                           {"PID", Align::Right},
                                           {"GEN", Align::Right},
                                           {"CLIENT"},
                                           {"ID"}};
    columns.insert(columns.end(), list.columns.begin(), list.columns.end());
    TextTable table(std::move(columns));
    const auto entries = (*answer)[list.name].objects();
    for (const Document& entry : entries) {
        std::vector<std::string> row{format_short_age(entry["age"].number()),
                                     entry["worker"].text(),
                                     entry["pid"].text(),
                                     entry["generation"].text(),
                                     entry["client"].text(),
                                     entry["id"].text()};
        for (std::string& cell : list.cells(entry)) {
            row.push_back(std::move(cell));
        }
        table.add(std::move(row));
    }
    std::string text = table.format();
    const auto total = (*answer)["total"].number().value_or(0);
    if (total > static_cast<double>(entries.size())) {
        text += fmt::format("and {} more\n", total - static_cast<double>(entries.size()));
    }
    return text;
}

}  // namespace geventd::ctl
