// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

/// geventd handles SIGINT and SIGTERM (worker/process/interrupts.h), so CPython knows no handler of
/// them. This gives CPython a handler that an application can call and restore, as with `python3`:
/// `old = signal.signal(SIGTERM, mine)`, later `signal.signal(SIGTERM, old)`. Throws PythonError.
void show_interrupts_to_python();

}  // namespace geventd::py
