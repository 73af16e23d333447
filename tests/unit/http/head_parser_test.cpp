// SPDX-License-Identifier: MIT
#include "http/head_parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

constexpr HeadLimits kLimits{};

/// Parses bytes that outlive it.
class Parsed {
  public:
    explicit Parsed(std::string bytes, const HeadLimits& limits = kLimits)
        : bytes_(std::move(bytes)) {
        HeadScanner scanner;
        if (scanner.scan(bytes_, limits) == HeadScanner::State::Complete) {
            rejection_ = parse_head(
                std::string_view(bytes_).substr(scanner.begin(), scanner.length()), limits, head_);
        } else {
            rejection_ = scanner.rejection();
        }
    }

    const RequestHead* operator->() const { return &head_; }

    [[nodiscard]] int status() const { return rejection_.status; }

  private:
    std::string bytes_;
    RequestHead head_;
    Rejection rejection_;
};

Parsed with(const std::string& fields, const std::string& line = "POST / HTTP/1.1") {
    return Parsed(line + "\r\nHost: a\r\n" + fields + "\r\n");
}

TEST(HeadParser, FillsTheHead) {
    const Parsed head(
        "PATCH /a/b%20c?x=1?y HTTP/1.1\r\nHost: example.com:81\r\nX-A:\t v w \t\r\n"
        "Content-Length: 12\r\nX-Empty:\r\n\r\n");
    ASSERT_EQ(head.status(), 0);
    EXPECT_EQ(head->method, "PATCH");
    EXPECT_EQ(head->target, "/a/b%20c?x=1?y");
    EXPECT_EQ(head->path, "/a/b%20c");
    EXPECT_EQ(head->query, "x=1?y");
    EXPECT_EQ(head->authority, "example.com:81");
    ASSERT_EQ(head->headers.size(), 4U);
    EXPECT_EQ(head->headers[1].name, "X-A");
    EXPECT_EQ(head->headers[1].value, "v w");
    EXPECT_EQ(head->headers[3].name, "X-Empty");
    EXPECT_EQ(head->headers[3].value, "");
    EXPECT_EQ(head->body, BodyKind::Length);
    EXPECT_EQ(head->content_length, 12U);
    EXPECT_TRUE(head->keep_alive);
}

TEST(HeadParser, ForgetsTheFormerHeadWhenReused) {
    RequestHead head;
    parse_head("POST /?q HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
               kLimits, head);
    ASSERT_EQ(parse_head("GET / HTTP/1.1\r\nHost: b\r\n\r\n", kLimits, head).status, 0);
    EXPECT_EQ(head.headers.size(), 1U);
    EXPECT_EQ(head.query, "");
    EXPECT_EQ(head.authority, "b");
    EXPECT_FALSE(head.has_content_length);
    EXPECT_EQ(head.body, BodyKind::None);
    EXPECT_TRUE(head.keep_alive);
}

