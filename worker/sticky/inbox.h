// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <list>

#include "base/fd.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "worker/sticky/delivery.h"
#include "worker/sticky/mark.h"

namespace geventd::worker {

/// Takes the connections that other workers deliver, while this worker has room for them: the
/// others wait in the kernel's queue. The socket dies with the process, and what waits in it with
/// the socket, so no client is left to a worker that is gone.
/// Lives in: worker, loop side.
class Inbox {
  public:
    class Owner {
      public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        virtual ~Owner() = default;

        [[nodiscard]] virtual bool has_room() const = 0;

        virtual void on_delivered(UniqueFd connection, const Parcel& parcel) = 0;

        /// The application has closed the socket, or put another file in its place.
        virtual void inbox_lost() = 0;

        /// Nothing more will come.
        virtual void inbox_over() = 0;
    };

    /// Throws ErrnoError.
    Inbox(event::Loop& loop, event::DeadlineClock& clock, const Mark& mark, Owner& owner);
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;
    ~Inbox() = default;

    /// Called when the hub turns.
    void open();

    /// From now on nothing can be delivered; takes what was delivered before.
    void close() noexcept;

    [[nodiscard]] bool is_over() const { return !socket_ && lines_.empty(); }

  private:
    /// A connection of another worker, which sends one packet on it at once.
    struct Line : event::Deadline {
        Line(Inbox& home, UniqueFd accepted);
        void on_readable(int events) noexcept;
        void on_due() noexcept;

        Inbox& inbox;
        UniqueFd fd;
        event::Io io;
    };

    void on_readable(int events) noexcept;
    void on_rested() noexcept;
    void accept_some(int most);
    bool accept_one();
    Delivered take(int line) noexcept;
    void hand_on(Delivered delivered) noexcept;
    void end(Line& line) noexcept;
    void rest();
    bool keep_spares() noexcept;
    void free_spares() noexcept;
    void give_up(UniqueFd& copy) const noexcept;
    void pause_for(int error);
    [[nodiscard]] bool is_lost() const;
    void replace_lost();

    event::Loop& loop_;
    Owner& owner_;
    UniqueFd socket_;
    UniqueFd copy_;  ///< of the socket, in case the application closes the first descriptor
    ino_t inode_;
    std::array<UniqueFd, 2> spares_;  ///< whose numbers those that a packet brings can have
    event::Io io_;
    event::Timer rest_timer_;
    event::DeadlineList patience_;
    std::list<Line> lines_;  ///< whose packets are awaited
    bool told_ = false;      ///< the reason why nothing can be taken has been logged
};

}  // namespace geventd::worker
