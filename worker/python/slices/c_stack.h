// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "worker/python/slices/loaded_code.h"

namespace geventd::py {

/// Says by the stack in C whether the greenlet can be suspended where a handler of Unix signals
/// runs: what CPython does there decides, and Python code cannot see that. It must not
///  - be in another handler, end an object (finalizers, weakref callbacks, generators that this
///    closes), import, run exec(), fork, or have anything on its way that belongs to the thread:
///    the lock of a buffered file, the list of containers that are being written out by repr();
///  - have called the handler from within a C function other than those of regular expressions and
///    locks, which may have begun what another greenlet must not see;
///  - have been called back by C code of others: that may keep addresses of its stack.
/// A stack is told by where its functions begin. CPython does not publish all of these addresses:
/// those are learned from handlers that run at known places. Where a compiler has hidden one that
/// is refused, learn() finds it. Lives in: worker, Python side, in the thread of the hub.
class CStack {
  public:
    /// Throws PythonError.
    CStack();
    CStack(const CStack&) = delete;
    CStack& operator=(const CStack&) = delete;
    ~CStack() = default;

    enum class Verdict {
        Stay,
        Suspend,
        Waits  ///< the greenlet may be suspended: it waits for a lock that gevent has not patched
    };

    /// Sends this thread, now or so much later, the Unix signal whose handler calls note().
    using Trip = std::function<void(Duration)>;

    /// Before all else. Throws PythonError, or std::runtime_error when CPython's safe points, or
    /// places that are none, cannot be recognised.
    void learn(const Trip& trip);

    /// For the handler: whether it runs only for learn(), which then has what it needs.
    [[nodiscard]] bool note() noexcept;

    /// For the handler, in a greenlet that is not the main one.
    [[nodiscard]] Verdict look() noexcept;

  private:
    friend struct Walk;

    /// Where functions of the stack begin, from the first of CPython outwards.
    using Trace = std::vector<std::uintptr_t>;

    void refuse_deallocators();
    void refuse_texts_of_containers();
    void refuse_forks();
    void refuse_methods(PyObject* owner);
    void refuse_buffered_files();
    void refuse_built_in_sqlite();
    void learn_evaluation(PyObject* loop, PyObject* trip);
    void learn_functions(const Trip& trip);
    void learn_expressions(const Trip& trip, std::size_t steps);
    void learn_locks(const Trip& trip);
    void learn_way(const Trace& trace, std::size_t steps);
    void prove(PyObject* place, PyObject* trip);
    [[nodiscard]] bool refuses(std::uintptr_t start) const;
    Trace noted_while(const std::function<void()>& deed);

    LoadedCode code_;
    std::vector<std::uintptr_t> refused_;  ///< sorted
    std::vector<Trace> ways_;              ///< from safe points to the handler
    std::size_t lock_ways_ = 0;            ///< how many of them, the last ones, come from locks
    Trace noted_;
    bool notes_ = false;
};

}  // namespace geventd::py
