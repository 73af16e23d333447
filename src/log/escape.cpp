// SPDX-License-Identifier: MIT
#include "log/escape.h"

#include <cstddef>
#include <cstdint>

#include "log/invisible.h"

namespace geventd::log {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

/// What a lead byte requires: the length of the sequence, and the bounds of the second byte, which
/// exclude overlong forms, surrogates and code points beyond U+10FFFF.
struct Lead {
    std::size_t length = 0;
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xbf;
};

Lead classify_lead(std::uint8_t lead) {
    if (lead >= 0xc2 && lead <= 0xdf) {
        return {2};
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

struct Character {
    std::size_t length = 0;  ///< in bytes; 0: an ASCII control character, or invalid UTF-8
    char32_t code = 0;
};

Character character_at(std::string_view text, std::size_t at) {
    const std::uint8_t first = byte_at(text, at);
    if (first < 0x80) {
        return {first >= 0x20 && first != 0x7f ? std::size_t{1} : 0, first};
    }
    const Lead lead = classify_lead(first);
    if (lead.length == 0 || text.size() - at < lead.length) {
        return {};
    }
    if (byte_at(text, at + 1) < lead.second_min || byte_at(text, at + 1) > lead.second_max) {
        return {};
    }
    char32_t code = first & (0x7fU >> lead.length);
    for (std::size_t i = 1; i < lead.length; ++i) {
        const std::uint8_t byte = byte_at(text, at + i);
        if ((byte & 0xc0) != 0x80) {
            return {};
        }
        code = code << 6 | (byte & 0x3fU);
    }
    return {lead.length, code};
}

constexpr std::string_view kDigits = "0123456789abcdef";

void append_hex(std::string& out, std::string_view prefix, std::uint8_t byte) {
    out.append(prefix);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 0xf]);
}

/// Appends a UTF-16 unit, one half of a surrogate pair or a code below U+10000: `\u202e`.
void append_unit(std::string& out, std::uint32_t unit) {
    append_hex(out, "\\u", static_cast<std::uint8_t>(unit >> 8));
    append_hex(out, "", static_cast<std::uint8_t>(unit));
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

void append_invisible(std::string& out, char32_t code) {
    if (code < 0xa0) {  // a C1 control: its bytes are escaped like other controls
        append_hex(out, "\\xc2\\x", static_cast<std::uint8_t>(code));
    } else if (code < 0x10000) {
        append_unit(out, code);
    } else {
        append_hex(out, "\\U00", static_cast<std::uint8_t>(code >> 16));
        append_hex(out, "", static_cast<std::uint8_t>(code >> 8));
        append_hex(out, "", static_cast<std::uint8_t>(code));
    }
}

void append_json_invisible(std::string& out, char32_t code) {
    if (code < 0x10000) {
        append_unit(out, code);
    } else {
        append_unit(out, 0xd800 + ((code - 0x10000) >> 10));
        append_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
    }
}

/// Copies visible characters, except those in `quoted`; passes invisible characters to `invisible`
/// and every other byte to `special`.
template <typename Special, typename Invisible>
std::string escape(std::string_view text, std::string_view quoted, Special special,
                   Invisible invisible) {
    std::string out;
    out.reserve(text.size() + 16);
    for (std::size_t at = 0; at < text.size();) {
        const Character next = character_at(text, at);
        if (next.length == 0 ||
            (next.length == 1 && quoted.find(text[at]) != std::string_view::npos)) {
            special(out, byte_at(text, at));
            ++at;
            continue;
        }
        if (next.length > 1 && is_invisible(next.code)) {
            invisible(out, next.code);
        } else {
            out.append(text.substr(at, next.length));
        }
        at += next.length;
    }
    return out;
}

}  // namespace

std::string escape_controls(std::string_view text) {
    return escape(text, "", append_control, append_invisible);
}

std::string escape_lines(std::string_view text) {
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    const auto special = [](std::string& out, std::uint8_t byte) {
        if (byte == '\n') {
            out.append("\n\t");
        } else {
            append_control(out, byte);
        }
    };
    return escape(text, "", special, append_invisible);
}

std::string escape_json(std::string_view text) {
    return escape(text, "\"\\", append_json_special, append_json_invisible);
}

std::string escape_json_document(std::string_view json) {
    const auto special = [](std::string& out, std::uint8_t byte) {
        if (byte == '\n') {
            out.push_back('\n');  // between two values; newlines in strings are escaped
        } else {
            append_json_special(out, byte);
        }
    };
    return escape(json, "", special, append_json_invisible);
}

}  // namespace geventd::log
