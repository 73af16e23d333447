// SPDX-License-Identifier: MIT
#include "http/request_head.h"

#include <gtest/gtest.h>

namespace geventd::http {

TEST(HeaderValue, IsTheFirstOneOfThatNameWhateverItsCase) {
    RequestHead head;
    head.headers = {{"Host", "a"}, {"X-Id", "first"}, {"x-id", "second"}};
    EXPECT_EQ(header_value(head, "x-id"), "first");
    EXPECT_EQ(header_value(head, "host"), "a");
    EXPECT_EQ(header_value(head, "x-i"), "");
    EXPECT_EQ(header_value(head, ""), "");
}

}  // namespace geventd::http
