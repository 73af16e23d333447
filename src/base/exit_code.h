// SPDX-License-Identifier: MIT
#pragma once

namespace geventd {

/// What a process of the family says by leaving. The first four are the programs' public codes;
/// the others pass between geventd-worker and the master only.
enum class ExitCode : int {
    Ok = 0,
    Config = 1,       ///< the configuration or the application is at fault; the log says where
    CommandLine = 2,  ///< wrong command line
    Internal = 70,    ///< a fault of geventd's own

    ApplicationFailed = 64,  ///< worker or template: the application cannot be loaded
    BootFailed = 65,         ///< worker or template: the interpreter or gevent cannot be used
    HookFailed = 66,         ///< worker: uwsgi.post_fork_hook raised an exception
    Overtime = 67,           ///< worker: it did not come to its end within its time
    LostDescriptor = 68,     ///< worker: the application has closed what it cannot go on without
};

}  // namespace geventd
