// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace geventd::master {

/// What two masters say to each other while one takes over from the other. They may be of
/// different versions, so this is text that stands for itself: nothing of it follows the layout of
/// a struct, and whoever reads leaves alone what he does not know.
///
///   geventd-upgrade 1 TYPE
///   key: value
///                           (an empty line, then the body)
///
///   old ── descriptors + [listeners] ──▶ new   the first ones, if a message does not hold them all
///   old ── begin + [listeners] ──▶ new      what there is to take over
///   new ── hello ──▶ old                    it is a geventd that knows how
///   new ── ready | failed(reason) ──▶ old   its first generation could serve | never will
///   old ── take-over + [control, pidfile] ──▶ new   the old one holds its ticks and its control
///   new ── taken ──▶ old                    all of it is in use
///   old ── lead ──▶ new                     serve; from here on the old one drains
///   old ── signal(id, ...) ──▶ new ── accepted(id) | refused(id) ──▶ old    pending signals
///
/// A body that does not fit into a message is in a memory file, the last descriptor, of which the
/// field "body-in-file" tells.
///
/// End of file: the other one is gone.
struct UpgradeMessage {
    std::string type;
    std::map<std::string, std::string> fields;
    std::string body;
    std::vector<UniqueFd> fds;

    /// A field's text; "" when it is missing.
    [[nodiscard]] std::string_view text(const std::string& key) const;

    /// A field's number; 0 when it is missing or none.
    [[nodiscard]] std::int64_t number(const std::string& key) const;
};

/// The bytes of a message, without its descriptors.
std::string format_upgrade_message(const UpgradeMessage& message);

/// Fails with a sentence for what is no message of a version that we speak.
Result<UpgradeMessage> parse_upgrade_message(std::string_view bytes);

constexpr std::size_t kMaxUpgradeMessage = 256 << 10;

/// One end of the line between two masters, over which messages and descriptors go. Does not block
/// but in wait().
/// Lives in: master.
class UpgradeLine {
  public:
    enum class Sent { Yes, Full, Gone };
    enum class Received { Message, Empty, Closed };

    UpgradeLine() = default;

    explicit UpgradeLine(UniqueFd fd) : fd_(std::move(fd)) {}

    /// Throws ErrnoError.
    static std::pair<UpgradeLine, UpgradeLine> make_pair();

    /// Full also when there is no memory file for a large body.
    Sent send(const UpgradeMessage& message) noexcept;

    /// What cannot be understood is as good as the end.
    Received receive(UpgradeMessage& message) noexcept;

    /// Waits for something to read; false when the time is over.
    [[nodiscard]] bool wait(int milliseconds) const noexcept;

    [[nodiscard]] int fd() const { return fd_.get(); }

    explicit operator bool() const { return static_cast<bool>(fd_); }

    void close() { fd_.reset(); }

  private:
    Sent send_parts(const UpgradeMessage& message, std::span<const UniqueFd> fds) noexcept;
    Sent send_packet(std::string bytes, std::span<const UniqueFd> fds) noexcept;
    Received receive_packet(UpgradeMessage& message) noexcept;

    UniqueFd fd_;
    std::vector<UniqueFd> earlier_;  ///< of the message that comes next
};

}  // namespace geventd::master
