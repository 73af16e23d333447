// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

/// The version of uWSGI whose API the module uwsgi offers.
constexpr const char* kUwsgiVersion = "2.0.30";

}  // namespace geventd::py
