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

/// Stacks of Python code, each kept once however many greenlets stand there: those of thousands
/// that wait for the same cost little more than one.
/// Lives in: worker, observer's thread. The GIL is held in every call and when it is destroyed.
class StackBook {
  public:
    /// The stack whose innermost call is that frame; None or null: an empty one. Runs no Python
    /// code.
    std::uint32_t add(PyObject* frame);

    /// All of them, in the order of their numbers.
    [[nodiscard]] std::vector<std::vector<Call>> read() const;

    /// The first call of a stack that is in no file whose name begins so; an empty one: none is.
    [[nodiscard]] Call outermost(std::uint32_t stack, const std::string& without) const;

    /// Where that code stands; its line is the first one.
    const Call& place_of(PyObject* code);

  private:
    using Position = std::pair<std::uint32_t, int>;  ///< which code, which line

    std::uint32_t number_of(PyObject* code);

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
