// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

/// CPython has found SIGINT and SIGTERM in geventd's hands (worker/process/interrupts.h) and knows
/// no handler of them. This gives it one that an application can call and put back, as it can with
/// those of `python3`: `old = signal.signal(SIGTERM, mine)`, later `signal.signal(SIGTERM, old)`.
/// Throws PythonError.
void show_interrupts_to_python();

}  // namespace geventd::py
