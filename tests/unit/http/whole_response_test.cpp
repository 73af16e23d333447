// SPDX-License-Identifier: MIT
#include "http/whole_response.h"

#include <gtest/gtest.h>

#include "http/date.h"

namespace geventd::http {

namespace {

constexpr std::int64_t kThen = 784111777;

TEST(Date, IsMadeForEachSecond) {
    EXPECT_EQ(date_text(kThen), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date_text(kThen), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date_text(1795428000), "Mon, 23 Nov 2026 10:00:00 GMT");
}

TEST(WholeResponse, IsALineOfText) {
    WholeResponse response = WholeResponse::line(503, "busy");
    response.extra_fields = "Retry-After: 1\r\n";
    EXPECT_EQ(response.bytes(kThen),
              "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Connection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 5\r\n\r\nbusy\n");
}

TEST(WholeResponse, SaysWhichWebSocketThereIs) {
    WholeResponse response = WholeResponse::line(426, "another version");
    response.keep_alive = true;
    EXPECT_NE(response.bytes(kThen).find("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                         "Sec-WebSocket-Version: 13\r\n"),
              std::string::npos);
}

TEST(WholeResponse, HasParts) {
    const std::string bytes = WholeResponse::line(503, "busy\r\n\r\n").bytes(kThen);
    const AnswerParts parts = parts_of_answer(bytes);
    EXPECT_EQ(parts.fields, 4U);
    EXPECT_EQ(parts.head + parts.body, bytes.size());
    EXPECT_EQ(bytes.substr(parts.head), "busy\r\n\r\n\n");
}

TEST(WholeResponse, HasNoBodyWhereNoneMayBe) {
    WholeResponse response = WholeResponse::line(304, "unseen");
    response.keep_alive = true;
    EXPECT_EQ(response.bytes(kThen),
              "HTTP/1.1 304 Not Modified\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(WholeResponse, TellsAHeadRequestTheLengthOnly) {
    const WholeResponse response{.status = 200,
                                 .body = "{}",
                                 .type = "application/json",
                                 .keep_alive = true,
                                 .head_only = true};
    EXPECT_EQ(response.bytes(kThen),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n");
}

}  // namespace

}  // namespace geventd::http
