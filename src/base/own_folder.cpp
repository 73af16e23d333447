// SPDX-License-Identifier: MIT
#include "base/own_folder.h"

#include <filesystem>
#include <system_error>

namespace geventd {

const std::string& own_folder() {
    static const std::string folder = [] {
        std::error_code no_proc;
        return std::filesystem::read_symlink("/proc/self/exe", no_proc).parent_path().string();
    }();
    return folder;
}

}  // namespace geventd