TEST(HeadParser, TakesAnyTokenAsMethod) {
    EXPECT_EQ(Parsed("QUERY / HTTP/1.1\r\nHost: a\r\n\r\n")->method, "QUERY");
    EXPECT_EQ(Parsed("x!y / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 0);
    EXPECT_EQ(Parsed(std::string(32, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 0);
    EXPECT_EQ(Parsed(std::string(33, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 501);
    EXPECT_EQ(Parsed("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n").status(), 501);
}

TEST(HeadParser, JudgesVersions) {
    const auto status = [](const std::string& version) {
        return Parsed("GET / " + version + "\r\nHost: a\r\n\r\n").status();
    };
    EXPECT_EQ(status("HTTP/1.0"), 0);
    EXPECT_EQ(status("HTTP/1.2"), 0);
    EXPECT_EQ(status("HTTP/2.0"), 505);
    EXPECT_EQ(status("HTTP/0.9"), 400);
    EXPECT_EQ(status("HTTP/1.10"), 400);
    EXPECT_EQ(status("http/1.1"), 400);
    EXPECT_EQ(status("HTTP/1.1 "), 400);
    EXPECT_EQ(status(""), 400);
    EXPECT_EQ(Parsed("GET /\r\n\r\n").status(), 400);
}

TEST(HeadParser, ReducesAbsoluteFormToItsPathAndLetsItsAuthorityWin) {
    const Parsed head("GET http://other:8080/p?q HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(head.status(), 0);
    EXPECT_EQ(head->path, "/p");
    EXPECT_EQ(head->query, "q");
    EXPECT_EQ(head->authority, "other:8080");
    EXPECT_EQ(head->headers[0].value, "other:8080");
    EXPECT_EQ(Parsed("GET HTTPS://other HTTP/1.1\r\nHost: a\r\n\r\n")->path, "/");
    EXPECT_EQ(Parsed("OPTIONS http://other HTTP/1.1\r\nHost: a\r\n\r\n")->path, "*");
    EXPECT_EQ(Parsed("GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("GET ftp://h/ HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
}

TEST(HeadParser, TakesTheAsteriskForOptionsOnly) {
    EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status(), 0);
    EXPECT_EQ(Parsed("GET * HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
}

TEST(HeadParser, RejectsFragmentsAndWhatBeginsWithoutASlash) {
    EXPECT_EQ(Parsed("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("GET a HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
}

TEST(HeadParser, TakesBytesFrom0x80InTheTargetAsTheyAre) {
    const Parsed head("GET /caf\xc3\xa9/\x80\xff?q=\xe9 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(head.status(), 0);
    EXPECT_EQ(head->path, "/caf\xc3\xa9/\x80\xff");
    EXPECT_EQ(head->query, "q=\xe9");
    EXPECT_EQ(Parsed("GET http://a/\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n")->path, "/\xc3\xa9");
}

TEST(HeadParser, TakesThemNeitherInAMethodNorInAnAuthority) {
    EXPECT_EQ(Parsed("G\xc3\xa9T / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("GET http://\xc3\xa9/ HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
    EXPECT_EQ(Parsed("GET \xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n").status(), 400);
}

TEST(HeadParser, RejectsAmbiguousFraming) {
    EXPECT_EQ(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n").status(), 400);
    EXPECT_EQ(with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n").status(), 400);
    EXPECT_EQ(with("Content-Length: 1\r\nContent-Length: 1\r\n").status(), 400);
    EXPECT_EQ(with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0").status(), 400);
    EXPECT_EQ(with("Transfer-Encoding : chunked\r\n").status(), 400);
}

TEST(HeadParser, ReadsContentLengthStrictly) {
    for (const char* bad : {"", "+1", "-1", "1,1", "1, 1", "0x1", "1 1", "1a", "1.0",
                            "18446744073709551616", "99999999999999999999999"}) {
        EXPECT_EQ(with("Content-Length: " + std::string(bad) + "\r\n").status(), 400) << bad;
    }
    EXPECT_EQ(with("Content-Length: 18446744073709551615\r\n")->content_length,
              18446744073709551615U);
    EXPECT_EQ(with("Content-Length:\t5 \t\r\n")->content_length, 5U);
    const Parsed zero = with("Content-Length: 0\r\n");
    EXPECT_TRUE(zero->has_content_length);
    EXPECT_EQ(zero->body, BodyKind::None);
}

TEST(HeadParser, RefusesBodiesOverTheLimit) {
    const HeadLimits limits{.body = 10};
    EXPECT_EQ(Parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", limits).status(),
              0);
    EXPECT_EQ(Parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", limits).status(),
              413);
}

TEST(HeadParser, TakesChunkedAloneAsTransferCoding) {
    EXPECT_EQ(with("Transfer-Encoding: Chunked\r\n")->body, BodyKind::Chunked);
    EXPECT_EQ(with("Transfer-Encoding: gzip, chunked\r\n").status(), 501);
    EXPECT_EQ(with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").status(), 501);
    for (const char* bad : {"", "gzip", "identity", "xchunked", "chunked, gzip", "chunked, chunked",
                            "chunked,", ",chunked", "chunked;q=1", "chunked\x0b", "\"chunked\""}) {
        EXPECT_EQ(with("Transfer-Encoding: " + std::string(bad) + "\r\n").status(), 400) << bad;
    }
}

TEST(HeadParser, RequiresOneValidHost) {
    const auto status = [](const std::string& fields, const std::string& version = "1.1") {
        return Parsed("GET / HTTP/" + version + "\r\n" + fields + "\r\n").status();
    };
    EXPECT_EQ(status(""), 400);
    EXPECT_EQ(status("", "1.0"), 0);
    EXPECT_EQ(status("Host: a\r\nHost: a\r\n"), 400);
    EXPECT_EQ(status("Host: a\r\nhost: a\r\n", "1.0"), 400);
    for (const char* good :
         {"", "a.b", "a_b", "127.0.0.1:80", "[::1]", "[::1]:8080", "a%20b", "a:"}) {
        EXPECT_EQ(status("Host: " + std::string(good) + "\r\n"), 0) << good;
    }
    for (const char* bad : {"a b", "a/b", "a@b", "a:b", "a:65536", "[::1", "[::g]", "[::1]x", "a%2",
                            "a:1:2", "\xff", "a?b", "a#b", "[]"}) {
        EXPECT_EQ(status("Host: " + std::string(bad) + "\r\n"), 400) << bad;
    }
}

TEST(HeadParser, RejectsBadHeaderNames) {
    for (const char* bad : {"X Y: 1", ": 1", "X", "X\xff: 1", "X(: 1", "X : 1", "\"X\": 1"}) {
        EXPECT_EQ(with(std::string(bad) + "\r\n").status(), 400) << bad;
    }
}

TEST(HeadParser, RejectsBareCrAfterAnEmptyValue) {
    EXPECT_EQ(with("X:\rTransfer-Encoding: chunked\r\n").status(), 400);
}

TEST(HeadParser, DecidesKeepAliveByVersionAndConnection) {
    EXPECT_TRUE(with("")->keep_alive);
    EXPECT_FALSE(with("Connection: x, Close\r\n")->keep_alive);
    EXPECT_FALSE(with("", "GET / HTTP/1.0")->keep_alive);
    EXPECT_TRUE(with("Connection: Keep-Alive\r\n", "GET / HTTP/1.0")->keep_alive);
    EXPECT_FALSE(with("Connection: keep-alive\r\nConnection: close\r\n")->keep_alive);
    EXPECT_TRUE(with("Connection: upgrade\r\n")->upgrade);
    EXPECT_FALSE(with("Connection: closed\r\n")->upgrade);
}

TEST(HeadParser, NoticesWhatIsAboutAnUpgradeWithoutAskingForIt) {
    EXPECT_FALSE(with("Connection: upgrade\r\nReferer: /\r\n")->about_upgrade);
    EXPECT_FALSE(with("X-Forwarded-Proto: https\r\n")->about_upgrade);
    EXPECT_TRUE(with("Upgrade: websocket\r\n")->about_upgrade);
    EXPECT_TRUE(with("sec-websocket-key: x\r\nReferer: /\r\n", "GET / HTTP/1.0")->about_upgrade);
}

TEST(HeadParser, KnowsOneExpectation) {
    EXPECT_TRUE(with("Expect: 100-Continue\r\nContent-Length: 1\r\n")->expect_continue);
    EXPECT_FALSE(with("Expect: 100-continue\r\n")->expect_continue);
    EXPECT_FALSE(
        with("Expect: 100-continue\r\nContent-Length: 1\r\n", "PUT / HTTP/1.0")->expect_continue);
    EXPECT_EQ(with("Expect: 200-ok\r\n").status(), 417);
}

TEST(HeadParser, BoundsTheHeadAndHeaderCount) {
    const HeadLimits limits{.head = 1000, .headers = 3};
    EXPECT_EQ(
        Parsed("GET /" + std::string(900, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits).status(),
        0);
    EXPECT_EQ(
        Parsed("GET /" + std::string(990, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits).status(),
        414);
    EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n", limits).status(), 0);
    EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits).status(),
              431);
}

TEST(HeadParser, NamesAProxyLine) {
    EXPECT_EQ(Parsed("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\r\n").status(), 400);
}

}  // namespace

}  // namespace geventd::http
