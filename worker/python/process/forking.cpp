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

// Libraries that supervise processes may make this process a subreaper. Forked workers must become
// children of the master, which supervises only its own.
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

// Called in the child: waits until the middle process is gone and the master is the parent, so that
// messages to the master come from its own child. A pidfd tells when: the kernel moves children to
// their new parent before it reports the death. Without pidfds, looks every millisecond.
void wait_for_adoption(pid_t middle) {
    const UniqueFd fd = UniqueFd::adopt(static_cast<int>(::syscall(SYS_pidfd_open, middle, 0)));
    while (::getppid() == middle) {
        pollfd watched{fd.get(), POLLIN, 0};
        ::poll(&watched, 1, fd ? -1 : 1);
    }
}

// False when the master does not listen any more; then the channel reaches its end, too.
bool say_hello(ipc::Channel& channel) {
    ipc::Message message;
    message.type = ipc::MessageType::Hello;
    return channel.send_within(ipc::kMasterPatience, message).has_value();
}

// Done before anything of the application can run in the child, such as a hook that never returns.
void introduce(ipc::Channel& channel, int stacks) {
    if (!say_hello(channel)) {
        ::_exit(static_cast<int>(ExitCode::Ok));  // the master does not want it any more
    }
    try {
        renew_stack_file(stacks);
        tell_of_stacks(channel, stacks);
    } catch (const std::exception& error) {
        log::warning("the master cannot be told where this process stands: {}", error.what());
    }
}

// OwnFork covers only this fork, not those by the application's fork hooks.
pid_t fork_own() {
    const worker::OwnFork ours;
    return ::fork();
}

// The errno with which the middle process failed to fork; 0: it did fork. If the application
// ignores SIGCHLD this is always 0, and the master notices that the child is missing.
int fault_of(pid_t middle) {
    int status = 0;
    const pid_t ended = uninterrupted([&] { return ::waitpid(middle, &status, 0); });
    return ended == middle && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

// `channel` is the child's.
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
        // The kernel resets this at a fork, and hooks of the application may hang below. If the
        // master is gone already, introduce() ends the child.
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

// Looks at the application's objects; a failure is only logged.
Ref attempt(const Interpreter& python, const char* function) {
    try {
        return python.call(function);
    } catch (const std::exception& error) {
        log::warning("{} failed: {}", function, error.what());
        return {};
    }
}

// `hazards` names a function that returns sentences.
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

// Threads that are greenlets go on in the child, so they are hidden from the module threading,
// which would take them for ended.
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
