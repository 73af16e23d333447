// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "worker/python/base/ref.h"
#include "worker/python/inspect/report.h"
#include "worker/python/inspect/stack_book.h"

namespace geventd::py {

class HandlerRunner;
class HubBridge;
class RequestRunner;

/// Where greenlets are to be found, and what tells them apart.
struct Sources {
    const HubBridge& bridge;
    const RequestRunner& requests;
    const HandlerRunner& handlers;
    Ref get_objects;     ///< gc.get_objects
    Ref frozen;          ///< a function: greenlets that the garbage collector does not know
    Ref current_frames;  ///< sys._current_frames
    Ref greenlet_class;  ///< gevent.Greenlet
    Ref frame;           ///< greenlet.gr_frame, as a descriptor: subclasses may have another
    Ref spawning_stack;  ///< of gevent.Greenlet, likewise; None where there is none
    std::string gevent;  ///< the folder of gevent's modules
};

/// Which greenlets are told of.
struct Scope {
    bool requests_only = false;
    std::string request;  ///< this one alone; "": all
};

/// Finds the greenlets of this process and where each stands. In two steps, so that nobody waits
/// for long: begin() notes who there is, at once; go_on() looks at one after the other, and the
/// GIL may be given away in between. Greenlets are referred to weakly: one that ends meanwhile
/// ends where it would have ended anyway, and is left out.
/// Lives in: worker, observer's thread. The GIL is held in every call and when it is destroyed.
class Census {
  public:
    Census(const Sources& sources, Scope scope);

    void begin();

    /// Goes on for about so long. False: there is nothing more to be done.
    bool go_on(Duration budget);

    [[nodiscard]] Report take();

  private:
    struct Pending {
        Ref weak;
        Subject subject;
        bool has_stack = false;  ///< it is known already
    };

    void note_requests();
    void note_handlers();
    void note_greenlets_of(PyObject* list);
    void note_threads(PyObject* frames);
    void note_running(PyObject* frames);
    void note(PyObject* greenlet, Subject subject);
    [[nodiscard]] Subject subject_of(PyObject* greenlet) const;
    [[nodiscard]] bool may_be_running(PyObject* greenlet) const;
    bool describe(Pending& pending);
    std::string spawn_point(PyObject* greenlet);

    const Sources& sources_;
    Scope scope_;
    TimePoint now_;
    StackBook book_;
    std::unordered_set<const PyObject*> known_;  ///< greenlets in pending_
    std::vector<Pending> pending_;
    std::size_t described_ = 0;
    std::vector<Subject> subjects_;
};

}  // namespace geventd::py
