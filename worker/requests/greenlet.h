// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// A greenlet, as the loop side knows it: something to remember and to hand back to the Python
/// side, which alone can look into it (worker/python/base/greenlet_object.h). A pointer to one
/// borrows it. This class is defined nowhere.
class Greenlet;

}  // namespace geventd::worker
