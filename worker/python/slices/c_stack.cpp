// SPDX-License-Identifier: MIT
#include "worker/python/slices/c_stack.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <unwind.h>

#include "safe_points_py.h"
#include "worker/python/base/boot_part.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

using Owner = LoadedCode::Owner;

// A deeper stack is not walked to its end, as that would take longer than a slice.
constexpr int kMostFrames = 5'000;

// How many steps of a regular expression CPython takes between two looks for Unix signals is less
// than what this one needs.
constexpr const char* kLongExpression = "(?:a|a)+b";
constexpr int kLongText = 14;

constexpr std::size_t kMostWays = 31;  // bits

template <typename Function>
std::uintptr_t start_of(Function* function) {
    return reinterpret_cast<std::uintptr_t>(reinterpret_cast<const void*>(function));
}

// Where the C function begins that implements a function or method; 0 for others.
std::uintptr_t start_of_method(PyObject* object) {
    if (PyCFunction_Check(object) != 0) {
        return start_of(PyCFunction_GetFunction(object));
    }
    if (PyObject_TypeCheck(object, &PyMethodDescr_Type) != 0) {
        return start_of(reinterpret_cast<PyMethodDescrObject*>(object)->d_method->ml_meth);
    }
    return 0;
}

// How many steps a way has that ends with this function; more than the trace has if it does not.
std::size_t steps_to(const std::vector<std::uintptr_t>& trace, std::uintptr_t function) {
    const auto end = std::find(trace.begin(), trace.end(), function);
    return static_cast<std::size_t>(end - trace.begin()) + 1;
}

// Calls the Trip in the capsule.
PyMethodDef trip_definition{
    "trip",
    [](PyObject* capsule, PyObject*) noexcept -> PyObject* {
        (*static_cast<CStack::Trip*>(PyCapsule_GetPointer(capsule, nullptr)))(Duration::zero());
        Py_RETURN_NONE;
    },
    METH_O, nullptr};

std::string name_of(PyObject* function) {
    const Ref name = checked(PyObject_GetAttrString(function, "__name__"));
    const char* const text = PyUnicode_AsUTF8(name.get());
    if (text == nullptr) {
        throw_pending();
    }
    return text;
}

// What makes locks that gevent has not patched.
Ref original_lock() {
    return checked(PyObject_CallFunction(imported("gevent.monkey", "get_original").get(), "ss",
                                         "_thread", "allocate_lock"));
}

}  // namespace

/// One look at the stack of the calling thread, from the inside outwards.
struct Walk {
    const CStack& stack;
    CStack::Trace* notes = nullptr;  ///< where to write the trace; null: it is judged
    bool is_python = false;          ///< CPython's part of the stack has been reached
    std::size_t depth = 0;           ///< in that part
    std::uint32_t ways = ~0U;        ///< the ways that the stack may still have come
    std::size_t way = 0;             ///< the one that it has come
    bool passed = false;             ///< it has been followed to its end
    bool fine = false;

    static _Unwind_Reason_Code on_frame(_Unwind_Context* frame, void* walk) {
        return static_cast<Walk*>(walk)->visit(_Unwind_GetIP(frame), _Unwind_GetRegionStart(frame))
                   ? _URC_NO_REASON
                   : _URC_NORMAL_STOP;
    }

    void go() { _Unwind_Backtrace(&on_frame, this); }

    bool visit(std::uintptr_t address, std::uintptr_t start) {
        const Owner owner = stack.code_.owner_of(address);
        if (!is_python) {
            if (owner == Owner::Geventd) {
                return true;
            }
            is_python = true;
        }
        ++depth;
        if (notes != nullptr) {
            notes->push_back(start);
            return owner != Owner::Geventd;
        }
        return judge(owner, start);
    }

    bool judge(Owner owner, std::uintptr_t start) {
        if (!passed) {
            return narrow(start);
        }
        if (owner == Owner::Greenlet) {
            fine = true;
            return false;
        }
        return owner != Owner::Other && depth < kMostFrames && !stack.refuses(start);
    }

    // Strikes out the ways that do not lead through this function.
    bool narrow(std::uintptr_t start) {
        for (std::size_t i = 0; i < stack.ways_.size(); ++i) {
            const CStack::Trace& steps = stack.ways_[i];
            const std::uint32_t bit = 1U << i;
            if ((ways & bit) == 0) {
                continue;
            }
            if (steps[depth - 1] != start) {
                ways &= ~bit;
            } else if (depth == steps.size()) {
                passed = true;
                way = i;
            }
        }
        const std::uint32_t all = (1U << stack.ways_.size()) - 1;
        return (ways & all) != 0;
    }
};

CStack::CStack() {
    for (const char* name :
         {"PyObject_ClearWeakRefs", "PyObject_CallFinalizer", "PyObject_CallFinalizerFromDealloc",
          "PyErr_CheckSignals", "Py_MakePendingCalls", "PyImport_ImportModuleLevelObject"}) {
        refused_.push_back(address_of(name));
    }
    refuse_deallocators();
    refuse_texts_of_containers();
    refused_.push_back(start_of_method(imported("builtins", "exec").get()));
    refuse_forks();
    refuse_methods(imported("_imp").get());
    refuse_buffered_files();
    refuse_built_in_sqlite();
    std::sort(refused_.begin(), refused_.end());
}

