// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "http/head_parser.h"

namespace geventd::http {

namespace {

using State = HeadScanner::State;

constexpr HeadLimits kLimits{};

int status_of(std::string_view bytes, const HeadLimits& limits = kLimits) {
    HeadScanner scanner;
    return scanner.scan(bytes, limits) == State::Rejected ? scanner.rejection().status : 0;
}

TEST(HeadScanner, FindsTheEndWhereverTheBytesAreCut) {
    constexpr std::string_view head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1234567890123456789\r\n\r\n";
    const std::string bytes = std::string(head) + "body";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        HeadScanner scanner;
        ASSERT_EQ(scanner.scan(std::string_view(bytes).substr(0, cut), kLimits), State::Incomplete);
        ASSERT_EQ(scanner.scan(bytes, kLimits), State::Complete) << cut;
        EXPECT_EQ(scanner.begin(), 0U);
        EXPECT_EQ(scanner.length(), head.size());
    }
}

TEST(HeadScanner, SkipsLeadingEmptyLines) {
    HeadScanner scanner;
    ASSERT_EQ(scanner.scan("\r\n\r\nGET / HTTP/1.0\r\n\r\n", kLimits), State::Complete);
    EXPECT_EQ(scanner.begin(), 4U);
    EXPECT_EQ(scanner.length(), 18U);
}

TEST(HeadScanner, DoesNotLookBehindTheHead) {
    HeadScanner scanner;
    using namespace std::string_view_literals;
    EXPECT_EQ(scanner.scan("GET / HTTP/1.0\r\n\r\n\0\n\r body"sv, kLimits), State::Complete);
}

TEST(HeadScanner, RejectsControlCharactersWhereverTheyStand) {
    const std::string head = "GET /abcdefgh HTTP/1.1\r\nHost: example.com\r\nX-Y: value\r\n\r\n";
    for (std::size_t at = 0; at < head.size(); ++at) {
        for (const char byte : {'\0', '\x01', '\x0b', '\x1f', '\x7f'}) {
            std::string bad = head;
            bad[at] = byte;
            EXPECT_EQ(status_of(bad), 400) << at;
        }
    }
}

TEST(HeadScanner, RejectsLoneCrAndLoneLfWhereverTheyStand) {
    const std::string head = "GET /abcdefgh HTTP/1.1\r\nHost: example.com\r\nX-Y: value\r\n\r\n";
    for (std::size_t at = 0; at < head.size(); ++at) {
        if (head[at] == '\r' || head[at] == '\n') {
            continue;
        }
        std::string bad = head;
        bad[at] = '\r';
        EXPECT_EQ(status_of(bad), 400) << at;
        bad[at] = '\n';
        EXPECT_EQ(status_of(bad), 400) << at;
    }
}

TEST(HeadScanner, RejectsFoldedLines) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
}

TEST(HeadScanner, RejectsEarlyWhatIsLongerThanTheLimits) {
    const HeadLimits limits{.head = 200, .headers = 10};
    EXPECT_EQ(status_of("GET /" + std::string(200, 'a'), limits), 414);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(200, 'a'), limits), 431);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(100, 'a'), limits), 0);
    std::string lines;
    while (lines.size() < 300) {
        lines += "\r\n";
    }
    EXPECT_NE(status_of(lines, limits), 0);
}

TEST(HeadScanner, TakesAHeadOfExactlyTheLimit) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(head, {.head = head.size()}), State::Complete);
    scanner.reset();
    EXPECT_EQ(scanner.scan(head, {.head = head.size() - 1}), State::Rejected);
    EXPECT_EQ(scanner.rejection().status, 431);
}

TEST(HeadScanner, NamesTheForeignProtocol) {
    using namespace std::string_view_literals;
    const auto reason = [](std::string_view bytes) {
        HeadScanner scanner;
        scanner.scan(bytes, kLimits);
        return std::string(scanner.rejection().reason);
    };
    EXPECT_NE(reason("\0\x10\0\0\x0eREQUEST_METHOD"sv).find("uwsgi"), std::string::npos);
    EXPECT_NE(reason("\x16\x03\x01\x02\0\x01"sv).find("TLS"), std::string::npos);
    EXPECT_NE(reason("\r\n\r\n\0\r\nQUIT\n"sv).find("PROXY"), std::string::npos);
}

}  // namespace

}  // namespace geventd::http
