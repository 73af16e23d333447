// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// An opaque greenlet: the loop side only keeps pointers to it, which are borrowed, and passes them
/// back to the Python side (worker/python/base/greenlet_object.h). This class is never defined.
class Greenlet;

}  // namespace geventd::worker
