// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// Called in each process that the application forks.
class ForkListener {
  public:
    ForkListener() = default;
    ForkListener(const ForkListener&) = delete;
    ForkListener& operator=(const ForkListener&) = delete;

    /// Called in the child before fork() returns. Threads that the fork did not copy may have left
    /// locks held for ever.
    virtual void on_forked_child() noexcept = 0;

  protected:
    ~ForkListener() = default;
};

/// A process that the application forks (os.fork, multiprocessing, a C library) is no server. From
/// its first moment it has closed what is geventd's: listeners, clients, the channel to the master,
/// the loop. It does not react to the Unix signals of a worker. This includes forks by C code that
/// Python does not know of; what Python does in such a process is in
/// worker/python/base/fork_watch.h.
/// Lives in: template, worker, check; called before anything of the application runs. `listener` is
/// called in each such child and must live as long as the process. Throws ErrnoError.
void give_up_in_forked_children(ForkListener& listener);

/// While an object of this class exists, forks are the server's own (of a template or a worker).
class OwnFork {
  public:
    OwnFork();
    OwnFork(const OwnFork&) = delete;
    OwnFork& operator=(const OwnFork&) = delete;
    ~OwnFork();
};

}  // namespace geventd::worker
