// SPDX-License-Identifier: MIT
#include "shm/web_socket_table.h"

#include <utility>

namespace geventd::shm {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

void* behind(void* memory, std::size_t size) {
    return static_cast<char*>(memory) + size;
}

}  // namespace

std::size_t WebSocketTable::size_for(std::uint32_t most) {
    return std::size_t{most} * sizeof(Figures) + RequestTable::size_for(most);
}

WebSocketTable::WebSocketTable(void* memory, std::size_t size, std::uint32_t most)
    : most_(most),
      figures_(static_cast<Figures*>(memory)),
      requests_(behind(memory, std::size_t{most} * sizeof(Figures)),
                size == size_for(most) ? RequestTable::size_for(most) : 0) {}

void WebSocketTable::put(std::uint32_t place, const RequestTable::Facts& facts) noexcept {
    show(place, {});
    requests_.put(place, facts);
}

void WebSocketTable::remove(std::uint32_t place) noexcept {
    requests_.remove(place);
}

void WebSocketTable::show(std::uint32_t place, const Traffic& traffic) noexcept {
    if (place >= most_) {
        return;
    }
    Figures& figures = figures_[place];
    figures.messages_in.store(traffic.messages_in, kRelaxed);
    figures.messages_out.store(traffic.messages_out, kRelaxed);
    figures.bytes_in.store(traffic.bytes_in, kRelaxed);
    figures.bytes_out.store(traffic.bytes_out, kRelaxed);
    figures.unsent.store(traffic.unsent, kRelaxed);
}

// Requests are listed by their places, of which there are no more than `most_`, whatever the
// application has written: it is this process that counts them. What waits has no place.
std::vector<WebSocketTable::Entry> WebSocketTable::read() const {
    std::vector<Entry> entries;
    for (RequestTable::Entry& request : requests_.read()) {
        if (request.core >= most_) {
            continue;
        }
        const Figures& figures = figures_[request.core];
        const Traffic traffic{figures.messages_in.load(kRelaxed),
                              figures.messages_out.load(kRelaxed), figures.bytes_in.load(kRelaxed),
                              figures.bytes_out.load(kRelaxed), figures.unsent.load(kRelaxed)};
        entries.push_back({std::move(request), traffic});
    }
    return entries;
}

}  // namespace geventd::shm
