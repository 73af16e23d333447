// SPDX-License-Identifier: MIT
#include "http/response_writer.h"

#include <charconv>
#include <string>
#include <utility>

#include "http/date.h"
#include "http/status.h"

namespace geventd::http {

namespace {

constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

iovec part(std::string_view bytes) {
    // The bytes are only read: iovec has no const variant.
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
}

}  // namespace

bool ResponseWriter::complete(const Terms& terms, std::optional<std::uint64_t> length) {
    decide_framing(terms, length);
    const bool kept =
        terms.keep_alive && framing_ != Framing::UntilClose && !head_.ends_connection();
    std::string& text = head_.text();
    if (terms.dialect != Dialect::Gateway) {
        if (!head_.has_date()) {
            text.append("Date: ").append(date_text(terms.epoch)).append(kCrLf);
        }
        if (!kept) {
            text.append("Connection: close\r\n");
        } else if (terms.dialect == Dialect::Http10) {
            text.append("Connection: keep-alive\r\n");
        }
    }
    text.append(kCrLf);
    return kept;
}

void ResponseWriter::decide_framing(const Terms& terms, std::optional<std::uint64_t> length) {
    const bool bodiless_status = has_no_body(head_.status());
    std::optional<std::uint64_t> told = head_.length();
    // Applications may give no body at all to HEAD: then nobody knows the length of GET's.
    const bool unknown = terms.head_request && length == 0;
    if (!told && length && !unknown && !bodiless_status) {
        told = length;
        head_.text().append("Content-Length: ").append(std::to_string(*length)).append(kCrLf);
    }
    left_ = told.value_or(0);
    if (terms.head_request || bodiless_status) {
        framing_ = Framing::NoBody;
    } else if (told) {
        framing_ = Framing::Length;
    } else if (terms.dialect == Dialect::Http11) {
        framing_ = Framing::Chunked;
        head_.text().append("Transfer-Encoding: chunked\r\n");
    } else {
        framing_ = Framing::UntilClose;
    }
}

void ResponseWriter::upgrade(std::string_view protocol) {
    framing_ = Framing::NoBody;
    head_.text().append("Connection: Upgrade\r\nUpgrade: ").append(protocol).append("\r\n\r\n");
}

void ResponseWriter::replace(int status, std::string bytes) {
    head_.replace(status, std::move(bytes));
    framing_ = Framing::NoBody;
}

void ResponseWriter::cut_off() {
    framing_ = Framing::NoBody;
}

void ResponseWriter::reset() {
    head_.clear();
    left_ = body_bytes_ = 0;
    framing_ = Framing::Undecided;
}

iovec ResponseWriter::head_part() const {
    return part(head_.text());
}

std::size_t ResponseWriter::add_piece(std::string_view bytes, std::span<iovec> parts) {
    if (framing_ == Framing::Length) {
        bytes = bytes.substr(0, left_);
    }
    if (bytes.empty() || framing_ == Framing::NoBody) {
        return 0;
    }
    count(bytes.size());
    if (framing_ != Framing::Chunked) {
        parts[0] = part(bytes);
        return 1;
    }
    iovec* const out = parts.data();
    char* end = std::to_chars(chunk_line_.begin(), chunk_line_.end(), bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out[0] = {chunk_line_.data(), static_cast<std::size_t>(end - chunk_line_.data())};
    out[1] = part(bytes);
    out[2] = part(kCrLf);
    return kMostParts;
}

iovec ResponseWriter::last_part() const {
    return part(framing_ == Framing::Chunked ? kLastChunk : std::string_view());
}

}  // namespace geventd::http
