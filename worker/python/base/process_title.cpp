// SPDX-License-Identifier: MIT
#include "worker/python/base/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>

namespace geventd::py {

namespace {

// Fields 48 to 51 of /proc/self/stat, proc(5), counted from after the last parenthesis, where the
// second field ends.
constexpr int kFirstAddress = 48 - 2;

}  // namespace

bool ProcessTitle::find_place() {
    if (place_.arguments != 0) {
        return true;
    }
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::string skipped;
    for (int i = 1; i < kFirstAddress; ++i) {
        fields >> skipped;
    }
    Place place;
    fields >> place.arguments >> place.arguments_end >> place.environment >> place.environment_end;
    if (fields.fail() || place.arguments == 0 || place.arguments_end != place.environment ||
        place.environment_end <= place.arguments) {
        return false;
    }
    place_ = place;
    return true;
}

void ProcessTitle::write(std::string_view title, std::uintptr_t end) const noexcept {
    const std::span<char> area(reinterpret_cast<char*>(place_.arguments),  // NOLINT: the kernel's
                               end - place_.arguments);
    std::fill(area.begin(), area.end(), '\0');
    std::copy_n(title.begin(), std::min(title.size(), area.size() - 1), area.begin());
}

// The C library's environment points into the memory of the title: replaces its variables by
// copies. The copies are never freed, because getenv() returns pointers to them.
void ProcessTitle::move_environment() {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const auto address = reinterpret_cast<std::uintptr_t>(*entry);
        if (address >= place_.environment && address < place_.environment_end) {
            moved_.push_back(std::make_unique<std::string>(*entry));
            *entry = moved_.back()->data();
        }
    }
}

bool ProcessTitle::set(std::string_view title) {
    if (!find_place()) {
        return false;
    }
    move_environment();
    set_by_application_ = true;
    write(title, place_.environment_end);
    ::prctl(PR_SET_NAME, std::string(title.substr(0, 15)).c_str());
    return true;
}

void ProcessTitle::show(std::string_view title) {
    if (!set_by_application_ && find_place()) {
        write(title, place_.arguments_end);
    }
}

void ProcessTitle::show_in_child() noexcept {
    if (!set_by_application_ && place_.arguments != 0) {
        write(title_of_children_, place_.arguments_end);
    }
}

}  // namespace geventd::py
