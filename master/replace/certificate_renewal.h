// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/certificates/certificates.h"
#include "master/replace/change_watch.h"
#include "master/supervise/supervisor.h"

namespace geventd::master {

/// Keeps the certificates of the serving generation up to date without a reload: takes new ones
/// when their files change, and turns the keys of session tickets.
/// Lives in: master, one.
class CertificateRenewal {
  public:
    CertificateRenewal(event::Loop& loop, event::DeadlineClock& clock, Certificates& certificates,
                       Supervisor& supervisor);
    CertificateRenewal(const CertificateRenewal&) = delete;
    CertificateRenewal& operator=(const CertificateRenewal&) = delete;
    ~CertificateRenewal() = default;

    /// The generation for which they were prepared serves.
    void on_serving();

  private:
    [[nodiscard]] Duration until_turn() const;
    void on_file_change() noexcept;
    void renew() noexcept;
    void on_turn() noexcept;
    void on_day() noexcept;
    void hand_out(UniqueFd memory) noexcept;

    Certificates& certificates_;
    Supervisor& supervisor_;
    ChangeWatch watch_;
    event::Timer turn_;
    event::Timer day_;
    event::Timer again_;        ///< after a failure
    std::size_t failures_ = 0;  ///< since the files have changed
};

}  // namespace geventd::master
