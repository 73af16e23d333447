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
        Request,     ///< the head of a request, and what has come of its body
        Refused,     ///< no request of this protocol, or one that is not taken
        Answered,    ///< no request, but a question that `answer` ends
    };

    State state = State::Incomplete;
    std::size_t used = 0;  ///< bytes that are done with
    http::Rejection rejection;
    std::string answer;

    static Parsed refused(const http::Rejection& rejection) {
        return {.state = State::Refused, .rejection = rejection};
    }
};

/// What a protocol reads a request for, and with.
struct Intake {
    Context& context;
    const Exchange& exchange;    ///< whose request it will be
    http::HeadScanner& scanner;  ///< has been through the bytes of an incomplete head
    RequestRef& request;         ///< becomes the request; stays there if that is refused

    /// Takes a request whose head is these bytes.
    Request& begin(std::string_view head) const;
};

/// How the bytes of a connection become requests. A request says itself how it is to be answered
/// (Request::form), so nobody else asks for the protocol.
/// Lives in: worker, loop side. Has no state: there is one of each.
class Protocol {
  public:
    Protocol() = default;
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;
    virtual ~Protocol() = default;

    /// Looks for one request at the begin of `bytes`.
    [[nodiscard]] virtual Parsed parse(std::string_view bytes, const Intake& intake) const = 0;
};

}  // namespace geventd::worker
