// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "uwsgi/packet.h"

namespace geventd::uwsgi {

/// A packet of variables, as a web server sends it.
inline std::string make_packet(std::uint8_t modifier1, std::uint8_t modifier2,
                               std::span<const Var> vars) {
    std::string block;
    for (const Var& var : vars) {
        for (const std::string_view text : {var.key, var.value}) {
            block.push_back(static_cast<char>(text.size() & 0xff));
            block.push_back(static_cast<char>(text.size() >> 8));
            block.append(text);
        }
    }
    std::string packet;
    append_packet(packet, modifier1, modifier2, block);
    return packet;
}

}  // namespace geventd::uwsgi
