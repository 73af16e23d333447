// SPDX-License-Identifier: MIT
// FileServer: what it needs of the system, and its begin and end.
#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"
#include "net/rlimit.h"
#include "worker/files/file_server.h"
#include "worker/files/opening.h"

namespace geventd::worker {

namespace {

void require_kernel() {
    if (const int error = try_opening_below(); error != 0) {
        throw std::runtime_error(fmt::format(
            "static and sendfile need the system call openat2 (Linux 5.6, and a container runtime "
            "that allows it): {}",
            errno_text(error)));
    }
}

void warn_of_root(const std::string& root, const std::string& where) {
    if (const int error = open_folder(root).error; error != 0) {
        log::warning(
            "the directory {} of {} cannot be opened: {}; as long as that is so, there are "
            "no files",
            root, where, errno_text(error));
    }
}

// Most descriptors are the application's and its clients'.
FileCache::Bounds cache_bounds() {
    FileCache::Bounds bounds;
    bounds.files = std::min<std::size_t>(bounds.files, net::raise_nofile(0) / 8);
    return bounds;
}

}  // namespace

FileServer::FileServer(event::Loop& loop, event::DeadlineClock& clock, Accounts& accounts,
                       const config::Settings& settings, bool warns)
    : loop_(loop),
      accounts_(accounts),
      areas_(static_areas(settings.static_files)),
      named_(settings.sendfile),
      cache_(cache_bounds()),
      timer_(clock),
      mail_([this] { loop_.wake(); }),
      transfers_(pool_, [this] { loop_.wake(); }) {
    timer_.bind<&FileServer::on_time>(this);
    if (has_paths() || takes_names()) {
        require_kernel();
    }
    for (const config::StaticFiles& entry : settings.static_files) {
        if (warns && !entry.root.empty()) {
            warn_of_root(entry.root, "static, path " + entry.path);
        }
    }
    for (const config::Sendfile& entry : settings.sendfile) {
        if (warns) {
            warn_of_root(entry.root, "sendfile");
        }
    }
}

FileServer::~FileServer() {
    transfers_.end();
}

}  // namespace geventd::worker
