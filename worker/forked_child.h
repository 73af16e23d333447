// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// A process that the application forks (os.fork, multiprocessing, a C library) is no server. As
/// soon as it exists it closes what is geventd's: listeners, clients, the line to the master, the
/// loop. Unix signals that mean something to a worker mean nothing to it. This holds for C code
/// that forks without Python's knowledge, too; what Python has to do in such a process is in
/// worker/python/forked_child.h.
/// Lives in: template, worker, check; before anything of the application runs. `also` is called in
/// each such child, where locks of threads that the fork has lost may be held for ever. Throws
/// ErrnoError.
void give_up_in_forked_children(void (*also)() noexcept);

/// Whether this is such a process. Nothing of it may reach a client or the master, nor memory that
/// is shared with them.
bool is_forked_child() noexcept;

/// While one lives, forks are the server's own: the child is a template or a worker.
class OwnFork {
  public:
    OwnFork();
    OwnFork(const OwnFork&) = delete;
    OwnFork& operator=(const OwnFork&) = delete;
    ~OwnFork();
};

}  // namespace geventd::worker
