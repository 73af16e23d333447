// SPDX-License-Identifier: MIT
#include "master/process/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

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

}  // namespace geventd::master
