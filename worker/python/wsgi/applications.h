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

/// The loaded WSGI applications: the one of app.module, and those of app.mounts under their
/// prefixes. Loaded once in the template or worker; all live in the one interpreter.
/// Lives in: template, worker.
class Applications {
  public:
    struct Choice {
        PyObject* callable = nullptr;  ///< borrowed
        std::size_t prefix = 0;        ///< bytes of PATH_INFO that move to SCRIPT_NAME
    };

    /// `prefix` "" is the application for whatever fits no other.
    void add(std::string prefix, Ref callable);

    /// The application with the longest prefix that ends where a segment of the path does; one
    /// that a web server has already chosen by SCRIPT_NAME keeps both names as they came.
    [[nodiscard]] std::optional<Choice> choose(const worker::Request& request) const;

  private:
    [[nodiscard]] std::optional<Choice> find(std::string_view prefix) const;

    std::map<std::string, Ref, std::less<>> mounts_;  ///< by prefix, without a slash at its end
    std::size_t longest_ = 0;                         ///< of the prefixes
};

}  // namespace geventd::py
