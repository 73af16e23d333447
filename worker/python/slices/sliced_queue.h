// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <functional>
#include <list>
#include <vector>

#include "base/clock.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"

namespace geventd::py {

/// The greenlets whose slice is over. The first goes on when the hub has polled and found nothing
/// else to do, or when others have had a slice's time; when that one's slice is over as well, the
/// others have their time again before the next. So many that compute do not make the others wait
/// longer than one does.
///
/// Whoever switches to such a greenlet means another wait of it: it has given away its switch
/// already and was suspended before it waited. The wake-up is kept until it does; what is thrown
/// into it is raised at once.
/// Lives in: worker, Python side. The GIL is held.
class SlicedQueue {
  public:
    /// `on_change` is called when a greenlet has been suspended, and when one goes on. Throws
    /// PythonError.
    SlicedQueue(HubBridge& bridge, Duration slice, std::function<void()> on_change);
    SlicedQueue(const SlicedQueue&) = delete;
    SlicedQueue& operator=(const SlicedQueue&) = delete;
    ~SlicedQueue() = default;

    /// Suspends the calling greenlet, which is neither the hub nor the main one, until its next
    /// slice. False with the exception that was thrown into it.
    [[nodiscard]] bool await_slice() noexcept;

    [[nodiscard]] bool is_empty() const { return waiting_.empty(); }

  private:
    /// A suspended greenlet. On the heap, because its stack is copied away.
    struct Entry {
        Ref greenlet;
        std::vector<Ref> wake_ups;  ///< results of switches that were meant for other waits
        bool called = false;        ///< in called_, not in waiting_
    };

    using Entries = std::list<Entry>;

    void call_next() noexcept;
    [[nodiscard]] bool await_call(Entry& entry);
    [[nodiscard]] bool start_watching();
    void stop_watching();
    void hand_on_wake_ups(Entry& entry);
    void hand_to_gevent(const Ref& greenlet);

    HubBridge& bridge_;
    std::function<void()> on_change_;
    Ref loop_;
    Ref idle_;       ///< a watcher: the hub finds nothing else to do
    Ref enough_;     ///< a timer: others have had a slice's time
    Ref call_next_;  ///< a Python function
    Ref own_call_;   ///< what only this queue passes to a greenlet
    Ref arguments_;  ///< it, as the arguments of a switch
    Ref again_options_;
    Entries waiting_;
    Entries called_;      ///< they run, or have not got that far yet
    bool calls_ = false;  ///< call_next() waits for the end of a slice
};

}  // namespace geventd::py
