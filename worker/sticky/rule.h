// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "config/settings.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// Where requests carry the id of their session (the setting `sticky`).
/// Lives in: worker, loop side.
class Rule {
  public:
    explicit Rule(const config::Sticky& settings);

    /// As sent; "": the request has none.
    [[nodiscard]] std::string_view id_of(const Request& request) const;

  private:
    enum class Place { Query, Cookie, Header };

    Place place_;
    std::string name_;      ///< of the parameter, the cookie or, in lower case, the header field
    std::string variable_;  ///< for uwsgi: the variable of the header field
};

}  // namespace geventd::worker
