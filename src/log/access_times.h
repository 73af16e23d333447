// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

#include <cstdint>
#include <string>

namespace geventd::log {

/// The time `epoch` in the process' time zone.
tm local_time(std::int64_t epoch);

/// "07/Sep/2026:10:00:00 +0000", as in the common log format.
std::string format_ltime(const tm& time);

/// "Mon Sep  7 10:00:00 2026", in English whatever the locale.
std::string format_ctime(const tm& time);

/// "2026-09-07T10:00:00+0000".
std::string format_iso(const tm& time);

}  // namespace geventd::log
