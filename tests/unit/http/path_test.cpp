// SPDX-License-Identifier: MIT
#include "http/path.h"

#include <gtest/gtest.h>

#include "http/environ_name.h"

namespace geventd::http {

namespace {

TEST(DecodePath, DecodesEscapesAndNothingElse) {
    std::string decoded = "former";
    EXPECT_EQ(decode_path("/a%20b%2Fc/../%c3%A4//+", decoded).status, 0);
    EXPECT_EQ(decoded, "/a b/c/../\xc3\xa4//+");
    EXPECT_EQ(decode_path("", decoded).status, 0);
    EXPECT_EQ(decoded, "");
    EXPECT_EQ(decode_path("/%25%32%35", decoded).status, 0);
    EXPECT_EQ(decoded, "/%25");
}

TEST(DecodePath, RefusesBadEscapes) {
    std::string decoded;
    for (const char* bad : {"/%", "/%2", "/%g0", "/%0g", "/%00", "/%%20", "/%u0041", "/a%2", "%"}) {
        EXPECT_EQ(decode_path(bad, decoded).status, 400) << bad;
    }
}

TEST(EnvironName, FollowsTheCgiRules) {
    EXPECT_EQ(header_to_environ_name("Host"), "HTTP_HOST");
    EXPECT_EQ(header_to_environ_name("x-Forwarded-for"), "HTTP_X_FORWARDED_FOR");
    EXPECT_EQ(header_to_environ_name("content-TYPE"), "CONTENT_TYPE");
    EXPECT_EQ(header_to_environ_name("Content-Length"), "CONTENT_LENGTH");
    EXPECT_EQ(header_to_environ_name("Content-Encoding"), "HTTP_CONTENT_ENCODING");
}

TEST(EnvironName, DropsWhatCouldPassForAnother) {
    EXPECT_EQ(header_to_environ_name("X_Forwarded_For"), std::nullopt);
    EXPECT_EQ(header_to_environ_name("Content_Length"), std::nullopt);
    EXPECT_EQ(header_to_environ_name("PROXY"), std::nullopt);
    EXPECT_EQ(header_to_environ_name("Proxy-Authorization"), "HTTP_PROXY_AUTHORIZATION");
}

}  // namespace

}  // namespace geventd::http
