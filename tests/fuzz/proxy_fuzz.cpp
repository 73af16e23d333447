// SPDX-License-Identifier: MIT
//
// Any bytes as a PROXY header: a longer prefix never changes a verdict.
#include <algorithm>

#include "http/proxy_header.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using geventd::fuzz::require;
    using geventd::http::ProxyResult;
    const std::string_view bytes = geventd::fuzz::to_view(data, size);
    const ProxyResult whole = geventd::http::decode_proxy_header(bytes);
    require(whole.length <= std::min(bytes.size(), geventd::http::kMaxProxyHeader));
    for (std::size_t end = 0; end < std::min<std::size_t>(bytes.size(), 300); ++end) {
        const ProxyResult part = geventd::http::decode_proxy_header(bytes.substr(0, end));
        if (part.state != ProxyResult::State::Incomplete) {
            require(part.state == whole.state && part.length == whole.length);
            break;
        }
    }
    return 0;
}
