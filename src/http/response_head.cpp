// SPDX-License-Identifier: MIT
#include "http/response_head.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/octets.h"
#include "http/status.h"

namespace geventd::http {

namespace {

constexpr std::string_view kCrLf = "\r\n";

// Most heads fit, with what the server adds, so that their text is allocated once.
constexpr std::size_t kUsualHead = 384;

constexpr std::size_t kMostKept = 4096;

bool has_control(std::string_view text) {
    for (const char byte : text) {
        if (is(kControl, byte)) {
            return true;
        }
    }
    return false;
}

bool is_hop_by_hop(std::string_view name) {
    for (const std::string_view hop :
         {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
          "transfer-encoding", "upgrade"}) {
        if (equals_ignoring_case(name, hop)) {
            return true;
        }
    }
    return false;
}

bool names_close(std::string_view list) {
    while (!list.empty()) {
        if (equals_ignoring_case(next_element(list), "close")) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool ResponseHead::start(std::string_view protocol, std::string_view status_line) {
    text_.clear();
    length_.reset();
    has_date_ = ends_connection_ = false;
    count_ = 0;
    const int status = parse_status(status_line);
    if (status == 0) {
        return false;
    }
    status_ = status;
    text_.reserve(kUsualHead);
    text_.append(protocol).append(" ").append(status_line);
    if (status_line.size() == 3) {
        text_.append(" ").append(reason_phrase(status));
    }
    text_.append(kCrLf);
    return true;
}

// Remembers the fields that decide framing, and keeps those back that only the server may set. The
// length of the name rules out most fields.
ResponseHead::Fault ResponseHead::add(std::string_view name, std::string_view value) {
    if (name.empty() || !all(kToken, name)) {
        return Fault::Name;
    }
    if (has_control(value)) {
        return Fault::ControlCharacter;
    }
    switch (name.size()) {
        case 2:
        case 7:
        case 10:
        case 17:
        case 18:
        case 19:
            if (is_hop_by_hop(name)) {
                return leave_out(name, value);
            }
            break;
        case 4:
            has_date_ = has_date_ || equals_ignoring_case(name, "date");
            break;
        case 14:
            if (equals_ignoring_case(name, "content-length")) {
                return add_length(name, value);
            }
            break;
        default:
            break;
    }
    append(name, value);
    return Fault::None;
}

void ResponseHead::append(std::string_view name, std::string_view value) {
    ++count_;
    text_.append(name).append(": ").append(value).append(kCrLf);
}

void ResponseHead::add_lines(std::string_view lines) {
    count_ += static_cast<unsigned>(std::count(lines.begin(), lines.end(), '\n'));
    text_.append(lines);
}

// Where the field's line begins. The first line is the status.
std::size_t ResponseHead::find(std::string_view lower) const {
    std::size_t end = text_.find(kCrLf);
    while (end != std::string::npos && end + kCrLf.size() < text_.size()) {
        const std::size_t line = end + kCrLf.size();
        const std::string_view rest = std::string_view(text_).substr(line);
        if (rest.size() > lower.size() && rest[lower.size()] == ':' &&
            equals_ignoring_case(rest.substr(0, lower.size()), lower)) {
            return line;
        }
        end = text_.find(kCrLf, line);
    }
    return std::string::npos;
}

bool ResponseHead::has(std::string_view lower) const {
    return find(lower) != std::string::npos;
}

std::optional<std::string> ResponseHead::take(std::string_view lower) {
    std::optional<std::string> value;
    for (std::size_t line = find(lower); line != std::string::npos; line = find(lower)) {
        const std::size_t begin = line + lower.size() + 1;
        const std::size_t end = text_.find(kCrLf, begin);
        value = trim(std::string_view(text_).substr(begin, end - begin));
        text_.erase(line, end + kCrLf.size() - line);
        --count_;
        if (lower == "content-length") {
            length_.reset();
        }
    }
    return value;
}

void ResponseHead::change_status(int status) {
    const std::size_t begin = text_.find(' ') + 1;
    std::string line = std::to_string(status);
    line.append(" ").append(reason_phrase(status));
    text_.replace(begin, text_.find(kCrLf) - begin, line);
    status_ = status;
}

void ResponseHead::clear() {
    if (text_.capacity() > kMostKept) {
        std::string().swap(text_);
    }
    text_.clear();
}

void ResponseHead::replace(int status, std::string bytes) {
    status_ = status;
    text_ = std::move(bytes);
}

ResponseHead::Fault ResponseHead::add_length(std::string_view name, std::string_view value) {
    const char* const end = value.data() + value.size();
    std::uint64_t length = 0;
    const auto [rest, error] = std::from_chars(value.data(), end, length);
    if (error != std::errc() || rest != end || (length_ && length != *length_)) {
        return Fault::ContentLength;
    }
    length_ = length;
    if (status_ >= 200 && status_ != 204) {
        append(name, value);
    }
    return Fault::None;
}

ResponseHead::Fault ResponseHead::leave_out(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "connection") && names_close(value)) {
        ends_connection_ = true;
        return Fault::None;
    }
    return Fault::HopByHop;
}

}  // namespace geventd::http
