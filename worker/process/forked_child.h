// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// Is told in a process that the application has forked.
class ForkListener {
  public:
    ForkListener() = default;
    ForkListener(const ForkListener&) = delete;
    ForkListener& operator=(const ForkListener&) = delete;

    /// Called in the child before fork() returns there, where locks of threads that the fork has
    /// lost may be held for ever.
    virtual void on_forked_child() noexcept = 0;

  protected:
    ~ForkListener() = default;
};

/// A process that the application forks (os.fork, multiprocessing, a C library) is no server. As
/// soon as it exists it closes what is geventd's: listeners, clients, the line to the master, the
/// loop. Unix signals that mean something to a worker mean nothing to it. This holds for C code
/// that forks without Python's knowledge, too; what Python has to do in such a process is in
/// worker/python/base/fork_watch.h.
/// Lives in: template, worker, check; before anything of the application runs. `listener` is told
/// in each such child; it stays for as long as the process. Throws ErrnoError.
void give_up_in_forked_children(ForkListener& listener);

/// While one lives, forks are the server's own: the child is a template or a worker.
class OwnFork {
  public:
    OwnFork();
    OwnFork(const OwnFork&) = delete;
    OwnFork& operator=(const OwnFork&) = delete;
    ~OwnFork();
};

}  // namespace geventd::worker
