// SPDX-License-Identifier: MIT
#include "worker/python/inspect/stack_book.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <frameobject.h>

#include "ipc/stack_signal.h"

namespace geventd::py {

namespace {

// How many calls of a stack are kept: the innermost.
constexpr std::size_t kMostCalls = 100;

// An attribute that is a str; "?" if it is not.
std::string text_of(PyObject* object, const char* name) {
    const Ref value = Ref::steal(PyObject_GetAttrString(object, name));
    Py_ssize_t size = 0;
    const char* text = value && PyUnicode_Check(value.get())
                           ? PyUnicode_AsUTF8AndSize(value.get(), &size)
                           : nullptr;
    PyErr_Clear();
    return text == nullptr ? "?" : std::string(text, static_cast<std::size_t>(size));
}

std::string function_of(PyObject* code) {
    std::string name = text_of(code, "co_qualname");  // since Python 3.11
    return name == "?" ? text_of(code, "co_name") : name;
}

}  // namespace

std::uint32_t StackBook::number_of(PyObject* code) {
    const auto [found, is_new] =
        code_numbers_.emplace(code, static_cast<std::uint32_t>(codes_.size()));
    if (is_new) {
        const int line = reinterpret_cast<PyCodeObject*>(code)->co_firstlineno;
        codes_.push_back(
            {Ref::borrow(code), {text_of(code, "co_filename"), function_of(code), line}});
    }
    return found->second;
}

std::uint32_t StackBook::add(PyObject* frame) {
    std::vector<Position> stack;
    Ref at = frame == Py_None ? Ref() : Ref::borrow(frame);
    while (at && stack.size() < kMostCalls) {
        auto* const raw = reinterpret_cast<PyFrameObject*>(at.get());
        const Ref code = Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(raw)));
        stack.emplace_back(number_of(code.get()), PyFrame_GetLineNumber(raw));
        at = Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(raw)));
    }
    leave_out_script(stack);
    std::reverse(stack.begin(), stack.end());
    const auto [found, is_new] =
        numbers_.emplace(std::move(stack), static_cast<std::uint32_t>(stacks_.size()));
    if (is_new) {
        stacks_.push_back(&found->first);
    }
    return found->second;
}

// Of an interpreter that executes worker.py: the main greenlet's outermost calls are there.
void StackBook::leave_out_script(std::vector<Position>& stack) const {
    constexpr std::string_view kScript = ipc::kWorkerScript;
    while (!stack.empty() &&
           std::string_view(codes_[stack.back().first].place.file).ends_with(kScript)) {
        stack.pop_back();
    }
}

std::vector<std::vector<Call>> StackBook::read() const {
    std::vector<std::vector<Call>> stacks;
    for (const auto* stack : stacks_) {
        stacks.emplace_back();
        for (const auto& [code, line] : *stack) {
            const Call& place = codes_[code].place;
            stacks.back().push_back({place.file, place.function, line});
        }
    }
    return stacks;
}

Call StackBook::outermost(std::uint32_t stack, const std::string& without) const {
    for (const auto& [code, line] : *stacks_[stack]) {
        const Call& place = codes_[code].place;
        if (place.file.compare(0, without.size(), without) != 0) {
            return place;
        }
    }
    return {};
}

const Call& StackBook::place_of(PyObject* code) {
    return codes_[number_of(code)].place;
}

}  // namespace geventd::py
