// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "worker/python/base/ref.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// The loaded WSGI applications: that of app.module, and those of app.mounts with their prefixes.
/// Loaded once in the template or worker; all live in the one interpreter.
/// Lives in: template, worker.
class Applications {
  public:
    struct Choice {
        PyObject* callable = nullptr;  ///< borrowed
        std::size_t prefix = 0;        ///< bytes of PATH_INFO that move to SCRIPT_NAME
    };

    /// `prefix` "": the application for paths that match no other prefix.
    void add(std::string prefix, Ref callable);

    /// The application with the longest prefix that ends at a segment of the path. If a web server
    /// has chosen by SCRIPT_NAME already, SCRIPT_NAME and PATH_INFO stay as they came.
    [[nodiscard]] std::optional<Choice> choose(const worker::Request& request) const;

  private:
    [[nodiscard]] std::optional<Choice> find(std::string_view prefix) const;

    std::map<std::string, Ref, std::less<>> mounts_;  ///< by prefix, without a slash at its end
    std::size_t longest_ = 0;                         ///< length of the longest prefix
};

}  // namespace geventd::py
