// SPDX-License-Identifier: MIT
#pragma once

#include "worker/connection/protocol.h"

namespace geventd::worker {

/// Requests of HTTP/1.0 and HTTP/1.1 (RFC 9112).
class Http1 final : public Protocol {
  public:
    [[nodiscard]] Parsed parse(std::string_view bytes, const Intake& intake) const override;
};

}  // namespace geventd::worker
