// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "config/settings.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// The value of uwsgi.opt: the settings that were given, under uWSGI's names, as {str: bytes, or
/// True for a flag}. A repeated option has its last value, as in uWSGI. `lazy`: this process loads
/// the application for itself. Throws PythonError.
Ref uwsgi_options(const config::Settings& settings, bool lazy);

}  // namespace geventd::py
