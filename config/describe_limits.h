// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"

namespace geventd::config {

class Visitor;

/// Shows `visitor` the keys below `limits`.
void describe(Visitor& visitor, Limits& limits);

}  // namespace geventd::config
