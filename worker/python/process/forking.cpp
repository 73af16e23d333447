// SPDX-License-Identifier: MIT
#include "worker/python/process/forking.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/fd.h"
#include "base/uninterrupted.h"
#include "log/logger.h"
#include "worker/process/forked_child.h"
#include "worker/process/overtime.h"
#include "worker/python/base/error.h"
#include "worker/python/inspect/stack_dump.h"

namespace geventd::py {

namespace {

// Libraries that supervise processes have orphans fall to the process that they are loaded in. Ours
// must fall to the master, which waits for no others.
class NoSubreaper {
  public:
    NoSubreaper() {
        if (::prctl(PR_GET_CHILD_SUBREAPER, &was_) == 0 && was_ != 0) {
            ::prctl(PR_SET_CHILD_SUBREAPER, 0);
        }
    }

    NoSubreaper(const NoSubreaper&) = delete;
    NoSubreaper& operator=(const NoSubreaper&) = delete;

    ~NoSubreaper() {
        if (was_ != 0) {
            ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        }
    }

  private:
    int was_ = 0;
};

// The child goes on once the middle process is gone and the master has become its parent: what
// it says to the master from then on comes from a child of the master's. A pidfd tells when,
// as the kernel hands children on before it tells of the death. Where there are no pidfds, it looks
// again every millisecond: the middle process is about to leave.
void wait_for_adoption(pid_t middle) {
    const UniqueFd fd = UniqueFd::adopt(static_cast<int>(::syscall(SYS_pidfd_open, middle, 0)));
    while (::getppid() == middle) {
        pollfd watched{fd.get(), POLLIN, 0};
        ::poll(&watched, 1, fd ? -1 : 1);
    }
}

// False when the master does not listen any more; the end of the channel tells of that too.
bool say_hello(ipc::Channel& channel) {
    ipc::Message message;
    message.type = ipc::MessageType::Hello;
    return channel.send_within(ipc::kMasterPatience, message).has_value();
}

// What a forked process says before anything of the application can run in it, such as a hook that
// never returns.
void introduce(ipc::Channel& channel, int stacks) {
    if (!say_hello(channel)) {
        ::_exit(static_cast<int>(ExitCode::Ok));  // the master wants it no more; its slot is gone
    }
    try {
        renew_stack_file(stacks);
        tell_of_stacks(channel, stacks);
    } catch (const std::exception& error) {
        log::warning("the master cannot be told where this process stands: {}", error.what());
    }
}

// What hooks of the application fork meanwhile is not ours.
pid_t fork_own() {
    const worker::OwnFork ours;
    return ::fork();
}

// Why the middle process could not fork, as an errno; 0 where it did. Where the application ignores
// SIGCHLD nobody hears of it: then the master misses the child.
int fault_of(pid_t middle) {
    int status = 0;
    const pid_t ended = uninterrupted([&] { return ::waitpid(middle, &status, 0); });
    return ended == middle && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

// `channel`: of the child.
Forked fork_through_middle(ipc::Channel& channel, int stacks) {
    PyOS_BeforeFork();
    const NoSubreaper not_here;
    const pid_t middle = fork_own();
    int error = errno;
    if (middle == 0) {
        const pid_t own = ::getpid();
        const pid_t child = fork_own();
        if (child != 0) {
            ::_exit(child < 0 ? errno : 0);
        }
        wait_for_adoption(own);
        // The kernel forgets this at a fork, and hooks of the application may stand still below.
        // When the master is gone already, it cannot be introduced to, and the child leaves.
        worker::die_with_master(true);
        introduce(channel, stacks);
        PyOS_AfterFork_Child();
        return Forked::Child;
    }
    if (middle > 0) {
        error = fault_of(middle);
    }
    PyOS_AfterFork_Parent();
    if (error != 0) {
        log::error("cannot fork a process: {}", errno_text(error));
    }
    return Forked::Parent;
}

// What looks at the application's objects ends nothing, whatever they are like.
Ref attempt(const Interpreter& python, const char* function) {
    try {
        return python.call(function);
    } catch (const std::exception& error) {
        log::warning("{} failed: {}", function, error.what());
        return {};
    }
}

// `hazards` returns sentences.
void warn_of(const Interpreter& python, const char* hazards) {
    const Ref sentences = attempt(python, hazards);
    for (Py_ssize_t i = 0; sentences && i < PyList_Size(sentences.get()); ++i) {
        log::warning("{}", PyUnicode_AsUTF8(PyList_GetItem(sentences.get(), i)));
    }
}

}  // namespace

void prepare_to_fork(const Interpreter& python) {
    warn_of(python, "forking_hazards");
    attempt(python, "freeze");
}

void warn_of_lost_threads(const Interpreter& python) {
    warn_of(python, "lost_threads");
}

// Threads that are greenlets go on in the child, which the module threading does not know.
Forked fork_application(const Interpreter& python, ipc::Channel& channel, int stacks) {
    attempt(python, "set_threads_aside");
    const Forked forked = fork_through_middle(channel, stacks);
    attempt(python, "put_threads_back");
    return forked;
}

void rehearse_fork(const Interpreter& python) {
    prepare_to_fork(python);
    attempt(python, "set_threads_aside");
    PyOS_BeforeFork();
    const pid_t child = fork_own();
    if (child == 0) {
        ::_exit(0);
    }
    const int error = child < 0 ? errno : fault_of(child);
    PyOS_AfterFork_Parent();
    attempt(python, "put_threads_back");
    if (error != 0) {
        log::error("cannot fork a process: {}", errno_text(error));
    }
    warn_of_lost_threads(python);
}

}  // namespace geventd::py
