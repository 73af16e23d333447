// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "event/loop.h"
#include "ipc/channel.h"

namespace geventd::master {

/// A question to a worker's observer: where do its greenlets stand? The answer comes when the GIL
/// can be had in the worker, maybe never: who has no patience any more destroys the question, and
/// the worker forgets it.
/// Lives in: master.
class StackQuery {
  public:
    struct Question {
        ipc::Sight sight = ipc::Sight::Document;
        std::string request;  ///< the one that is asked for; "": all
    };

    /// Called once at most, from the loop, with what the worker wrote, or none when its process has
    /// ended or wrote what cannot be read. May destroy the query.
    using Done = std::function<void(std::optional<std::string> report)>;

    /// Throws ErrnoError, or std::runtime_error when the worker has too many questions already.
    StackQuery(event::Loop& loop, ipc::Channel& observer, const Question& question, Done done);
    StackQuery(const StackQuery&) = delete;
    StackQuery& operator=(const StackQuery&) = delete;

    ~StackQuery() { io_.forget(); }

  private:
    void on_io(int events) noexcept;

    ipc::Channel answer_;
    event::Io io_;
    Done done_;
};

}  // namespace geventd::master
