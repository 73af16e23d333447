// SPDX-License-Identifier: MIT
//
//   chunked-body = *( size *blank [ ";" extension ] CRLF data CRLF ) "0" *blank [...] CRLF
//                  *( name ":" value CRLF ) CRLF
//
// A line ends with CRLF and nothing else; a size has at most 16 digits.
#include "http/chunk_decoder.h"

#include <algorithm>

#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr std::uint8_t kMaxSizeDigits = 16;
constexpr std::uint64_t kMaxTrailers = 16384;
/// Extensions may be this long and, beyond it, as long as the body itself.
constexpr std::uint64_t kFreeExtensions = 16384;

}  // namespace

void ChunkDecoder::reject(std::string_view reason) {
    at_ = At::Rejected;
    rejection_ = {400, reason};
}

void ChunkDecoder::expect(char byte, char wanted, At next, std::string_view reason) {
    if (byte == wanted) {
        at_ = next;
    } else {
        reject(reason);
    }
}

void ChunkDecoder::on_size(char byte) {
    if (const int value = hex_value(byte); value >= 0) {
        left_ = left_ << 4U | static_cast<std::uint64_t>(value);
        if (++digits_ > kMaxSizeDigits) {
            reject("chunk size too large");
        }
        return;
    }
    if (digits_ == 0) {
        reject("invalid chunk size");
    } else if (byte == '\r') {
        at_ = At::SizeLf;
    } else {
        at_ = At::BlankAfterSize;
        on_blank_after_size(byte);
    }
}

void ChunkDecoder::on_blank_after_size(char byte) {
    if (byte == ';') {
        at_ = At::Extension;
    } else if (byte != '\r' && !is_blank(byte)) {
        reject("invalid chunk size");
        return;
    }
    on_extension(byte);
}

void ChunkDecoder::on_extension(char byte) {
    if (byte == '\r') {
        at_ = At::SizeLf;
    } else if (is(kControl, byte)) {
        reject("invalid chunk extension");
    } else if (++extension_bytes_ > kFreeExtensions + total_) {
        reject("chunk extensions too large");
    }
}

void ChunkDecoder::on_trailer(char byte) {
    if (++trailer_bytes_ > kMaxTrailers) {
        reject("trailers too large");
        return;
    }
    if (at_ == At::TrailerStart && byte == '\r') {
        at_ = At::EndLf;
    } else if (at_ == At::TrailerValue) {
        if (byte == '\r') {
            at_ = At::TrailerLf;
        } else if (is(kControl, byte)) {
            reject("invalid trailer");
        }
    } else if (is(kToken, byte)) {
        at_ = At::TrailerName;
    } else if (at_ == At::TrailerName && byte == ':') {
        at_ = At::TrailerValue;
    } else {
        reject("invalid trailer");
    }
}

void ChunkDecoder::step(char byte) {
    switch (at_) {
        case At::Size:
            return on_size(byte);
        case At::BlankAfterSize:
            return on_blank_after_size(byte);
        case At::Extension:
            return on_extension(byte);
        case At::SizeLf:
            return expect(byte, '\n', left_ == 0 ? At::TrailerStart : At::Data,
                          "CR without LF after a chunk size");
        case At::DataCr:
            return expect(byte, '\r', At::DataLf, "chunk longer than its size");
        case At::DataLf:
            digits_ = 0;
            return expect(byte, '\n', At::Size, "CR without LF after a chunk");
        case At::TrailerStart:
        case At::TrailerName:
        case At::TrailerValue:
            return on_trailer(byte);
        case At::TrailerLf:
            return expect(byte, '\n', At::TrailerStart, "CR without LF in a trailer");
        case At::EndLf:
            return expect(byte, '\n', At::Done, "CR without LF after the trailers");
        case At::Data:
        case At::Done:
        case At::Rejected:
            return;
    }
}

/// At Data: moves what has arrived of the chunk to the body.
std::size_t ChunkDecoder::take_data(std::string_view bytes, std::string& body) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
    body.append(bytes.data(), count);
    left_ -= count;
    total_ += count;
    if (left_ == 0) {
        at_ = At::DataCr;
    }
    return count;
}

ChunkDecoder::State ChunkDecoder::decode(std::string_view bytes, std::string& body,
                                         std::size_t& used) {
    used = 0;
    while (used < bytes.size() && at_ != At::Done && at_ != At::Rejected) {
        if (at_ == At::Data) {
            used += take_data(bytes.substr(used), body);
        } else {
            step(bytes[used]);
            ++used;
        }
    }
    if (at_ == At::Done) {
        return State::Done;
    }
    return at_ == At::Rejected ? State::Rejected : State::More;
}

}  // namespace geventd::http