void CStack::learn(const Trip& trip) {
    const Ref part = load_part("_geventd_safe_points", kSafePointsPy);
    const Ref loop = checked(PyObject_GetAttrString(part.get(), "loop"));
    const Ref forbidden = checked(PyObject_GetAttrString(part.get(), "forbidden"));
    const Ref capsule = checked(PyCapsule_New(const_cast<Trip*>(&trip), nullptr, nullptr));
    const Ref function = checked(PyCFunction_New(&trip_definition, capsule.get()));
    learn_evaluation(loop.get(), function.get());
    learn_functions(trip);
    learn_locks(trip);
    // Whoever is on such a way already is in another handler, or in a call that was left to do.
    const Trace& evaluation = ways_.front();
    refused_.push_back(evaluation.at(evaluation.size() - 2));
    std::sort(refused_.begin(), refused_.end());
    for (Py_ssize_t i = 0; i < PyTuple_Size(forbidden.get()); ++i) {
        prove(PyTuple_GetItem(forbidden.get(), i), function.get());
    }
}

// That the stack in a place where nobody is to be suspended is recognised.
void CStack::prove(PyObject* place, PyObject* trip) {
    const Trace trace = noted_while([&] { checked(PyObject_CallOneArg(place, trip)); });
    const std::size_t way = std::min(ways_.front().size(), trace.size());
    const bool is_refused =
        std::any_of(trace.begin() + static_cast<std::ptrdiff_t>(way), trace.end(),
                    [this](std::uintptr_t start) { return refuses(start); });
    if (!is_refused) {
        throw std::runtime_error(
            "workers.time-slice does not work with this CPython: a place where nothing may be "
            "suspended is not recognised (" +
            name_of(place) + ")");
    }
}

// CPython notes for each thread which containers it writes out, to find those within themselves.
void CStack::refuse_texts_of_containers() {
    for (const PyTypeObject* type : {&PyList_Type, &PyTuple_Type, &PyDict_Type, &PyDictKeys_Type,
                                     &PySet_Type, &PyFrozenSet_Type, &PyODict_Type}) {
        refused_.push_back(start_of(type->tp_repr));
    }
    constexpr std::pair<const char*, const char*> kOthers[] = {
        {"_collections", "deque"}, {"_collections", "defaultdict"}, {"types", "SimpleNamespace"}};
    for (const auto& [module, name] : kOthers) {
        const Ref type = imported(module, name);
        refused_.push_back(start_of(reinterpret_cast<PyTypeObject*>(type.get())->tp_repr));
    }
}

// Of the types whose objects can have weak references, or whose ends run Python code.
void CStack::refuse_deallocators() {
    const Ref made = checked(PyErr_NewException("geventd.Any", nullptr, nullptr));
    for (const PyTypeObject* type :
         {reinterpret_cast<PyTypeObject*>(made.get()), &PyFunction_Type, &PyMethod_Type,
          &PyModule_Type, &PyType_Type, &PySet_Type, &PyFrozenSet_Type, &PyMemoryView_Type,
          &PyGen_Type, &PyCoro_Type, &PyAsyncGen_Type, &PyCode_Type}) {
        refused_.push_back(start_of(type->tp_dealloc));
    }
}

// They call functions of the application before and after.
void CStack::refuse_forks() {
    constexpr std::pair<const char*, const char*> kForks[] = {
        {"posix", "fork"}, {"posix", "forkpty"}, {"_posixsubprocess", "fork_exec"}};
    for (const auto& [module, name] : kForks) {
        refused_.push_back(start_of_method(imported(module, name).get()));
    }
}

// The C functions in a module, or the methods of a type.
void CStack::refuse_methods(PyObject* owner) {
    const Ref names = checked(PyObject_GetAttrString(owner, "__dict__"));
    const Ref values = checked(PyMapping_Values(names.get()));
    for (Py_ssize_t i = 0; i < PyList_Size(values.get()); ++i) {
        refused_.push_back(start_of_method(PyList_GetItem(values.get(), i)));
    }
}

void CStack::refuse_buffered_files() {
    for (const char* name : {"BufferedReader", "BufferedWriter", "BufferedRandom", "BufferedRWPair",
                             "TextIOWrapper", "_BufferedIOBase"}) {
        const Ref type = imported("_io", name);
        refuse_methods(type.get());
        refused_.push_back(start_of(reinterpret_cast<PyTypeObject*>(type.get())->tp_iternext));
    }
}

