// SPDX-License-Identifier: MIT
// Load on a server's WebSockets: echoes, broadcasts, or clients that are only there. Says "ready"
// when all have opened and it has warmed up; and as JSON what it saw since then, when it is
// interrupted or its time is over.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "generator/percentile.h"
#include "generator/web_socket.h"

namespace geventd::bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    int port = 0;
    std::string mode;
    std::string path = "/";
    int connections = 100;
    std::size_t size = 1024;
    double seconds = 1e6;
};

volatile std::sig_atomic_t interrupted = 0;

/// Opens the clients, and hears them until it is told to end.
class Load {
  public:
    explicit Load(const Options& options)
        : options_(options),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          broadcasts_(options.mode == "broadcast"),
          frame_(text_frame(options.size)) {}

    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    ~Load() { ::close(epoll_); }

    bool open() {
        for (int i = 0; i < options_.connections; ++i) {
            sockets_.push_back(std::make_unique<WebSocket>());
            if (!sockets_.back()->open(epoll_, options_.port, options_.path)) {
                std::fprintf(stderr, "WebSocket %d is refused\n", i + 1);
                return false;
            }
            if (i % 64 == 0) {
                hear(0);  // the server's pings
            }
        }
        return true;
    }

    /// Idle clients, too, have been used: a server may keep less for those that never were.
    bool warm_up() {
        if (broadcasts_) {
            broadcast();
            latencies_.clear();
            return errors_ == 0;
        }
        // One after the other, so that what remains is each one's, and not of a crowd.
        std::size_t answers = 0;
        for (const auto& socket : sockets_) {
            if (!socket->send(frame_) || !hear_until(++answers)) {
                return false;
            }
        }
        return errors_ == 0;
    }

    void run() {
        echoes_ = options_.mode == "echo";
        if (echoes_) {
            send_all();
            hear_for(std::chrono::milliseconds(500));
        }
        messages_ = 0;
        std::puts("ready");
        std::fflush(stdout);
        const auto start = Clock::now();
        hear_for(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(options_.seconds)));
        seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
    }

    void report() {
        std::sort(latencies_.begin(), latencies_.end());
        const auto at = [this](double share) { return percentile(latencies_, share); };
        std::printf(
            "{\"requests\": %zu, \"errors\": %zu, \"rate\": %.1f, \"p50\": %.9f, \"p99\": %.9f, "
            "\"max\": %.9f}\n",
            messages_, errors_, static_cast<double>(messages_) / seconds_, at(0.5), at(0.99),
            at(1));
    }

  private:
    void send_all() {
        for (const auto& socket : sockets_) {
            errors_ += socket->send(frame_) ? 0 : 1;
        }
    }

    void hear_for(Clock::duration time) {
        const auto end = Clock::now() + time;
        while (interrupted == 0 && Clock::now() < end) {
            if (broadcasts_) {
                broadcast();
            } else {
                hear(100);
            }
        }
    }

    // One client's message goes to all; the next one when all have it.
    void broadcast() {
        const std::size_t before = messages_;
        sent_ = Clock::now();
        errors_ += sockets_.front()->send(frame_) ? 0 : 1;
        errors_ += hear_until(before + sockets_.size()) ? 0 : 1;
    }

    // False when they do not come.
    bool hear_until(std::size_t messages) {
        const auto patience = Clock::now() + std::chrono::seconds(60);
        while (messages_ < messages && Clock::now() < patience && interrupted == 0) {
            hear(1000);
        }
        return messages_ >= messages;
    }

    void hear(int milliseconds) {
        std::array<epoll_event, 256> events;
        const int count =
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), milliseconds);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            auto& socket = *static_cast<WebSocket*>(event.data.ptr);
            if ((event.events & EPOLLOUT) != 0 && !socket.on_writable()) {
                lose(socket);
            } else if ((event.events & ~EPOLLOUT) != 0) {
                take(socket, socket.on_readable());
            }
        }
    }

    void take(WebSocket& socket, int messages) {
        if (messages < 0) {
            return lose(socket);
        }
        messages_ += static_cast<std::size_t>(messages);
        for (; messages > 0; --messages) {
            if (echoes_ && !socket.send(frame_)) {
                return lose(socket);
            }
            if (sent_ != Clock::time_point()) {
                latencies_.push_back(std::chrono::duration<double>(Clock::now() - sent_).count());
            }
        }
    }

    void lose(WebSocket& socket) {
        ++errors_;
        const auto same = [&socket](const auto& each) { return each.get() == &socket; };
        sockets_.erase(std::find_if(sockets_.begin(), sockets_.end(), same));
    }

    const Options& options_;
    int epoll_;
    bool broadcasts_;
    std::string frame_;
    std::vector<std::unique_ptr<WebSocket>> sockets_;
    std::vector<double> latencies_;
    std::size_t messages_ = 0, errors_ = 0;
    Clock::time_point sent_;  ///< the broadcast
    bool echoes_ = false;
    double seconds_ = 0;
};

}  // namespace

}  // namespace geventd::bench

int main(int count, char** arguments) {
    using geventd::bench::Load;
    using geventd::bench::Options;
    Options options;
    CLI::App app("Load by WebSockets on 127.0.0.1 for ./dev bench.");
    app.add_option("port", options.port)->required();
    app.add_option("mode", options.mode)
        ->required()
        ->check(CLI::IsMember({"echo", "broadcast", "idle"}));
    app.add_option("--path", options.path);
    app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
    app.add_option("--size", options.size, "of a message")->check(CLI::Range(0, 65535));
    app.add_option("--seconds", options.seconds)->check(CLI::PositiveNumber);
    CLI11_PARSE(app, count, arguments);
    std::signal(SIGINT, [](int) { geventd::bench::interrupted = 1; });
    Load load(options);
    if (!load.open() || !load.warm_up()) {
        return 1;
    }
    load.run();
    load.report();
    return 0;
}
