// SPDX-License-Identifier: MIT
#pragma once

#include "worker/connection/protocol.h"

namespace geventd::worker {

/// Requests of the uwsgi protocol, as web servers speak it.
class Uwsgi final : public Protocol {
  public:
    [[nodiscard]] Parsed parse(std::string_view bytes, const Intake& intake) const override;
};

}  // namespace geventd::worker
