// SPDX-License-Identifier: MIT
#include "master/process/signal_name.h"

#include <array>
#include <csignal>
#include <string_view>

#include <fmt/core.h>

namespace geventd::master {

namespace {

struct Name {
    int number;
    std::string_view name;
};

constexpr std::array kNames = {
    Name{SIGHUP, "SIGHUP"},       Name{SIGINT, "SIGINT"},       Name{SIGQUIT, "SIGQUIT"},
    Name{SIGILL, "SIGILL"},       Name{SIGTRAP, "SIGTRAP"},     Name{SIGABRT, "SIGABRT"},
    Name{SIGBUS, "SIGBUS"},       Name{SIGFPE, "SIGFPE"},       Name{SIGKILL, "SIGKILL"},
    Name{SIGUSR1, "SIGUSR1"},     Name{SIGSEGV, "SIGSEGV"},     Name{SIGUSR2, "SIGUSR2"},
    Name{SIGPIPE, "SIGPIPE"},     Name{SIGALRM, "SIGALRM"},     Name{SIGTERM, "SIGTERM"},
    Name{SIGSTKFLT, "SIGSTKFLT"}, Name{SIGCHLD, "SIGCHLD"},     Name{SIGCONT, "SIGCONT"},
    Name{SIGSTOP, "SIGSTOP"},     Name{SIGTSTP, "SIGTSTP"},     Name{SIGTTIN, "SIGTTIN"},
    Name{SIGTTOU, "SIGTTOU"},     Name{SIGURG, "SIGURG"},       Name{SIGXCPU, "SIGXCPU"},
    Name{SIGXFSZ, "SIGXFSZ"},     Name{SIGVTALRM, "SIGVTALRM"}, Name{SIGPROF, "SIGPROF"},
    Name{SIGWINCH, "SIGWINCH"},   Name{SIGPOLL, "SIGPOLL"},     Name{SIGPWR, "SIGPWR"},
    Name{SIGSYS, "SIGSYS"},
};

}  // namespace

std::string signal_name(int number) {
    for (const Name& known : kNames) {
        if (known.number == number) {
            return std::string(known.name);
        }
    }
    return fmt::format("signal {}", number);
}

}  // namespace geventd::master
