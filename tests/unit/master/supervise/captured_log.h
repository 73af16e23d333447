// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "log/logger.h"

namespace geventd::master {

/// Collects log lines for captured_log() from now on. The log writes to a descriptor of its own,
/// so it must be told when standard error changes.
inline void capture_log() {
    testing::internal::CaptureStderr();
    log::redirect(STDERR_FILENO);
}

/// Ends capture_log(); returns the lines.
inline std::string captured_log() {
    std::string text = testing::internal::GetCapturedStderr();
    log::redirect(STDERR_FILENO);
    return text;
}

}  // namespace geventd::master
