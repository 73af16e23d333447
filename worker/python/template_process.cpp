// SPDX-License-Identifier: MIT
#include "worker/python/template_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/uninterrupted.h"
#include "log/logger.h"
#include "net/listening.h"
#include "worker/forked_child.h"
#include "worker/log_renewal.h"
#include "worker/overtime.h"
#include "worker/python/error.h"
#include "worker/python/stack_dump.h"
#include "worker/python/worker_process.h"

namespace geventd::py {

namespace {

constexpr int kLogPatience = 1000;  // milliseconds between two attempts to write what is kept

enum class Forked { Parent, Child };

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
bool say(ipc::Channel& channel, ipc::MessageType type) {
    ipc::Message message;
    message.type = type;
    return channel.send_within(ipc::kMasterPatience, message).has_value();
}

// What a forked process says before anything of the application can run in it, such as a hook that
// never returns.
void introduce(ipc::Channel& channel, int stacks) {
    if (!say(channel, ipc::MessageType::Hello)) {
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

// Threads that are greenlets go on in the child, which the module threading does not know.
Forked fork_application(const Interpreter& python, ipc::Channel& channel, int stacks) {
    attempt(python, "set_threads_aside");
    const Forked forked = fork_through_middle(channel, stacks);
    attempt(python, "put_threads_back");
    return forked;
}

// `process` has a channel of its own already.
[[noreturn]] void become_worker(Process& process, ipc::Message& order) {
    worker::BootInfo& boot = process.boot;
    boot.slot = order.slot;
    boot.worker = order.worker;
    log::set_role("worker " + std::to_string(boot.worker));
    try {
        boot.open_slot();
        process.python->call("after_fork");
        boot.set_own_eventfd(std::move(order.fds.at(1)));
        process.api->adopt();
        process.api->open(process.channel);
    } catch (const std::exception& error) {
        log::error("the worker cannot be set up after the fork: {}", error.what());
        log::finish();
        ::_exit(static_cast<int>(ExitCode::BootFailed));
    }
    serve(process);
}

// The spare is a template too, and goes on in the caller's loop.
void become_spare(Process& process) {
    process.api->adopt();
    say(process.channel, ipc::MessageType::Loaded);
}

// nullopt: the master is gone. Lines that the log keeps are written as soon as that is possible.
Result<std::optional<ipc::Message>> wait_for_order(ipc::Channel& channel) {
    int ready = 0;
    while (ready == 0 && log::is_behind()) {
        log::retry();
        pollfd watched{channel.fd(), POLLIN, 0};
        do {
            ready = ::poll(&watched, 1, kLogPatience);
        } while (ready < 0 && errno == EINTR);
    }
    return channel.wait();
}

// The process that has loaded the application ends as one of CPython's: what was started then, such
// as children of multiprocessing, ends with it. A copy of it has nothing of its own to end.
[[noreturn]] void end_template(const Interpreter& python, bool loaded_here) {
    if (loaded_here) {
        python.leave_early(static_cast<int>(ExitCode::Ok));
    }
    log::finish();
    ::_exit(static_cast<int>(ExitCode::Ok));
}

// Warns of what the application has started and a fork does not carry over, and moves what is
// loaded out of the garbage collector's sight. Nothing that it meets ends the process.
void prepare_to_fork(const Interpreter& python) {
    warn_of(python, "forking_hazards");
    attempt(python, "freeze");
}

}  // namespace

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
    warn_of(python, "lost_threads");
}

void run_template(Process& process) {
    const Interpreter& python = *process.python;
    ipc::Channel& channel = process.channel;
    const int stacks = process.stacks.get();
    prepare_to_fork(python);
    bool is_first_fork = true;
    say(channel, ipc::MessageType::Loaded);
    bool loaded_here = true;
    for (;;) {
        const ino_t line = net::socket_inode(channel.fd());
        auto order = wait_for_order(channel);
        if (!order) {
            if (net::socket_inode(channel.fd()) != line) {
                throw std::runtime_error("the application has closed its line to the master");
            }
            log::error("a message of the master cannot be read: {}", order.error().message);
            continue;
        }
        if (!*order) {
            end_template(python, loaded_here);
        }
        ipc::Message& message = **order;
        if (message.type == ipc::MessageType::Reopen) {
            worker::renew_log(message);
        } else if (message.type == ipc::MessageType::Fork && message.fds.size() == 2) {
            ipc::Channel workers(std::move(message.fds[0]));
            if (fork_application(python, workers, stacks) == Forked::Child) {
                channel = std::move(workers);
                become_worker(process, message);
            }
            say(channel, ipc::MessageType::Forked);
            if (std::exchange(is_first_fork, false)) {
                warn_of(python, "lost_threads");
            }
        } else if (message.type == ipc::MessageType::ForkSpare && !message.fds.empty()) {
            ipc::Channel spares(std::move(message.fds[0]));
            if (fork_application(python, spares, stacks) == Forked::Child) {
                channel = std::move(spares);
                become_spare(process);
                loaded_here = false;
            } else {
                say(channel, ipc::MessageType::Forked);
            }
        }
    }
}

}  // namespace geventd::py
