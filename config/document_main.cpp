// SPDX-License-Identifier: MIT
//
// Writes the manual of the settings to the file given as its argument, as a page of docs/ or as a
// man page. Part of the build; not installed.
#include <cstdio>
#include <string>
#include <string_view>

#include "config/document.h"

int main(int argc, char** argv) {
    const bool man = argc == 3 && std::string_view(argv[1]) == "--scdoc";
    if (argc != 2 && !man) {
        std::fputs("usage: config-docs [--scdoc] FILE\n", stderr);
        return 2;
    }
    const char* const path = argv[argc - 1];
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr) {
        std::perror(path);
        return 1;
    }
    const std::string page =
        man ? geventd::config::configuration_man_page() : geventd::config::configuration_page();
    const bool written = std::fwrite(page.data(), 1, page.size(), file) == page.size();
    if (std::fclose(file) != 0 || !written) {
        std::perror(path);
        return 1;
    }
    return 0;
}
