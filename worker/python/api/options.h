// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "config/settings.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// What applications find in uwsgi.opt: the settings that were given, under uWSGI's names, as
/// {str: bytes, or True for a flag}. Of a repeated option the last value, as uWSGI has it.
/// `lazy`: this process loads the application for itself. Throws PythonError.
Ref uwsgi_options(const config::Settings& settings, bool lazy);

}  // namespace geventd::py
