// SPDX-License-Identifier: MIT
// Load that wrk cannot make: the uwsgi protocol, and a fixed rate with latencies that count from
// when a request was due, so that a server cannot hide a stall.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "generator/client.h"
#include "generator/percentile.h"
#include "generator/slow_heads.h"

namespace geventd::bench {

namespace {

struct Options {
    int port = 0;
    std::string protocol = "http";
    std::string path = "/hello";
    std::string slow_path;  // requested by every `slow_every`th request
    int slow_every = 20;
    int connections = 64;
    double seconds = 4;
    double rate = 0;  // requests per second; 0: as many as possible
    bool close = false;
    int slow_heads = 0;
};

// Headers like a browser's: about ten fields.
constexpr std::array<std::array<const char*, 2>, 8> kFields{{
    {"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"},
    {"Accept-Language", "en-GB,en;q=0.5"},
    {"Accept-Encoding", "gzip, deflate"},
    {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) bench"},
    {"Cache-Control", "no-cache"},
    {"Pragma", "no-cache"},
    {"Referer", "http://127.0.0.1/"},
    {"Cookie", "session=0123456789abcdef"},
}};

std::string http_request(const std::string& path, bool close) {
    std::string text = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const auto& [name, value] : kFields) {
        text.append(name).append(": ").append(value).append("\r\n");
    }
    return text + (close ? "Connection: close\r\n\r\n" : "\r\n");
}

void append_word(std::string& text, std::size_t value) {
    text.push_back(static_cast<char>(value & 0xff));
    text.push_back(static_cast<char>(value >> 8U));
}

// What nginx sends with its uwsgi_params.
std::string uwsgi_request(const std::string& path) {
    std::string block;
    const auto add = [&block](const std::string& name, const std::string& value) {
        append_word(block, name.size());
        block.append(name);
        append_word(block, value.size());
        block.append(value);
    };
    const std::size_t question = path.find('?');
    add("QUERY_STRING", question == std::string::npos ? "" : path.substr(question + 1));
    add("REQUEST_METHOD", "GET");
    add("CONTENT_TYPE", "");
    add("CONTENT_LENGTH", "");
    add("REQUEST_URI", path);
    add("PATH_INFO", path.substr(0, question));
    add("DOCUMENT_ROOT", "/usr/share/nginx/html");
    add("SERVER_PROTOCOL", "HTTP/1.1");
    add("REQUEST_SCHEME", "http");
    add("REMOTE_ADDR", "127.0.0.1");
    add("REMOTE_PORT", "40000");
    add("SERVER_PORT", "80");
    add("SERVER_NAME", "localhost");
    add("HTTP_HOST", "127.0.0.1");
    for (const auto& [name, value] : kFields) {
        std::string key = std::string("HTTP_") + name;
        for (char& byte : key) {
            byte = byte == '-' ? '_' : static_cast<char>(std::toupper(byte));
        }
        add(key, value);
    }
    std::string packet(1, '\0');
    append_word(packet, block.size());
    packet.push_back('\0');
    return packet + block;
}

class Load {
  public:
    explicit Load(const Options& options)
        : options_(options),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          slow_heads_(options.port, options.slow_heads) {
        const bool uwsgi = options.protocol == "uwsgi";
        request_ = uwsgi ? uwsgi_request(options.path) : http_request(options.path, options.close);
        if (!options.slow_path.empty()) {
            slow_request_ = uwsgi ? uwsgi_request(options.slow_path)
                                  : http_request(options.slow_path, options.close);
        }
        for (int i = 0; i < options.connections; ++i) {
            clients_.push_back(
                std::make_unique<Client>(epoll_, options.port, options.close || uwsgi));
            free_.push_back(clients_.back().get());
        }
    }

    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    ~Load() { ::close(epoll_); }

