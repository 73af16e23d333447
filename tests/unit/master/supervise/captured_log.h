// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "log/logger.h"

namespace geventd::master {

/// From now on log lines are kept for captured_log(). The log has a descriptor of its own, so that
/// it has to be told where standard error leads.
inline void capture_log() {
    testing::internal::CaptureStderr();
    log::redirect(STDERR_FILENO);
}

/// Ends what capture_log() has begun.
inline std::string captured_log() {
    std::string text = testing::internal::GetCapturedStderr();
    log::redirect(STDERR_FILENO);
    return text;
}

}  // namespace geventd::master
