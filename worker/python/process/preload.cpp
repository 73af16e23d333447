// SPDX-License-Identifier: MIT
#include "worker/python/process/preload.h"

#include <exception>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/process/to_master.h"

namespace geventd::py {

namespace {

std::set<int> silent_pipes(const Interpreter& python) {
    const Ref fds = python.call("silent_pipes");
    std::set<int> pipes;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(fds.get()); ++i) {
        const int fd = static_cast<int>(PyLong_AsLong(PyList_GET_ITEM(fds.get(), i)));
        if (fd == -1 && PyErr_Occurred() != nullptr) {
            throw_pending();
        }
        pipes.insert(fd);
    }
    return pipes;
}

void add_private_things(const Interpreter& python, std::vector<std::string>& found) {
    const Ref names = python.call("private_things");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
        found.push_back(shown_text(PyList_GET_ITEM(names.get(), i)));
    }
}

}  // namespace

// The peers of the connections and the names of what cannot be shared otherwise, for the log.
std::string Preload::left_open(const Interpreter& python) const {
    std::vector<std::string> found;
    try {
        found = fresh_.peers(silent_pipes(python));
        add_private_things(python, found);
    } catch (const std::exception& error) {
        log::warning("whether the application has left connections open cannot be seen: {}",
                     error.what());
    }
    return fmt::format("{}", fmt::join(found, ", "));
}

bool Preload::can_be_forked(const Interpreter& python, const config::App& app,
                            ipc::Channel& channel) const {
    const std::string peers = left_open(python);
    if (!peers.empty()) {
        tell(channel, ipc::MessageType::Connected, peers);
    }
    return app.preload == config::Preload::Always ||
           (app.preload == config::Preload::Auto && peers.empty());
}

}  // namespace geventd::py
