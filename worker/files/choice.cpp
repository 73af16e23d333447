// SPDX-License-Identifier: MIT
#include "worker/files/choice.h"

#include "http/accept_encoding.h"

namespace geventd::worker {

std::size_t choose(const std::vector<Variant>& variants, std::string_view accept_encoding) {
    if (variants.size() == 1 || accept_encoding.empty()) {
        return 0;
    }
    std::size_t best = 0;
    int most = -1;
    for (std::size_t i = 1; i < variants.size(); ++i) {
        const int quality = http::quality_of(accept_encoding, variants[i].coding);
        if (quality > most && quality > 0) {
            best = i;
            most = quality;
        }
    }
    return most >= http::quality_of(accept_encoding, "identity") ? best : 0;
}

}  // namespace geventd::worker
