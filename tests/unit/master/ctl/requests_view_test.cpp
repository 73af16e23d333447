// SPDX-License-Identifier: MIT
#include "master/ctl/view/requests_view.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(RequestsView, ShowsOneRequestALine) {
    const auto text = format_requests(R"({"total": 5, "requests": [
        {"id": "a1", "age": 75.2, "worker": 2, "generation": 3, "pid": 44, "core": 5,
         "client": "192.0.2.7", "method": "GET", "path": "/slow"},
        {"id": "b\u001b2", "age": 0.44, "worker": 1, "generation": 3, "pid": 43, "core": null,
         "client": null, "method": "POST", "path": "/"},
        {"id": "c3", "age": 2, "worker": 1, "generation": 3, "pid": 43, "core": 0,
         "computes": true, "client": null, "method": "GET", "path": "/sum"}]})");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "  AGE  WORKER  PID  GEN  CLIENT     ID      STATE     REQUEST\n"
              "1m15s       2   44    3  192.0.2.7  a1      runs      GET /slow\n"
              " 0.4s       1   43    3  -          b\\x1b2  waits     POST /\n"
              " 2.0s       1   43    3  -          c3      computes  GET /sum\n"
              "and 2 more\n");
}

TEST(RequestsView, RefusesWhatIsNoAnswer) {
    EXPECT_FALSE(format_requests("[]"));
}

}  // namespace
}  // namespace geventd::ctl
