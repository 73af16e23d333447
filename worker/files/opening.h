// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.h"
#include "config/settings.h"

namespace geventd::worker {

/// A file that was opened, or the error.
struct Opened {
    UniqueFd fd;

    struct stat status {};

    int error = 0;
};

/// Opens a folder, to open others below it. Nothing of it can be read by that descriptor.
Opened open_folder(const std::string& path);

/// Opens a file or folder for reading. `path` is relative, and nothing leads it out of `root` but
/// links, if they may. Does not wait for the other end of a FIFO.
Opened open_below(int root, const std::string& path, config::Links links);

/// 0, or the error of a kernel that cannot open files that way.
int try_opening_below();

}  // namespace geventd::worker
