// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace geventd::worker {

/// Makes ids for requests without one, unique among all workers of this host.
/// Lives in: worker, loop side.
class RequestNames {
  public:
    RequestNames();

    void make(std::string& name);

  private:
    std::string base_;
    std::uint32_t count_ = 0;
};

}  // namespace geventd::worker
