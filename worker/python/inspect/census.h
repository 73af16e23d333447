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

namespace geventd::worker {
class Request;
}

namespace geventd::py {

class HandlerRunner;
class HubBridge;
class RequestRunner;

/// Where to find greenlets, and how to read them.
struct Sources {
    const HubBridge& bridge;
    const RequestRunner& requests;
    const HandlerRunner& handlers;
    Ref get_objects;     ///< gc.get_objects
    Ref frozen;          ///< frozen_greenlets of fork.py: those that gc.get_objects() lacks
    Ref current_frames;  ///< sys._current_frames
    Ref greenlet_class;  ///< gevent.Greenlet
    Ref frame;           ///< greenlet.gr_frame, a descriptor: subclasses may have another
    Ref spawning_stack;  ///< that of gevent.Greenlet, likewise; None if this gevent has none
    std::string gevent;  ///< the folder of gevent's modules
};

/// Which greenlets to report.
struct Scope {
    bool requests_only = false;
    std::string request;  ///< only this request's; "": all
};

/// Finds the greenlets of this process and where each stands. In two steps, so that the GIL is
/// never held for long: begin() notes all greenlets at once; go_on() looks at one after the other,
/// and the GIL may be released between its calls. Holds only weak references: a greenlet that ends
/// meanwhile is not kept alive, and is left out.
/// Lives in: worker, observer's thread. The GIL is held in every call and when it is destroyed.
class Census {
  public:
    Census(const Sources& sources, Scope scope);

    void begin();

    /// Goes on for about `budget`. False: all is done.
    bool go_on(Duration budget);

    [[nodiscard]] Report take();

  private:
    struct Pending {
        Ref weak;
        Subject subject;
        bool has_stack = false;  ///< the stack is known already
    };

    void note_requests();
    void note_request(const worker::Request& request);
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
