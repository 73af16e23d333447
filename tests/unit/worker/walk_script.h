// SPDX-License-Identifier: MIT
// What clients of random walks send, and which responses they may expect.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/unit/uwsgi/make_packet.h"

namespace geventd::worker {

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}

    // From 0 to `most`.
    std::size_t upto(std::size_t most) { return engine_() % (most + 1); }

    bool one_in(std::size_t count) { return upto(count - 1) == 0; }

    template <typename Container>
    auto& any(Container& container) {
        return container[upto(container.size() - 1)];
    }

  private:
    std::mt19937 engine_;
};

// What a client is going to send, and the responses that it may expect.
struct Script {
    std::string bytes;
    std::vector<std::string> answers;
    bool complete = true;  // everything is valid, and the last request is complete
};

inline std::string mark(std::size_t number, std::size_t body) {
    return fmt::format("[{}:{}]", number, body);
}

inline void add_proxy_header(Script& script, Random& random) {
    static const std::vector<std::string> headers{
        "PROXY UNKNOWN\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1111 80\r\n",
        std::string("\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0", 16),
        std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x11\x11\0\x50", 28),
    };
    script.bytes += random.any(headers);
}

inline std::string in_chunks(std::size_t size, Random& random) {
    std::string text;
    while (size > 0) {
        const std::size_t piece = 1 + random.upto(size - 1);
        text += fmt::format("{:x}\r\n{}\r\n", piece, std::string(piece, 'c'));
        size -= piece;
    }
    return text + "0\r\n\r\n";
}

inline void add_http(Script& script, Random& random) {
    const std::size_t number = script.answers.size();
    const std::size_t size = random.one_in(8) ? 70'000 + random.upto(9'000) : random.upto(300);
    const std::string head =
        fmt::format("{} /{} HTTP/1.1\r\nHost: h\r\n", size > 0 ? "POST" : "GET", number);
    script.bytes += random.one_in(6) ? "\r\n" : "";
    const char* expect = random.one_in(5) ? "Expect: 100-continue\r\n" : "";
    if (size == 0) {
        script.bytes += head + "\r\n";
    } else if (random.one_in(3)) {
        script.bytes +=
            head + expect + "Transfer-Encoding: chunked\r\n\r\n" + in_chunks(size, random);
    } else {
        script.bytes += head + expect + fmt::format("Content-Length: {}\r\n\r\n", size) +
                        std::string(size, 'b');
    }
    script.answers.push_back(mark(number, size));
}

inline void spoil(Script& script, Random& random) {
    static const std::vector<std::string> rubbish{
        "GET / HTTP/1.1\r\n\r\n",
        "PROXY ",
        std::string("\0\1", 2),
        "\r\r",
        "GET  / HTTP/9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
    script.complete = false;
    if (random.one_in(2)) {
        script.bytes += random.any(rubbish);
    } else {
        script.bytes.resize(script.bytes.size() -
                            random.upto(std::min<std::size_t>(script.bytes.size(), 40)));
    }
}

inline Script make_http(bool trusted, Random& random) {
    Script script;
    if (trusted && !random.one_in(4)) {
        add_proxy_header(script, random);
    }
    for (std::size_t left = random.upto(4); left > 0; --left) {
        add_http(script, random);
    }
    if (random.one_in(4)) {
        spoil(script, random);
    }
    return script;
}

inline Script make_uwsgi(bool trusted, Random& random) {
    Script script;
    if (trusted && !random.one_in(4)) {
        add_proxy_header(script, random);
    }
    if (random.one_in(8)) {
        uwsgi::append_packet(script.bytes, static_cast<std::uint8_t>(random.upto(255)), 0);
        script.complete = false;
        return script;
    }
    const std::size_t size = random.one_in(4) ? 70'000 : random.upto(300);
    const std::string length = std::to_string(size);
    const std::vector<uwsgi::Var> vars{
        {"REQUEST_METHOD", "POST"}, {"PATH_INFO", "/0"}, {"CONTENT_LENGTH", length}};
    script.bytes += uwsgi::make_packet(uwsgi::kRequest, 0, vars) + std::string(size, 'b');
    script.answers.push_back(mark(0, size));
    if (random.one_in(4)) {
        spoil(script, random);
    }
    return script;
}

}  // namespace geventd::worker
