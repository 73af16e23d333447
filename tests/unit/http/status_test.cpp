// SPDX-License-Identifier: MIT
#include "http/status.h"

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

TEST(Status, KnowsTheReasonPhrases) {
    EXPECT_EQ(reason_phrase(100), "Continue");
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(299), "Unknown");
    EXPECT_EQ(reason_phrase(999), "Unknown");
}

TEST(Status, KnowsWhichHaveNoBody) {
    for (const int status : {100, 101, 199, 204, 304}) {
        EXPECT_TRUE(has_no_body(status)) << status;
    }
    for (const int status : {200, 203, 205, 206, 300, 303, 305, 404, 500}) {
        EXPECT_FALSE(has_no_body(status)) << status;
    }
}

TEST(Status, IsReadFromAStatusLine) {
    EXPECT_EQ(parse_status("404 Not Found"), 404);
    EXPECT_EQ(parse_status("404 "), 404);
    EXPECT_EQ(parse_status("404"), 404);
    EXPECT_EQ(parse_status("999 Odd"), 999);
    for (const char* bad : {"", "20", "099 Low", "2000 Long", "200OK", " 200 OK", "-20 OK",
                            "+200 OK", "OK", "0x1 OK", "200\tOK"}) {
        EXPECT_EQ(parse_status(bad), 0) << bad;
    }
}

}  // namespace

}  // namespace geventd::http
