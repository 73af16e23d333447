// SPDX-License-Identifier: MIT
#include "websocket/wslay_stock.h"

#include <new>
#include <utility>

namespace geventd::websocket {

WslayContext::WslayContext(const wslay_event_callbacks& calls) {
    if (wslay_event_context_server_init(&context_, &calls, this) != 0) {
        throw std::bad_alloc();
    }
    wslay_event_config_set_no_buffering(context_, 1);
}

bool WslayContext::is_unused() const {
    return frames.at_boundary() && !in_message && kept.empty() &&
           wslay_event_want_write(context_) == 0;
}

std::string_view WslayContext::add_to_kept(std::string_view bytes) {
    if (kept.empty()) {
        return bytes;
    }
    if (!bytes.empty()) {
        kept.erase(0, std::exchange(used, 0));
        kept.append(bytes);
    }
    return std::string_view(kept).substr(used);
}

// Messages are taken one by one: the rest stays where it is.
void WslayContext::keep(std::string_view rest) {
    if (rest.empty()) {
        std::string().swap(kept);
        used = 0;
    } else if (kept.empty()) {
        kept = rest;
    } else {
        used = kept.size() - rest.size();
    }
}

std::unique_ptr<WslayContext> WslayStock::take(const wslay_event_callbacks& calls) {
    if (unused_.empty()) {
        return std::make_unique<WslayContext>(calls);
    }
    std::unique_ptr<WslayContext> context = std::move(unused_.back());
    unused_.pop_back();
    return context;
}

void WslayStock::give(std::unique_ptr<WslayContext> context) noexcept {
    if (unused_.size() < kMostKept) {
        context->session = nullptr;
        unused_.push_back(std::move(context));
    }
}

}  // namespace geventd::websocket
