// SPDX-License-Identifier: MIT
#include "websocket/session.h"

#ifdef GEVENTD_WEBSOCKET
#include "websocket/wslay_session.h"
#endif

namespace geventd::websocket {

bool is_sendable_code(int code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

bool is_built() {
#ifdef GEVENTD_WEBSOCKET
    return true;
#else
    return false;
#endif
}

std::unique_ptr<Engine> make_engine() {
#ifdef GEVENTD_WEBSOCKET
    return std::make_unique<WslayEngine>();
#else
    return nullptr;
#endif
}

}  // namespace geventd::websocket
