// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "worker/connection/connections.h"
#include "worker/requests/admission.h"
#include "worker/serve/gate.h"
#include "worker/serve/successor.h"
#include "worker/sticky/inbox.h"
#include "worker/sticky/sticky.h"

namespace geventd::worker {

/// The sessions that live in this worker: gives their ids its mark, takes the connections that
/// others deliver for them, and keeps a draining worker until they have ended or its time is over.
/// Lives in: worker, loop side; where `sticky` is set.
class StickySessions final : private Inbox::Owner {
  public:
    struct Parts {
        event::DeadlineClock& clock;
        event::Loop& loop;
        Gate& gate;
        const Admission& admission;
        Connections& connections;
        const Successor& successor;
    };

    /// Borrows the parts; `on_over`: called when nothing more will be delivered. Throws ErrnoError.
    StickySessions(const Parts& parts, const config::Sticky& settings,
                   std::function<void()> on_over);

    /// Called when the hub turns.
    void open() { inbox_.open(); }

    /// An id of a session of this worker.
    [[nodiscard]] std::string mark(std::string_view id) const { return sticky_.own.on(id); }

    /// The same for the application, which does not tell when the session ends.
    [[nodiscard]] std::string mark_for_ever(std::string_view id);

    /// Sets how to find out whether there are open sessions besides those. It must not throw.
    void look_by(std::function<bool()> has_open) { has_open_ = std::move(has_open); }

    /// The worker drains. `keep`: others go on serving, and deliver what is for the sessions.
    void drain(bool keep);

    /// The time of sessions is over.
    void end() noexcept;

    /// Nothing more will be delivered.
    [[nodiscard]] bool are_over() const { return inbox_.is_over(); }

  private:
    [[nodiscard]] bool has_room() const override { return gate_.has_room(); }

    void on_delivered(UniqueFd connection, const Parcel& parcel) override;
    void inbox_lost() override;

    void inbox_over() override { on_over_(); }

    void look() noexcept;

    Gate& gate_;
    const Admission& admission_;
    Connections& connections_;
    const Successor& successor_;
    Sticky sticky_;
    Inbox inbox_;
    event::Timer look_timer_;
    std::function<void()> on_over_;
    std::function<bool()> has_open_;
    bool has_endless_ = false;
};

}  // namespace geventd::worker
