// SPDX-License-Identifier: MIT
//
// Any bytes as a chunked body: the same body, end and verdict however they are cut.
#include "http/chunk_decoder.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using geventd::fuzz::require;
    using geventd::http::ChunkDecoder;
    const std::string_view bytes = geventd::fuzz::to_view(data, size);
    ChunkDecoder whole;
    std::string body;
    std::size_t end = 0;
    const auto verdict = whole.decode(bytes, body, end);
    require(end <= bytes.size() && body.size() <= bytes.size() && whole.total() == body.size());
    require(verdict != ChunkDecoder::State::More || end == bytes.size());

    ChunkDecoder cut;
    std::string body_of_cut;
    std::size_t at = 0;
    auto state = ChunkDecoder::State::More;
    while (at < bytes.size() && state == ChunkDecoder::State::More) {
        std::size_t used = 0;
        state = cut.decode(bytes.substr(at, 1), body_of_cut, used);
        at += used;
    }
    require(state == verdict && at == end && body_of_cut == body);
    return 0;
}
