// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"

namespace geventd::master {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/stdout";

/// Opens a stream into systemd's journal: each line written to it is an entry, whose severity a
/// beginning such as "<4>" tells. Throws ErrnoError when there is no journal.
UniqueFd open_journal(const std::string& path = kJournalSocket);

}  // namespace geventd::master
