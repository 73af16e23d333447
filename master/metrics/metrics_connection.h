// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "http/head_parser.h"
#include "master/metrics/page.h"

namespace geventd::master {

/// One client that watches the server: Reading (a request head) → Writing → Closing (until the
/// client has heard it) → gone, each of the three until the deadline at most. One request a
/// connection; a body is not looked at. A client that is told without asking begins with Writing,
/// and hears no HTTP. Never blocks.
/// Lives in: master, owned by the MetricsServer, which destroys it when it is told so.
class MetricsConnection : public event::Deadline {
  public:
    class Owner {
      public:
        virtual Page page(std::string_view path, std::string_view query) = 0;

        /// Destroys the connection.
        virtual void on_finished(MetricsConnection& connection) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    struct Context {
        event::Loop& loop;
        event::DeadlineList& deadlines;
        Owner& owner;
    };

    MetricsConnection(const Context& context, std::uint64_t id, UniqueFd fd);
    MetricsConnection(const MetricsConnection&) = delete;
    MetricsConnection& operator=(const MetricsConnection&) = delete;
    ~MetricsConnection();

    /// Sends a text and no more. May destroy the connection.
    void tell(std::string text) { begin_writing(std::move(text)); }

    [[nodiscard]] std::uint64_t id() const { return id_; }

    /// Its time is over.
    void on_due() noexcept;

  private:
    enum class State { Reading, Writing, Closing };

    void on_io(int events) noexcept;
    ssize_t receive(std::span<char> room);
    void read_more();
    void respond(std::string_view bytes);
    void begin_writing(std::string answer);
    void write_more() noexcept;
    void read_away() noexcept;
    void enter(State state);

    Context context_;
    std::uint64_t id_;
    UniqueFd fd_;
    event::Io io_;
    State state_ = State::Reading;
    http::HeadScanner scanner_;
    std::string input_;
    std::string output_;
    std::size_t sent_ = 0;
};

}  // namespace geventd::master
