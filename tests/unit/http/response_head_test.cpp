// SPDX-License-Identifier: MIT
#include "http/response_head.h"

#include <limits>

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

TEST(ResponseHead, WritesTheDateOfEachSecond) {
    EXPECT_EQ(date_text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date_text(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date_text(1795428000), "Mon, 23 Nov 2026 10:00:00 GMT");
}

TEST(ResponseHead, KnowsTheReasonPhrases) {
    EXPECT_EQ(reason_phrase(100), "Continue");
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(299), "Unknown");
    EXPECT_EQ(reason_phrase(999), "Unknown");
}

TEST(ResponseHead, MakesAWholeSimpleResponse) {
    EXPECT_EQ(make_simple_response(503, "busy", 784111777, false, "Retry-After: 1\r\n"),
              "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Connection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 5\r\n\r\nbusy\n");
    EXPECT_EQ(make_simple_response(304, "", 784111777, true),
              "HTTP/1.1 304 Not Modified\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(ResponseHead, WritesChunkSizes) {
    EXPECT_EQ(ChunkSizeLine(0).text(), "0\r\n");
    EXPECT_EQ(ChunkSizeLine(26).text(), "1a\r\n");
    EXPECT_EQ(ChunkSizeLine(std::numeric_limits<std::size_t>::max()).text(),
              "ffffffffffffffff\r\n");
}

}  // namespace

}  // namespace geventd::http
