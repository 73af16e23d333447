// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "event/loop.h"
#include "ipc/channel.h"

namespace geventd::master {

/// A question to a worker's observer thread: where do its greenlets stand? The answer comes when
/// the observer gets the worker's GIL, maybe never. Destroying the query cancels it, also in the
/// worker.
/// Lives in: master.
class StackQuery {
  public:
    struct Question {
        ipc::Sight sight = ipc::Sight::Document;
        std::string request;  ///< the request to find; empty: all
    };

    /// Called at most once, from the loop, with the worker's report; nullopt when its process has
    /// ended or the report cannot be read. May destroy the query.
    using Done = std::function<void(std::optional<std::string> report)>;

    /// Throws ErrnoError, or std::runtime_error when the worker has too many open questions.
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
