// SPDX-License-Identifier: MIT
#include "worker/requests/body.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace geventd::worker {

namespace {

// A pooled request frees a larger buffer.
constexpr std::size_t kKeptCapacity = 4096;

constexpr http::Rejection kTooLarge{413, "the body is larger than limits.request-body"};

}  // namespace

void Body::start(const http::RequestHead& head, std::uint64_t limit) {
    kind_ = head.body;
    limit_ = limit;
    complete_ = kind_ == http::BodyKind::None;
    remaining_ = head.content_length;
    if (kind_ == http::BodyKind::Length && limit != 0 && remaining_ > limit) {
        rejection_ = kTooLarge;
    }
    if (kind_ == http::BodyKind::Chunked) {
        decoder_.emplace();
    }
}

// A stream is treated as a body of unlimited length.
void Body::start_stream(std::string_view first) {
    buffer_.append(first);
    kind_ = http::BodyKind::Length;
    remaining_ = std::numeric_limits<std::uint64_t>::max();
    complete_ = false;
    is_stream_ = true;
}

std::size_t Body::feed(std::string_view bytes) {
    if (bytes.empty() || complete() || failed()) {
        return 0;
    }
    started_ = true;
    if (kind_ == http::BodyKind::Chunked) {
        return feed_chunked(bytes);
    }
    const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), remaining_));
    buffer_.append(bytes.substr(0, used));
    remaining_ -= used;
    return used;
}

std::size_t Body::feed_chunked(std::string_view bytes) {
    const std::size_t before = buffer_.size();
    std::size_t used = 0;
    const auto state = decoder_->decode(bytes, buffer_, used);
    decoded_ += buffer_.size() - before;
    if (state == http::ChunkDecoder::State::Rejected) {
        rejection_ = decoder_->rejection();
    } else if (limit_ != 0 && decoded_ > limit_) {
        rejection_ = kTooLarge;
    } else if (state == http::ChunkDecoder::State::Done) {
        complete_ = true;
    }
    return used;
}

std::size_t Body::take(char* into, std::size_t room) {
    const std::size_t count = std::min(room, buffered());
    std::memcpy(into, buffer_.data() + taken_, count);
    consume(count);
    return count;
}

// They are still in the buffer unless that has been emptied, or was not used.
void Body::put_back(std::string_view bytes) {
    if (taken_ >= bytes.size()) {
        taken_ -= bytes.size();
    } else {
        buffer_.replace(0, taken_, bytes);
        taken_ = 0;
    }
}

void Body::consume(std::size_t bytes) {
    taken_ += bytes;
    if (taken_ == buffer_.size()) {
        buffer_.clear();
        taken_ = 0;
    }
}

void Body::clear() {
    if (buffer_.capacity() > kKeptCapacity) {
        std::string().swap(buffer_);
    }
    buffer_.clear();
    decoder_.reset();
    kind_ = http::BodyKind::None;
    complete_ = true;
    started_ = is_stream_ = false;
    remaining_ = limit_ = decoded_ = 0;
    taken_ = 0;
    rejection_ = {};
}

}  // namespace geventd::worker
