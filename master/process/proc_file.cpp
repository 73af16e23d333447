// SPDX-License-Identifier: MIT
#include "master/process/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include <fmt/core.h>

#include "base/fd.h"

namespace geventd::master {

std::array<char, 128> read_proc_file(pid_t pid, std::string_view name) noexcept {
    std::array<char, 128> text{};
    const UniqueFd file = UniqueFd::adopt(
        ::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) {
        text[0] = '\0';
    }
    return text;
}

// The process name in parentheses comes first; it may contain any characters, at most 15.
char process_state(pid_t pid) noexcept {
    const auto text = read_proc_file(pid, "stat");
    const char* name_end = std::strrchr(text.data(), ')');
    return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : '\0';
}

}  // namespace geventd::master
