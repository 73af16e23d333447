// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "worker/files/area.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// The files that the application may name in headers of its answers (X-Sendfile and
/// X-Accel-Redirect), by the entries of `sendfile`.
/// Lives in: worker, loop side.
class NamedFiles {
  public:
    explicit NamedFiles(const std::vector<config::Sendfile>& entries);

    [[nodiscard]] bool empty() const { return doors_.empty(); }

    /// Takes the header that names a file out of the application's head. If the status is 200 or
    /// 206, whose parts the server chooses itself, notes the name in the request and takes out what
    /// describes the body that is not sent. Throws std::bad_alloc.
    void take_name(Request& request) const;

    /// The header by which the request's file was named. REQUIRES: one was.
    static std::string_view header_of(const Request& request);

    struct Place {
        const Area* area = nullptr;  ///< null: the file may not be sent
        std::string rest;
        std::size_t number = 0;  ///< of the area
    };

    /// Where the file of that name is. Throws std::bad_alloc.
    [[nodiscard]] Place place_of(const std::string& name);

  private:
    struct Door {
        config::SendfileHeader header;
        Area area;
        std::string tidy_root;  ///< the root without "..", as names are compared with it
        std::string real_root;  ///< the root without symbolic links; "": it was not there so far
    };

    static std::string_view rest_in(Door& door, bool is_mapped, std::string_view path);

    std::vector<Door> doors_;
    bool has_sendfile_ = false;
    bool has_accel_ = false;
};

}  // namespace geventd::worker
