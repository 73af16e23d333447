// SPDX-License-Identifier: MIT
#include "http/control_scan.h"

#include "http/octets.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace geventd::http {

namespace {

#if defined(__SSE2__)
constexpr std::size_t kBlock = 16;

/// One bit per byte of the block, set for control characters (HTAB included).
unsigned control_mask(const char* block) {
    __m128i bytes{};
    __builtin_memcpy(&bytes, block, kBlock);
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(tab, _mm_or_si128(low, del))));
}
#else
constexpr std::size_t kBlock = 8;

unsigned control_mask(const char* block) {
    unsigned mask = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
        mask |= is(kControl, block[i]) ? 1U << i : 0U;
    }
    return mask;
}
#endif

}  // namespace

std::size_t find_control(std::string_view bytes, std::size_t from) {
    std::size_t at = from;
    while (bytes.size() - at >= kBlock) {
        if (const unsigned mask = control_mask(bytes.data() + at); mask != 0) {
            return at + static_cast<std::size_t>(__builtin_ctz(mask));
        }
        at += kBlock;
    }
    while (at < bytes.size() && !is(kControl, bytes[at])) {
        ++at;
    }
    return at;
}

}  // namespace geventd::http
