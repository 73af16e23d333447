// SPDX-License-Identifier: MIT
#include "worker/python/api/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace geventd::py {

namespace {

// Field 48 of /proc/self/stat and the three after it, proc(5); the first two fields end with the
// last parenthesis.
constexpr int kFirstAddress = 48 - 2;

bool set_by_application = false;

std::string title_of_children;

std::uintptr_t limits_of_area[4];  // argv's first byte, its end, the environment's

bool find_area() {
    if (limits_of_area[0] != 0) {
        return true;
    }
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    std::string skipped;
    for (int i = 1; i < kFirstAddress; ++i) {
        fields >> skipped;
    }
    for (std::uintptr_t& limit : limits_of_area) {
        fields >> limit;
    }
    const bool found = !fields.fail() && limits_of_area[0] != 0 &&
                       limits_of_area[1] == limits_of_area[2] &&
                       limits_of_area[3] > limits_of_area[0];
    if (!found) {
        limits_of_area[0] = 0;
    }
    return found;
}

void write_title(std::string_view title, std::uintptr_t end) {
    const std::span<char> area(reinterpret_cast<char*>(limits_of_area[0]),  // NOLINT: the kernel's
                               end - limits_of_area[0]);
    std::fill(area.begin(), area.end(), '\0');
    std::copy_n(title.begin(), std::min(title.size(), area.size() - 1), area.begin());
}

// The C library's environment points into the area: gives it copies, which live on for good, as
// getenv() hands them out.
void move_environment() {
    static std::vector<std::unique_ptr<std::string>> copies;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const auto place = reinterpret_cast<std::uintptr_t>(*entry);
        if (place >= limits_of_area[2] && place < limits_of_area[3]) {
            copies.push_back(std::make_unique<std::string>(*entry));
            *entry = copies.back()->data();
        }
    }
}

}  // namespace

bool set_process_title(std::string_view title) {
    if (!find_area()) {
        return false;
    }
    move_environment();
    set_by_application = true;
    write_title(title, limits_of_area[3]);
    ::prctl(PR_SET_NAME, std::string(title.substr(0, 15)).c_str());
    return true;
}

void show_server_title(std::string_view title) {
    if (!set_by_application && find_area()) {
        write_title(title, limits_of_area[1]);
    }
}

void set_child_title(std::string title) {
    title_of_children = std::move(title);
}

void show_child_title() noexcept {
    if (!set_by_application && limits_of_area[0] != 0) {
        write_title(title_of_children, limits_of_area[1]);
    }
}

}  // namespace geventd::py
