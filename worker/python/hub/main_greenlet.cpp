// SPDX-License-Identifier: MIT
#include "worker/python/hub/main_greenlet.h"

#include "log/logger.h"
#include "worker/python/base/error.h"

namespace geventd::py {

void log_handed_over() {
    const Ref exception = take_exception();
    log::error(
        "a greenlet, a callback of gevent's loop or a handler of Unix signals raised what "
        "would end a program; this worker goes on:\n{}",
        exception ? traceback_text(exception.get()) : "an unknown Python error");
}

}  // namespace geventd::py
