// SPDX-License-Identifier: MIT
#include "log/escape.h"

#include <cstddef>
#include <cstdint>

namespace geventd::log {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

/// What a lead byte asks for: how many bytes in all, and the bounds of the second one, which
/// keep out overlong forms, surrogates and what lies beyond U+10FFFF.
struct Lead {
    std::size_t length = 0;
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xbf;
};

Lead classify_lead(std::uint8_t lead) {
    if (lead >= 0xc2 && lead <= 0xdf) {
        // C2 80 to C2 9F are the C1 controls: terminals obey them as they do ESC.
        return {2, static_cast<std::uint8_t>(lead == 0xc2 ? 0xa0 : 0x80)};
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return {3, static_cast<std::uint8_t>(lead == 0xe0 ? 0xa0 : 0x80),
                static_cast<std::uint8_t>(lead == 0xed ? 0x9f : 0xbf)};
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        return {4, static_cast<std::uint8_t>(lead == 0xf0 ? 0x90 : 0x80),
                static_cast<std::uint8_t>(lead == 0xf4 ? 0x8f : 0xbf)};
    }
    return {};
}

/// Length of the printable character at `at`; 0 when it is a control or no UTF-8.
std::size_t printable_length(std::string_view text, std::size_t at) {
    const std::uint8_t first = byte_at(text, at);
    if (first < 0x80) {
        return first >= 0x20 && first != 0x7f ? 1 : 0;
    }
    const Lead lead = classify_lead(first);
    if (lead.length == 0 || text.size() - at < lead.length) {
        return 0;
    }
    if (byte_at(text, at + 1) < lead.second_min || byte_at(text, at + 1) > lead.second_max) {
        return 0;
    }
    for (std::size_t i = 2; i < lead.length; ++i) {
        if ((byte_at(text, at + i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return lead.length;
}

void append_hex(std::string& out, std::string_view prefix, std::uint8_t byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out.append(prefix);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 0xf]);
}

void append_control(std::string& out, std::uint8_t byte) {
    switch (byte) {
        case '\n':
            out.append("\\n");
            break;
        case '\r':
            out.append("\\r");
            break;
        case '\t':
            out.append("\\t");
            break;
        default:
            append_hex(out, "\\x", byte);
    }
}

void append_json_special(std::string& out, std::uint8_t byte) {
    if (byte == '"' || byte == '\\') {
        out.push_back('\\');
        out.push_back(static_cast<char>(byte));
    } else if (byte == '\n' || byte == '\r' || byte == '\t') {
        append_control(out, byte);
    } else if (byte < 0x80) {
        append_hex(out, "\\u00", byte);
    } else {
        out.append("\xef\xbf\xbd");
    }
}

/// Copies printable characters, all but those in `quoted`, and hands every other byte to
/// `special`.
template <typename Special>
std::string escape(std::string_view text, std::string_view quoted, Special special) {
    std::string out;
    out.reserve(text.size() + 16);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = printable_length(text, at);
        if (length == 0 || (length == 1 && quoted.find(text[at]) != std::string_view::npos)) {
            special(out, byte_at(text, at));
            ++at;
            continue;
        }
        out.append(text.substr(at, length));
        at += length;
    }
    return out;
}

}  // namespace

std::string escape_controls(std::string_view text) {
    return escape(text, "", append_control);
}

std::string escape_lines(std::string_view text) {
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    return escape(text, "", [](std::string& out, std::uint8_t byte) {
        if (byte == '\n') {
            out.append("\n\t");
        } else {
            append_control(out, byte);
        }
    });
}

std::string escape_json(std::string_view text) {
    return escape(text, "\"\\", append_json_special);
}

}  // namespace geventd::log
