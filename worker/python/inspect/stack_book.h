// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "worker/python/base/ref.h"
#include "worker/python/inspect/report.h"

namespace geventd::py {

/// Stacks of Python code. A stack that many greenlets share is kept once: thousands that wait at
/// the same place cost little more than one.
/// Lives in: worker, observer's thread. The GIL is held in every call and when it is destroyed.
class StackBook {
  public:
    /// Adds the stack whose innermost call is `frame`, without geventd's own calls below all
    /// others, and returns its number; None or null: an empty stack. Runs no Python code.
    std::uint32_t add(PyObject* frame);

    /// All stacks, in the order of their numbers.
    [[nodiscard]] std::vector<std::vector<Call>> read() const;

    /// The outermost call of a stack that is not in a file whose name begins with `without`; empty:
    /// there is none.
    [[nodiscard]] Call outermost(std::uint32_t stack, const std::string& without) const;

    /// The place of a code object, with its first line.
    const Call& place_of(PyObject* code);

  private:
    using Position = std::pair<std::uint32_t, int>;  ///< number of the code object, and line

    std::uint32_t number_of(PyObject* code);
    void leave_out_script(std::vector<Position>& stack) const;

    struct Code {
        Ref object;
        Call place;
    };

    std::vector<Code> codes_;
    std::unordered_map<const PyObject*, std::uint32_t> code_numbers_;
    std::map<std::vector<Position>, std::uint32_t> numbers_;
    std::vector<const std::vector<Position>*> stacks_;  ///< the keys of numbers_
};

}  // namespace geventd::py