// Where CPython has SQLite within itself, its code cannot be told from CPython's.
void CStack::refuse_built_in_sqlite() {
    const Ref names = imported("sys", "builtin_module_names");
    const Ref name = checked(PyUnicode_FromString("_sqlite3"));
    const int found = PySequence_Contains(names.get(), name.get());
    if (found < 0) {
        throw_pending();
    }
    if (found == 0) {
        return;
    }
    for (const char* type_name : {"Connection", "Cursor"}) {
        const Ref type = imported("_sqlite3", type_name);
        refuse_methods(type.get());
        const PyTypeObject* const known = reinterpret_cast<PyTypeObject*>(type.get());
        refused_.push_back(start_of(known->tp_iternext));
        refused_.push_back(start_of(known->tp_call));
    }
}

bool CStack::note() noexcept {
    if (!notes_) {
        return false;
    }
    if (noted_.empty()) {
        Walk{*this, &noted_}.go();
    }
    return true;
}

// The trace of the first handler that runs meanwhile.
CStack::Trace CStack::noted_while(const std::function<void()>& deed) {
    noted_.clear();
    notes_ = true;
    deed();
    const Trace trace = noted_;
    const int failed = PyErr_CheckSignals();  // one that came too late is not left to others
    notes_ = false;
    if (failed != 0) {
        throw_pending();
    }
    return trace;
}

bool CStack::refuses(std::uintptr_t start) const {
    return std::binary_search(refused_.begin(), refused_.end(), start);
}

void CStack::learn_way(const Trace& trace, std::size_t steps) {
    if (steps <= trace.size() && ways_.size() < kMostWays) {
        ways_.emplace_back(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(steps));
    }
}

// How Python code in CPython's loop comes to the handler.
void CStack::learn_evaluation(PyObject* loop, PyObject* trip) {
    const Trace trace = noted_while([&] { checked(PyObject_CallOneArg(loop, trip)); });
    const std::size_t steps = steps_to(trace, address_of("_PyEval_EvalFrameDefault"));
    if (steps > trace.size() || steps < 2) {
        throw std::runtime_error(
            "workers.time-slice does not work with this CPython: its safe points cannot be "
            "recognised");
    }
    learn_way(trace, steps);
}

// The ways from C functions that look for Unix signals themselves, at their begin or in between.
// They have equally many steps, and the first of these functions can be told by its name.
void CStack::learn_functions(const Trip& trip) {
    const Ref number = checked(PyLong_FromLong(1));
    const Trace trace = noted_while([&] {
        trip(Duration::zero());
        checked(PyObject_Str(number.get()));
    });
    const std::size_t steps = steps_to(trace, address_of("PyObject_Str"));
    if (steps > trace.size()) {
        return;  // regular expressions are not cut then
    }
    learn_way(trace, steps);
    learn_way(noted_while([&] {
                  trip(Duration::zero());
                  checked(PyObject_Repr(number.get()));
              }),
              steps);
    learn_expressions(trip, steps);
}

// Each width of characters has functions of its own.
void CStack::learn_expressions(const Trip& trip, std::size_t steps) {
    const Ref pattern =
        checked(PyObject_CallFunction(imported("re", "compile").get(), "s", kLongExpression));
    for (const char* letter : {"a", "\u0101", "\U00010101"}) {
        const Ref unit = checked(PyUnicode_FromString(letter));
        const Ref a = checked(PyUnicode_FromString("a"));
        const Ref many = checked(PySequence_Repeat(a.get(), kLongText));
        const Ref text = checked(PyUnicode_Concat(many.get(), unit.get()));
        const auto learn = [&](const Ref& object, const char* method, const char* format) {
            learn_way(noted_while([&] {
                          trip(Duration::zero());
                          checked(PyObject_CallMethod(object.get(), method, format, text.get()));
                      }),
                      steps);
        };
        learn(pattern, "match", "O");
        learn(pattern, "search", "O");
        learn(checked(PyObject_CallMethod(pattern.get(), "scanner", "O", text.get())), "search",
              nullptr);
    }
}

// A lock waits at once, so the signal has to come later.
void CStack::learn_locks(const Trip& trip) {
    const Ref lock = checked(PyObject_CallNoArgs(original_lock().get()));
    const Ref acquire = checked(PyObject_GetAttrString(lock.get(), "acquire"));
    checked(PyObject_CallNoArgs(acquire.get()));
    for (const int patience : {2, 10, 50}) {
        const Trace trace = noted_while([&] {
            trip(std::chrono::milliseconds(patience) / 2);
            checked(PyObject_CallFunction(acquire.get(), "id", 1, patience / 1e3));
        });
        // The next function is the lock's, or a part of it that the compiler has set apart.
        const std::size_t steps = steps_to(trace, address_of("Py_MakePendingCalls")) + 1;
        if (steps <= trace.size()) {
            learn_way(trace, steps);
            lock_ways_ = 1;
            return;
        }
    }
}

CStack::Verdict CStack::look() noexcept {
    code_.renew();
    Walk walk{*this};
    walk.go();
    if (!walk.fine) {
        return Verdict::Stay;
    }
    return walk.way < ways_.size() - lock_ways_ ? Verdict::Suspend : Verdict::Waits;
}

}  // namespace geventd::py
