// SPDX-License-Identifier: MIT
#include "master/ctl/view/websockets_view.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(WebSocketsView, ShowsOneALine) {
    const auto text = format_websockets(R"({"total": 3, "websockets": [
        {"id": "a1", "age": 75.2, "worker": 2, "generation": 3, "pid": 44, "client": "192.0.2.7",
         "path": "/chat", "messages_in": 5, "messages_out": 1200, "bytes_in": 61,
         "bytes_out": 2097152, "unsent": 0},
        {"id": "b\u001b2", "age": 0.44, "worker": 1, "generation": 3, "pid": 43, "client": null,
         "path": "/", "messages_in": 0, "messages_out": 0, "bytes_in": 0, "bytes_out": 0,
         "unsent": 1024}]})");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "  AGE  WORKER  PID  GEN  CLIENT     ID      IN   OUT  RECEIVED  SENT  UNSENT  PATH\n"
              "1m15s       2   44    3  192.0.2.7  a1       5  1200       61B  2.0M      0B  "
              "/chat\n"
              " 0.4s       1   43    3  -          b\\x1b2   0     0        0B    0B    1.0K  /\n"
              "and 1 more\n");
}

TEST(WebSocketsView, RefusesWhatIsNoAnswer) {
    EXPECT_FALSE(format_websockets("[]"));
}

}  // namespace
}  // namespace geventd::ctl
