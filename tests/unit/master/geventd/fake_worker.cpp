// SPDX-License-Identifier: MIT
// Stands in for geventd-worker in tests of the master: it speaks the same messages, but has no
// Python. `app` selects its behaviour:
//   ok            serves: tells each client its process, then closes the connection
//   fail          cannot load the application
//   unless:FILE   like fail once FILE exists
//   crash         a worker dies of SIGSEGV before it is ready
//   after:FILE    a worker is ready once FILE exists
//   stubborn      a worker that was told to drain goes on
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/exit_code.h"
#include "config/loader.h"
#include "ipc/channel.h"
#include "ipc/named_fds.h"

namespace {

using namespace geventd;

struct Self {
    ipc::Channel channel{UniqueFd::adopt(ipc::kChannelFd)};
    ipc::Message boot;
    std::vector<UniqueFd> listeners;
    std::string behaviour;
};

void say(Self& self, ipc::MessageType type, const std::string& text = {}) {
    ipc::Message message;
    message.type = type;
    message.text = text;
    [[maybe_unused]] const auto sent = self.channel.send(message);
}

std::string read_all(int fd) {
    std::string text;
    char piece[4096];
    for (ssize_t got = 0; (got = ::read(fd, piece, sizeof piece)) > 0;) {
        text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
}

ipc::Message next_order(Self& self) {
    auto message = self.channel.wait();
    if (!message || !*message) {
        ::_exit(0);
    }
    return std::move(**message);
}

bool cannot_load(const Self& self) {
    return self.behaviour == "fail" || (self.behaviour.rfind("unless:", 0) == 0 &&
                                        ::access(self.behaviour.c_str() + 7, F_OK) == 0);
}

void take_log(const ipc::Message& order, const Self& self) {
    ::dup2(order.fds.at(0).get(), STDOUT_FILENO);
    ::dup2(order.fds.at(0).get(), STDERR_FILENO);
    const std::string line = fmt::format("fake {} writes here\n", self.boot.worker);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void answer(int listener, const Self& self) {
    const UniqueFd client = UniqueFd::adopt(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (client) {
        const std::string text =
            fmt::format("generation {} worker {} slot {}\n", self.boot.generation, self.boot.worker,
                        self.boot.slot);
        [[maybe_unused]] const auto sent =
            ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
}

void obey(Self& self) {
    const ipc::Message order = next_order(self);
    if (order.type == ipc::MessageType::Drain && self.behaviour != "stubborn") {
        ::_exit(0);
    }
    if (order.type == ipc::MessageType::Reopen) {
        take_log(order, self);
    }
}

void wait_for_file(const std::string& path) {
    while (::access(path.c_str(), F_OK) != 0) {
        ::poll(nullptr, 0, 1);
    }
}

[[noreturn]] void serve(Self& self) {
    if (self.behaviour.rfind("after:", 0) == 0) {
        wait_for_file(self.behaviour.substr(6));
    }
    if (self.behaviour == "crash") {
        ::signal(SIGSEGV, SIG_DFL);  // otherwise a sanitizer would handle it
        ::raise(SIGSEGV);
    }
    say(self, ipc::MessageType::Ready);
    std::vector<pollfd> watched{{self.channel.fd(), POLLIN, 0}};
    for (const UniqueFd& listener : self.listeners) {
        watched.push_back({listener.get(), POLLIN, 0});
    }
    for (;;) {
        ::poll(watched.data(), watched.size(), -1);
        if (watched[0].revents != 0) {
            obey(self);
        }
        for (auto listener = std::next(watched.begin()); listener != watched.end(); ++listener) {
            if (listener->revents != 0) {
                answer(listener->fd, self);
            }
        }
    }
}

bool is_forked_child() {
    const pid_t middle = ::fork();
    if (middle == 0) {
        const pid_t own = ::getpid();
        if (::fork() != 0) {
            ::_exit(0);
        }
        while (::getppid() == own) {
            ::poll(nullptr, 0, 1);
        }
        return true;
    }
    ::waitpid(middle, nullptr, 0);
    return false;
}

[[noreturn]] void run_template(Self& self) {
    say(self, ipc::MessageType::Loaded);
    for (;;) {
        ipc::Message order = next_order(self);
        if (order.type == ipc::MessageType::Reopen) {
            take_log(order, self);
        } else if (order.type == ipc::MessageType::Drain) {
            self.listeners.clear();
            say(self, ipc::MessageType::Draining);
        } else if (is_forked_child()) {
            self.channel = ipc::Channel(std::move(order.fds.at(0)));
            say(self, ipc::MessageType::Hello);
            if (order.type == ipc::MessageType::Fork) {
                self.boot.slot = order.slot;
                self.boot.worker = order.worker;
                serve(self);
            }
            say(self, ipc::MessageType::Loaded);
        } else {
            say(self, ipc::MessageType::Forked);
        }
    }
}

}  // namespace

int main() {
    ::signal(SIGPIPE, SIG_IGN);
    Self self;
    say(self, ipc::MessageType::Hello);
    self.boot = next_order(self);
    ipc::NamedFds fds(self.boot.text.substr(self.boot.text.find('\n') + 1),
                      std::move(self.boot.fds));
    self.listeners = fds.take_all(ipc::kBootListener);
    self.behaviour = config::load_effective(read_all(fds.take(ipc::kBootConfig).get())).app.module;
    if (cannot_load(self)) {
        say(self, ipc::MessageType::Failed, "Traceback:\n  ImportError: no such application");
        return static_cast<int>(ExitCode::ApplicationFailed);
    }
    if (self.boot.role == ipc::Role::Worker) {
        serve(self);
    }
    if (self.boot.role == ipc::Role::Template) {
        run_template(self);
    }
    say(self, ipc::MessageType::Loaded);
    return 0;
}
