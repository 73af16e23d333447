// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"

namespace geventd::config {

// workers.memory-share: the memory may have room for fewer processes than are wanted.

/// Lowers the number of processes to those that have room.
void bound_by_memory(Workers& workers);

/// Whether no more processes would have room. Asks the machine again.
bool is_bound_by_memory(const Workers& workers);

/// Why there are that many, as a sentence.
std::string tell_of_memory(const Workers& workers);

}  // namespace geventd::config
