// SPDX-License-Identifier: MIT
#include "worker/connection/unsent.h"

#include <fcntl.h>

#include <utility>

namespace geventd::worker {

void Unsent::assign(std::span<const iovec> parts, std::size_t sent) {
    parts_.assign(parts.begin(), parts.end());
    advance(sent);
}

void Unsent::advance(std::size_t sent) noexcept {
    std::size_t done = 0;
    while (done < parts_.size() && sent >= parts_[done].iov_len) {
        sent -= parts_[done].iov_len;
        ++done;
    }
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(done));
    if (!parts_.empty() && sent > 0) {
        parts_.front().iov_base = static_cast<char*>(parts_.front().iov_base) + sent;
        parts_.front().iov_len -= sent;
    }
}

bool Unsent::keep(KeptRest rest) noexcept {
    if (rest.file >= 0) {
        return keep_file(std::move(rest));
    }
    if (rest.size > 0) {
        rest.size += parts_.size() * sizeof(iovec);  // of many small blocks, the larger part
    }
    if (rest.size > total_.most - total_.bytes) {
        return false;
    }
    total_.bytes += rest.size;
    kept_ = std::move(rest);
    is_kept_ = true;
    return true;
}

bool Unsent::keep_file(KeptRest rest) noexcept {
    if (!rest.owner) {
        copy_ = UniqueFd::adopt(::fcntl(rest.file, F_DUPFD_CLOEXEC, 0));
        rest.file = copy_.get();
    }
    file_ = rest.file;
    offset_ = rest.offset;
    if (rest.owner) {
        kept_ = std::move(rest);
    }
    is_kept_ = is_kept_ || file_ >= 0;
    return file_ >= 0;
}

// The owner is released last: that may run code of the application.
void Unsent::clear() noexcept {
    parts_.clear();
    file_ = -1;
    copy_.reset();
    is_kept_ = false;
    total_.bytes -= std::exchange(kept_.size, 0);
    const auto owner = std::exchange(kept_.owner, {nullptr, nullptr});
}

}  // namespace geventd::worker
