// SPDX-License-Identifier: MIT
#include "worker/boot_info.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <stdexcept>
#include <utility>

#include "base/errno_error.h"
#include "config/loader.h"
#include "net/listening.h"
#include "shm/layout.h"

namespace geventd::worker {

namespace {

std::string read_all(int fd) {
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < 0) {
        throw_errno("read the configuration");
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    if (::pread(fd, text.data(), text.size(), 0) != size) {
        throw_errno("read the configuration");
    }
    return text;
}

// The port that the kernel chose, where the configuration left it open.
void learn_port(int fd, net::Address& address) {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (address.port != 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        return;
    }
    if (bound.ss_family == AF_INET) {
        address.port = ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
    } else if (bound.ss_family == AF_INET6) {
        address.port = ntohs(reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port);
    }
}

shm::SignalSizes sizes_of(const config::Settings& settings) {
    return {static_cast<std::uint32_t>(settings.signals.queue),
            static_cast<std::uint32_t>(settings.signals.payloads),
            static_cast<std::uint32_t>(settings.signals.locks)};
}

// They stand at the end of the message.
void take_eventfds(ipc::Message& message, BootInfo& info) {
    std::size_t count = message.value;
    const bool has_own = info.role == ipc::Role::Worker;
    if (message.fds.size() < ipc::kBootListeners + count + (has_own ? 1 : 0)) {
        throw std::runtime_error("the master sent fewer eventfds than it said");
    }
    UniqueFd own;
    if (has_own) {
        own = std::move(message.fds.back());
        message.fds.pop_back();
    }
    const auto first = message.fds.end() - static_cast<std::ptrdiff_t>(count);
    for (auto fd = first; fd != message.fds.end(); ++fd) {
        info.eventfds.push_back(raised(std::move(*fd)));
    }
    message.fds.erase(first, message.fds.end());
    if (has_own) {
        info.set_own_eventfd(std::move(own));
    }
}

}  // namespace

void BootInfo::open_slot() const {
    region->let_write(shm::Scoreboard::place_of(slot), sizeof(shm::WorkerSlot));
    signals->open_place(shm::process_of_slot(slot));
}

void BootInfo::set_own_eventfd(UniqueFd fd) {
    const unsigned process = shm::process_of_slot(slot);
    if (eventfds.size() <= process) {
        eventfds.resize(process + 1);
    }
    eventfds[process] = raised(std::move(fd));
}

BootInfo unpack(ipc::Message message) {
    if (message.type != ipc::MessageType::Boot || message.fds.size() < ipc::kBootListeners ||
        message.text != shm::layout()) {
        throw std::runtime_error("geventd and geventd-worker are of different versions");
    }
    BootInfo info;
    info.role = message.role;
    info.slot = message.slot;
    info.worker = message.worker;
    info.generation = message.generation;
    info.settings = config::load_effective(read_all(message.fds[ipc::kBootConfig].get()));
    info.region = std::make_unique<shm::Region>(shm::Region::map(
        std::move(message.fds[ipc::kBootScoreboard]), shm::Region::Access::ReadOnly));
    info.scoreboard = &shm::Scoreboard::open(info.region->data(), info.region->size());
    info.signals = std::make_unique<shm::SignalRegion>(
        shm::SignalRegion::map(std::move(message.fds[ipc::kBootSignals]), sizes_of(info.settings)));
    if (info.role == ipc::Role::Worker) {
        info.open_slot();
    }
    take_eventfds(message, info);
    const std::size_t count = message.fds.size() - ipc::kBootListeners;
    if (info.role != ipc::Role::Check && count != info.settings.listen.size()) {
        throw std::runtime_error("the master sent other listening sockets than are configured");
    }
    for (std::size_t i = 0; i < count; ++i) {
        const config::Listen& listen = info.settings.listen[i];
        auto trusted = http::TrustedProxies::parse(listen.trusted_proxies);
        if (!trusted) {
            throw std::runtime_error("listen.trusted-proxies: " + trusted.error().message);
        }
        Listening listening{std::move(message.fds[ipc::kBootListeners + i]), listen.address,
                            std::move(*trusted), i, 0};
        listening.inode = net::socket_inode(listening.fd.get());
        learn_port(listening.fd.get(), listening.address);
        info.listeners.push_back(std::move(listening));
    }
    return info;
}

}  // namespace geventd::worker
