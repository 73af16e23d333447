// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace geventd::master {

/// Under which names a metrics address answers. Any web page can make the browser of somebody on
/// this machine ask a loopback address, under a name of the page's own whose DNS leads there (DNS
/// rebinding), and read the answer. So a loopback address answers only to names that nobody else
/// can own: loopback names, addresses, and those of `metrics.hosts`. Other addresses answer to
/// every name, unless `metrics.hosts` lists some.
/// Lives in: master.
class HostRule {
  public:
    HostRule(const net::Address& address, std::vector<std::string> names);

    /// `authority` is a valid Host of a request. A request without one, which no browser sends, is
    /// allowed.
    [[nodiscard]] bool allows(std::string_view authority) const;

  private:
    std::vector<std::string> names_;
    bool any_;  ///< every name is allowed
};

}  // namespace geventd::master
