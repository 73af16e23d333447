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

/// The messages between two masters while one takes over from the other. Their versions may
/// differ, so messages are text and independent of any struct layout; readers ignore unknown
/// fields.
///
///   geventd-upgrade 1 TYPE
///   key: value
///                           (an empty line, then the body)
///
///   old ── descriptors + [listeners] ──▶ new   those that do not fit into "begin", sent first
///   old ── begin + [listeners] ──▶ new      what there is to take over
///   new ── hello ──▶ old                    it is a geventd that knows upgrades
///   new ── ready | failed(reason) ──▶ old   its first generation could serve | has failed
///   old ── take-over + [control, pidfile] ──▶ new   the old one has stopped ticks and control
///   new ── taken ──▶ old                    it uses all of that
///   old ── lead ──▶ new                     serve; from here on the old one drains
///   old ── signal(id, ...) ──▶ new ── accepted(id) | refused(id) ──▶ old    pending signals
///
/// A body that does not fit into a message is sent in a memory file, the last descriptor, and the
/// field "body-in-file" is set.
///
/// End of file: the other master is gone.
struct UpgradeMessage {
    std::string type;
    std::map<std::string, std::string> fields;
    std::string body;
    std::vector<UniqueFd> fds;

    /// The field's text; empty when it is missing.
    [[nodiscard]] std::string_view text(const std::string& key) const;

    /// The field's number; 0 when it is missing or not a number.
    [[nodiscard]] std::int64_t number(const std::string& key) const;
};

/// The bytes of a message, without its descriptors.
std::string format_upgrade_message(const UpgradeMessage& message);

/// Fails with a sentence unless it is a message of a version that we speak.
Result<UpgradeMessage> parse_upgrade_message(std::string_view bytes);

constexpr std::size_t kMaxUpgradeMessage = 256 << 10;

/// One end of the line between two masters; carries messages and descriptors. Only wait() blocks.
/// Lives in: master.
class UpgradeLine {
  public:
    enum class Sent { Yes, Full, Gone };
    enum class Received { Message, Empty, Closed };

    UpgradeLine() = default;

    explicit UpgradeLine(UniqueFd fd) : fd_(std::move(fd)) {}

    /// Throws ErrnoError.
    static std::pair<UpgradeLine, UpgradeLine> make_pair();

    /// Returns Full also when no memory file can be made for a large body.
    Sent send(const UpgradeMessage& message) noexcept;

    /// A message that cannot be understood counts as end of file.
    Received receive(UpgradeMessage& message) noexcept;

    /// Waits for something to read; false at the timeout.
    [[nodiscard]] bool wait(int milliseconds) const noexcept;

    [[nodiscard]] int fd() const { return fd_.get(); }

    explicit operator bool() const { return static_cast<bool>(fd_); }

    void close() { fd_.reset(); }

  private:
    Sent send_parts(const UpgradeMessage& message, std::span<const UniqueFd> fds) noexcept;
    Sent send_packet(std::string bytes, std::span<const UniqueFd> fds) noexcept;
    Received receive_packet(UpgradeMessage& message) noexcept;

    UniqueFd fd_;
    std::vector<UniqueFd> earlier_;  ///< from "descriptors", for the next message
};

}  // namespace geventd::master
