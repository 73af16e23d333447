// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"

namespace geventd::master {

/// What processes get of the log besides their standard descriptors.
struct LogState {
    UniqueFd access;         ///< of log.access-file; -1: the access log goes with the log
    bool has_marks = false;  ///< lines begin with their severity, as the journal and syslog read it
};

}  // namespace geventd::master
