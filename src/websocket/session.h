// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "websocket/deflate_terms.h"

namespace geventd::websocket {

/// Closing codes that the server itself uses (RFC 6455 7.4, RFC 7936).
enum : std::uint16_t {
    kNormal = 1000,
    kGoingAway = 1001,
    kNoCode = 1005,
    kAbnormal = 1006,
    kServerError = 1011,
    kServiceRestart = 1012,
    kBadGateway = 1014,
};

/// Whether an endpoint may put the code into a closing frame.
bool is_sendable_code(int code);

/// The most bytes of a reason, or of a ping, that a control frame has room for.
inline constexpr std::size_t kMostReason = 123;
inline constexpr std::size_t kMostPing = 125;

/// The server's side of one WebSocket as bytes in and bytes out: it has no socket, no clock and
/// never waits. It answers pings and closing frames, joins fragments, and checks frames and UTF-8;
/// a client that breaks the rules gets the closing frame for that, and on_end() is called.
///
/// Messages that are sent, and what the session answers by itself, are in take_output(). What has
/// been received while its user is full stays in the session.
/// Lives in: worker, loop side.
class Session {
  public:
    /// What the session tells its user from within receive() and go_on(). Must not call the
    /// session, except is_full().
    class User {
      public:
        User() = default;
        User(const User&) = delete;
        User& operator=(const User&) = delete;
        virtual ~User() = default;

        /// A whole message. Throws std::bad_alloc: the session must then be abandoned.
        virtual void on_message(bool is_text, std::string message) = 0;

        /// The user takes no more messages for now: not even the frame is looked at that comes
        /// next.
        [[nodiscard]] virtual bool is_full() const = 0;
    };

    struct Terms {
        std::uint64_t most_message;           ///< bytes, of all fragments in sum
        std::optional<DeflateTerms> deflate;  ///< nullopt: messages are not compressed
        std::uint64_t least_compressed = 1;   ///< bytes of a message that is worth it
    };

    /// Why nothing more is received.
    struct End {
        std::uint16_t code = kAbnormal;
        std::string reason;
        bool by_client = false;  ///< it has sent a closing frame
    };

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Takes received bytes. False when memory has run out: the session must be abandoned.
    virtual bool receive(std::string_view bytes) noexcept = 0;

    /// Goes on with received bytes that the session has kept. False as receive().
    bool go_on() noexcept { return receive({}); }

    /// Received bytes are left for go_on().
    [[nodiscard]] virtual bool has_input() const = 0;

    /// Set once the client has closed, or broken the rules: receives nothing more.
    [[nodiscard]] virtual const std::optional<End>& end() const = 0;

    /// These put a frame into the output. False after a closing frame, or without memory. REQUIRES:
    /// a text is UTF-8; a ping and a reason are not longer than their most.
    virtual bool send(bool is_text, std::string_view message) noexcept = 0;
    virtual bool ping(std::string_view payload) noexcept = 0;
    virtual bool close(std::uint16_t code, std::string_view reason) noexcept = 0;

    [[nodiscard]] virtual bool has_output() const = 0;

    /// The output so far. Throws std::bad_alloc.
    virtual std::string take_output() = 0;

    /// A closing frame was in the output that was taken: there is no more.
    [[nodiscard]] virtual bool close_sent() const = 0;
};

/// Makes sessions, and has what they share. Outlives them.
/// Lives in: worker, loop side; one a process.
class Engine {
  public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;

    /// Throws std::bad_alloc.
    virtual std::unique_ptr<Session> make(Session::User& user, const Session::Terms& terms) = 0;
};

/// Whether this build has an engine.
bool is_built();

/// Null in a build that has none. Throws std::bad_alloc.
std::unique_ptr<Engine> make_engine();

}  // namespace geventd::websocket
