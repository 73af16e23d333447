// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "base/shared_pages.h"

namespace geventd {

/// Destroys an object where make_in_corner() has put it.
template <typename Object>
struct CornerDelete {
    bool in_corner = false;

    void operator()(Object* object) const {
        if (!in_corner) {
            std::default_delete<Object>()(object);
            return;
        }
        object->~Object();
        SharedPages::of_process().give_corner(object);
    }
};

/// An object that lies in a corner of SharedPages, if one was free.
template <typename Object>
using InCorner = std::unique_ptr<Object, CornerDelete<Object>>;

template <typename Object, typename... Arguments>
InCorner<Object> make_in_corner(Arguments&&... arguments) {
    static_assert(sizeof(Object) <= SharedPages::kCorners.back());
    static_assert(alignof(Object) <= alignof(std::max_align_t));
    void* corner = SharedPages::of_process().take_corner(sizeof(Object));
    if (corner == nullptr) {
        auto object = std::make_unique<Object>(std::forward<Arguments>(arguments)...);
        return InCorner<Object>(object.release(), {false});
    }
    try {
        return InCorner<Object>(new (corner) Object(std::forward<Arguments>(arguments)...), {true});
    } catch (...) {
        SharedPages::of_process().give_corner(corner);
        throw;
    }
}

}  // namespace geventd
