// SPDX-License-Identifier: MIT
#include "worker/process/boot_info.h"

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "config/loader.h"
#include "ipc/named_fds.h"
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

std::string working_directory() {
    std::error_code gone;
    return std::filesystem::current_path(gone).string();
}

// Sets the port that the kernel chose, if the configuration has port 0.
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

// What the master says first is its layout, which begins with its version.
[[noreturn]] void refuse_version(std::string_view text) {
    throw std::runtime_error(fmt::format(
        "the master shares what this worker cannot read: the master is {}, and this worker is {}; "
        "install the same version of both (a virtual environment may hold a worker of its own); "
        "after an installation, geventctl upgrade starts the master anew, too",
        text.substr(0, text.find('\n')), shm::layout()));
}

// Another version has another layout of the shared memory, so its message is not read further.
ipc::NamedFds take_fds(ipc::Message& message) {
    const std::string layout = shm::layout() + '\n';
    if (message.type != ipc::MessageType::Boot || !message.text.starts_with(layout)) {
        refuse_version(message.text);
    }
    return {std::string_view(message.text).substr(layout.size()), std::move(message.fds)};
}

void take_eventfds(ipc::NamedFds& fds, BootInfo& info) {
    for (UniqueFd& fd : fds.take_all(ipc::kBootEventfd)) {
        info.eventfds.push_back(raised(std::move(fd)));
    }
    if (info.role == ipc::Role::Worker) {
        info.set_own_eventfd(fds.take(ipc::kBootOwnEventfd));
    }
}

void take_listeners(ipc::NamedFds& fds, BootInfo& info) {
    std::vector<UniqueFd> listeners = fds.take_all(ipc::kBootListener);
    if (info.role != ipc::Role::Check && listeners.size() != info.settings.listen.size()) {
        throw std::runtime_error("the master sent other listening sockets than are configured");
    }
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const config::Listen& listen = info.settings.listen.at(i);
        auto trusted = http::TrustedProxies::parse(listen.trusted_proxies);
        if (!trusted) {
            throw std::runtime_error("listen.trusted-proxies: " + trusted.error().message);
        }
        Listening listening{std::move(listeners[i]), listen.address, std::move(*trusted), i, 0};
        listening.inode = net::socket_inode(listening.fd.get());
        listening.application_continues = listen.expect == config::Expect::Application;
        listening.forwarded_prefix = listen.forwarded_prefix;
        listening.health = listen.health;
        listening.redirect_https = listen.tls.redirect_https;
        if (!listen.tls.hsts.empty()) {
            listening.hsts = "Strict-Transport-Security: " + listen.tls.hsts + "\r\n";
        }
        learn_port(listening.fd.get(), listening.address);
        info.listeners.push_back(std::move(listening));
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
    ipc::NamedFds fds = take_fds(message);
    BootInfo info;
    info.role = message.role;
    info.slot = message.slot;
    info.worker = message.worker;
    info.generation = message.generation;
    info.log_has_marks = message.value != 0;
    info.folder = working_directory();
    info.settings = config::load_effective(read_all(fds.take(ipc::kBootConfig).get()));
    info.region = std::make_unique<shm::Region>(
        shm::Region::map(fds.take(ipc::kBootScoreboard), shm::Region::Access::ReadOnly));
    info.scoreboard = &shm::Scoreboard::open(info.region->data(), info.region->size());
    info.signals = std::make_unique<shm::SignalRegion>(
        shm::SignalRegion::map(fds.take(ipc::kBootSignals), sizes_of(info.settings)));
    if (info.role == ipc::Role::Worker) {
        info.open_slot();
    }
    for (UniqueFd& fd : fds.take_all(ipc::kBootAccessLog)) {
        info.access_log = std::move(fd);
    }
    for (UniqueFd& fd : fds.take_all(ipc::kBootTls)) {
        info.tls = raised(std::move(fd));
    }
    take_eventfds(fds, info);
    take_listeners(fds, info);
    fds.expect_none();
    return info;
}

}  // namespace geventd::worker
