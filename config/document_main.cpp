// SPDX-License-Identifier: MIT
//
// Writes the manual of the settings to the file that it is given; a part of the build, not of what
// is installed.
#include <cstdio>

#include "config/document.h"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: config-docs FILE\n", stderr);
        return 2;
    }
    std::FILE* file = std::fopen(argv[1], "w");
    if (file == nullptr) {
        std::perror(argv[1]);
        return 1;
    }
    const std::string page = geventd::config::configuration_page();
    const bool written = std::fwrite(page.data(), 1, page.size(), file) == page.size();
    if (std::fclose(file) != 0 || !written) {
        std::perror(argv[1]);
        return 1;
    }
    return 0;
}
