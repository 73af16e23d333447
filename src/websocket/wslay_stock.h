// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <wslay/wslay.h>

#include "websocket/codec.h"
#include "websocket/frame_trace.h"

namespace geventd::websocket {

class WslaySession;

/// A context of wslay, the session that it works for, and what that is in the midst of.
/// Lives in: worker, loop side.
class WslayContext {
  public:
    /// `calls` are called with this object. Throws std::bad_alloc.
    explicit WslayContext(const wslay_event_callbacks& calls);
    WslayContext(const WslayContext&) = delete;
    WslayContext& operator=(const WslayContext&) = delete;

    ~WslayContext() { wslay_event_context_free(context_); }

    [[nodiscard]] wslay_event_context_ptr get() const { return context_; }

    /// Nothing has begun that is not at its end.
    [[nodiscard]] bool is_unused() const;

    /// What is kept, and `bytes` behind it.
    std::string_view add_to_kept(std::string_view bytes);

    /// Keeps the end of what was there to take.
    void keep(std::string_view rest);

    WslaySession* session = nullptr;
    std::string_view input;    ///< what wslay may take
    FrameTrace frames{false};  ///< of what it has taken
    std::string kept;          ///< received before, and not all taken yet
    std::size_t used = 0;      ///< how much of that has been taken
    std::string output;
    std::string message;                 ///< the fragments so far
    std::unique_ptr<Inflater> inflater;  ///< while a compressed message arrives
    bool in_message = false;             ///< a message has begun
    bool in_data_frame = false;

  private:
    wslay_event_context_ptr context_ = nullptr;
};

/// Contexts that no session needs for now. One takes more than 8 KiB, for buffers that are empty
/// between two frames; so a session has one only while it is in the midst of something, and
/// thousands that are silent share a few.
/// Lives in: worker, loop side.
class WslayStock {
  public:
    /// Throws std::bad_alloc.
    WslayStock() { unused_.reserve(kMostKept); }

    /// Throws std::bad_alloc.
    std::unique_ptr<WslayContext> take(const wslay_event_callbacks& calls);

    /// REQUIRES: is_unused(), and nobody has closed.
    void give(std::unique_ptr<WslayContext> context) noexcept;

  private:
    static constexpr std::size_t kMostKept = 16;

    std::vector<std::unique_ptr<WslayContext>> unused_;
};

}  // namespace geventd::websocket
