// SPDX-License-Identifier: MIT
#pragma once

namespace geventd {

/// Exit codes of all our programs. The first four are public; the others are used only between
/// geventd-worker and the master.
enum class ExitCode : int {
    Ok = 0,
    Config = 1,       ///< the configuration or the application is at fault; the log says where
    CommandLine = 2,  ///< wrong command line
    Internal = 70,    ///< an internal error of geventd

    ApplicationFailed = 64,  ///< worker or template: the application cannot be loaded
    BootFailed = 65,         ///< worker or template: the interpreter or gevent cannot be used
    HookFailed = 66,         ///< worker: a post-fork hook raised an exception
    Overtime = 67,           ///< worker: it did not finish its end in time
    LostDescriptor = 68,     ///< worker: the application closed a descriptor that it needs
};

}  // namespace geventd
