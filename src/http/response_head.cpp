// SPDX-License-Identifier: MIT
#include "http/response_head.h"

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

}  // namespace

bool ResponseHead::start(std::string_view protocol, std::string_view status_line) {
    text_.clear();
    length_.reset();
    has_date_ = false;
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

ResponseHead::Fault ResponseHead::add(std::string_view name, std::string_view value) {
    Fault fault = Fault::None;
    if (name.empty() || !all(kToken, name)) {
        fault = Fault::Name;
    } else if (has_control(value)) {
        fault = Fault::ControlCharacter;
    } else {
        fault = note(name, value);
    }
    if (fault == Fault::None) {
        ++count_;
        text_.append(name).append(": ").append(value).append(kCrLf);
    }
    return fault;
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

// Remembers the fields that decide framing and refuses those that only the server may set. The
// length of the name rules out most fields.
ResponseHead::Fault ResponseHead::note(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 2:
        case 7:
        case 10:
        case 17:
        case 18:
        case 19:
            return is_hop_by_hop(name) ? Fault::HopByHop : Fault::None;
        case 4:
            has_date_ = has_date_ || equals_ignoring_case(name, "date");
            return Fault::None;
        case 14:
            return equals_ignoring_case(name, "content-length") ? note_length(value) : Fault::None;
        default:
            return Fault::None;
    }
}

ResponseHead::Fault ResponseHead::note_length(std::string_view value) {
    const char* const end = value.data() + value.size();
    std::uint64_t length = 0;
    const auto [rest, error] = std::from_chars(value.data(), end, length);
    if (error != std::errc() || rest != end || (length_ && length != *length_)) {
        return Fault::ContentLength;
    }
    length_ = length;
    return Fault::None;
}

}  // namespace geventd::http
