// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "ipc/messages.h"

namespace geventd::master {

// What a pool tells its workers, later ones too. See ipc/messages.h.

inline ipc::Message make_pause(bool on) {
    ipc::Message message;
    message.type = ipc::MessageType::Pause;
    message.value = on ? 1 : 0;
    return message;
}

inline ipc::Message make_leaving() {
    ipc::Message message;
    message.type = ipc::MessageType::Leaving;
    return message;
}

inline ipc::Message make_fault(std::string text) {
    ipc::Message message;
    message.type = ipc::MessageType::Fault;
    message.text = std::move(text);
    return message;
}

}  // namespace geventd::master