    void run() {
        // By then the server has received all slow heads.
        const auto settled = Clock::now() + std::chrono::seconds(options_.slow_heads > 0 ? 1 : 0);
        while (Clock::now() < settled) {
            slow_heads_.turn(Clock::now());
        }
        start_ = Clock::now();
        end_ = start_ + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(options_.seconds));
        // Waits for requests in flight at the end, since these are not the fast ones.
        const auto patience = end_ + std::chrono::seconds(10);
        for (auto now = start_; now < end_ || (busy() && now < patience); now = Clock::now()) {
            slow_heads_.turn(now);
            send_due(now);
            receive();
        }
        errors_ += clients_.size() - free_.size();
    }

    void report() {
        std::sort(latencies_.begin(), latencies_.end());
        const auto at = [this](double share) { return percentile(latencies_, share); };
        std::printf(
            "{\"requests\": %zu, \"errors\": %zu, \"rate\": %.1f, \"p50\": %.9f, \"p99\": %.9f, "
            "\"p999\": %.9f, \"max\": %.9f}\n",
            answered_, errors_, static_cast<double>(answered_) / options_.seconds, at(0.5),
            at(0.99), at(0.999), at(1));
    }

  private:
    [[nodiscard]] bool busy() const { return free_.size() < clients_.size(); }

    void send_due(Clock::time_point now) {
        while (now < end_ && !free_.empty()) {
            auto due = now;
            if (options_.rate > 0) {
                due = start_ +
                      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                          static_cast<double>(sent_) / options_.rate));
                if (due > now) {
                    return;
                }
            }
            Client& client = *free_.front();
            free_.pop_front();
            ++sent_;
            const bool slow = !slow_request_.empty() &&
                              sent_ % static_cast<std::size_t>(options_.slow_every) == 0;
            settle(client, client.ask(slow ? slow_request_ : request_, due, slow));
        }
    }

    void receive() {
        std::array<epoll_event, 64> events;
        // With a fixed rate it spins, because sleeping would make it late.
        const int wait = options_.rate > 0 ? 0 : 100;
        const int count =
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
        for (int i = 0; i < count; ++i) {
            auto& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
            const bool was_busy = client.busy();
            const auto progress = client.on_readable();
            if (was_busy) {
                settle(client, progress);
            }
        }
    }

    void settle(Client& client, Client::Progress progress) {
        if (progress == Client::Progress::Waiting) {
            return;
        }
        free_.push_back(&client);
        if (progress == Client::Progress::Failed) {
            ++errors_;
            return;
        }
        ++answered_;
        if (!client.is_slow()) {
            latencies_.push_back(
                std::chrono::duration<double>(Clock::now() - client.due()).count());
        }
    }

    const Options& options_;
    int epoll_;
    SlowHeads slow_heads_;
    std::string request_, slow_request_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::deque<Client*> free_;
    std::vector<double> latencies_;
    std::size_t sent_ = 0, answered_ = 0, errors_ = 0;
    Clock::time_point start_, end_;
};

}  // namespace

}  // namespace geventd::bench

int main(int count, char** arguments) {
    geventd::bench::Options options;
    CLI::App app("Load on 127.0.0.1 for ./dev bench; prints what it saw as JSON.");
    app.add_option("port", options.port)->required();
    app.add_option("--protocol", options.protocol)->check(CLI::IsMember({"http", "uwsgi"}));
    app.add_option("--path", options.path);
    app.add_option("--slow-path", options.slow_path);
    app.add_option("--slow-every", options.slow_every)->check(CLI::PositiveNumber);
    app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
    app.add_option("--seconds", options.seconds)->check(CLI::PositiveNumber);
    app.add_option("--rate", options.rate)->check(CLI::NonNegativeNumber);
    app.add_option("--slow-heads", options.slow_heads, "clients that never get to an end");
    app.add_flag("--close", options.close, "one connection a request");
    CLI11_PARSE(app, count, arguments);
    geventd::bench::Load load(options);
    load.run();
    load.report();
    return 0;
}
