// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"
#include "net/address.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"

namespace geventd::worker {

struct Context;

/// What a protocol made of received bytes.
struct Parsed {
    enum class State : std::uint8_t {
        Incomplete,  ///< more bytes are needed
        Request,     ///< a request's head, and as much of its body as has arrived
        Refused,     ///< malformed, or a request that is not accepted, or not here
        Answered,    ///< no request, but something that `answer` answers
    };

    State state = State::Incomplete;
    std::size_t used = 0;  ///< bytes consumed
    http::Rejection rejection;
    std::string fields;  ///< of the answer to what is refused: whole header lines
    std::string answer;

    static Parsed refused(const http::Rejection& rejection) {
        return {.state = State::Refused, .rejection = rejection};
    }
};

/// What a protocol needs in order to parse a request.
struct Intake {
    Context& context;
    const Exchange& exchange;    ///< will carry the request
    http::HeadScanner& scanner;  ///< remembers how far an incomplete head was scanned
    RequestRef& request;         ///< set by begin(), also when the request is refused afterwards

    /// Takes a request from the pool; `head` is the bytes of its head.
    Request& begin(std::string_view head) const;
};

/// Parses a connection's bytes into requests. Request::form says how to answer, so nothing else
/// needs to know the protocol.
/// Lives in: worker, loop side. Has no state: there is one object of each protocol.
class Protocol {
  public:
    Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;
    virtual ~Protocol() = default;

    /// Looks for one request at the start of `bytes`.
    [[nodiscard]] virtual Parsed parse(std::string_view bytes, const Intake& intake) const = 0;
};

}  // namespace geventd::worker
