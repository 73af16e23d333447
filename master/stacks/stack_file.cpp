// SPDX-License-Identifier: MIT
#include "master/stacks/stack_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "ipc/stack_signal.h"

namespace geventd::master {

namespace {

// How long the process may take to write its stack.
constexpr Duration kPatience = std::chrono::seconds(1);
constexpr std::size_t kMostStack = 64 << 10;

// Frames by which Python imports a module, of which there are five between two of an application
// that is being loaded; and those of the file that an interpreter executes as a worker.
bool is_hidden(std::string_view line) {
    return line.find("File \"<frozen importlib") != std::string_view::npos ||
           line.find(fmt::format("{}\", line ", ipc::kWorkerScript)) != std::string_view::npos;
}

// Without the frames that are hidden. A stack that has no others stays as it is.
std::string without_hidden(const std::string& stack) {
    std::string shown;
    bool has_frames = false;
    for (std::size_t begin = 0; begin < stack.size();) {
        const std::size_t end = std::min(stack.find('\n', begin), stack.size() - 1) + 1;
        const std::string_view line = std::string_view(stack).substr(begin, end - begin);
        if (!is_hidden(line)) {
            shown += line;
            has_frames = has_frames || line.find("File \"") != std::string_view::npos;
        }
        begin = end;
    }
    return has_frames ? shown : stack;
}

}  // namespace

void StackFile::open(UniqueFd&& file) {
    if (::fcntl(file.get(), F_GET_SEALS) >= 0) {
        file_ = std::move(file);
    }
}

void StackFile::expect(TimePoint now) {
    seen_ = 0;
    // If the file cannot be emptied, it shows an old stack before the new one.
    [[maybe_unused]] const int emptied = ::ftruncate(file_.get(), 0);
    due_ = now + kPatience;
}

std::optional<std::string> StackFile::look(TimePoint now) {
    std::string text = this->text();
    if (text.empty() ? now < due_ : text.size() != seen_) {
        seen_ = text.size();
        return std::nullopt;
    }
    return without_hidden(text);
}

std::string StackFile::text() const {
    std::string text(kMostStack, '\0');
    const ssize_t got = ::pread(file_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace geventd::master
