// SPDX-License-Identifier: MIT
#include "master/interpreter/names_in.h"

#include <system_error>

namespace geventd::master {

std::vector<std::string> names_in(const std::filesystem::path& folder, std::size_t most) {
    std::vector<std::string> names;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(folder, failed), end;
         !failed && entry != end && names.size() < most; entry.increment(failed)) {
        names.push_back(entry->path().filename().string());
    }
    return names;
}

}  // namespace geventd::master
