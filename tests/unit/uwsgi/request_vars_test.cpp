// SPDX-License-Identifier: MIT
#include "uwsgi/request_vars.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace geventd::uwsgi {

namespace {

http::Rejection read(std::vector<Var> vars, RequestVars& request, std::uint64_t body_limit = 0) {
    vars.insert(vars.begin(), {"REQUEST_METHOD", "GET"});
    return read_request_vars(vars, body_limit, request);
}

bool has_key(const RequestVars& request, std::string_view key) {
    return std::any_of(request.environ.begin(), request.environ.end(),
                       [&](const Var& var) { return var.key == key; });
}

TEST(RequestVars, ReadsWhatTheServerNeeds) {
    RequestVars request;
    ASSERT_EQ(read({{"REQUEST_URI", "/a%20?b"},
                    {"PATH_INFO", "/a "},
                    {"SCRIPT_NAME", "/s"},
                    {"SERVER_PROTOCOL", "HTTP/1.1"},
                    {"REMOTE_ADDR", "10.0.0.1"},
                    {"CONTENT_LENGTH", "12"}},
                   request)
                  .status,
              0);
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.request_uri, "/a%20?b");
    EXPECT_EQ(request.path_info, "/a ");
    EXPECT_EQ(request.script_name, "/s");
    EXPECT_EQ(request.protocol, "HTTP/1.1");
    EXPECT_EQ(request.remote_addr, "10.0.0.1");
    EXPECT_TRUE(request.has_content_length);
    EXPECT_EQ(request.content_length, 12U);
    EXPECT_EQ(request.environ.size(), 7U);
}

TEST(RequestVars, RequiresAMethod) {
    RequestVars request;
    EXPECT_EQ(read_request_vars(std::vector<Var>{{"PATH_INFO", "/"}}, 0, request).status, 400);
    EXPECT_EQ(read({{"REQUEST_METHOD", ""}}, request).status, 400);
    EXPECT_EQ(read({{"REQUEST_METHOD", "G T"}}, request).status, 400);
}

TEST(RequestVars, NoticesWhatIsAboutAnUpgrade) {
    RequestVars request;
    ASSERT_EQ(read({{"HTTP_CONNECTION", "upgrade"}}, request).status, 0);
    EXPECT_FALSE(request.upgrade || request.about_upgrade);
    ASSERT_EQ(read({{"HTTP_UPGRADE", "websocket"}}, request).status, 0);
    EXPECT_TRUE(request.upgrade && request.about_upgrade);
    ASSERT_EQ(read({{"HTTP_SEC_WEBSOCKET_KEY", "x"}}, request).status, 0);
    EXPECT_TRUE(!request.upgrade && request.about_upgrade);
}

TEST(RequestVars, TakesTheLastOfRepeatedKeys) {
    RequestVars request;
    ASSERT_EQ(read({{"CONTENT_LENGTH", "3"},
                    {"PATH_INFO", "/a"},
                    {"PATH_INFO", "/b"},
                    {"CONTENT_LENGTH", ""}},
                   request)
                  .status,
              0);
    EXPECT_EQ(request.path_info, "/b");
    EXPECT_FALSE(request.has_content_length);
    EXPECT_EQ(request.content_length, 0U);
}

TEST(RequestVars, ReadsContentLengthStrictly) {
    RequestVars request;
    for (const char* bad : {"-1", "+1", "1,1", " 1", "1 ", "0x1", "18446744073709551616"}) {
        EXPECT_EQ(read({{"CONTENT_LENGTH", bad}}, request).status, 400) << bad;
    }
    EXPECT_EQ(read({{"CONTENT_LENGTH", "11"}}, request, 10).status, 413);
    EXPECT_EQ(read({{"CONTENT_LENGTH", "10"}}, request, 10).status, 0);
}

TEST(RequestVars, RefusesABodyThatTheWebServerDidNotUnwrap) {
    RequestVars request;
    EXPECT_EQ(read({{"HTTP_TRANSFER_ENCODING", "chunked"}}, request).status, 411);
    EXPECT_EQ(read({{"CONTENT_LENGTH", ""}, {"HTTP_TRANSFER_ENCODING", "chunked"}}, request).status,
              411);
    EXPECT_EQ(
        read({{"HTTP_TRANSFER_ENCODING", "chunked"}, {"CONTENT_LENGTH", "0"}}, request).status, 0);
}

TEST(RequestVars, DropsWhatTheApplicationMustNotSee) {
    RequestVars request;
    ASSERT_EQ(read({{"HTTP_CONTENT_LENGTH", "9"},
                    {"HTTP_CONTENT_TYPE", "a/b"},
                    {"HTTP_TRANSFER_ENCODING", "chunked"},
                    {"CONTENT_LENGTH", "5"},
                    {"HTTP_PROXY", "evil"},
                    {"wsgi.input", "x"},
                    {"HTTP_HOST", "a"}},
                   request)
                  .status,
              0);
    EXPECT_EQ(request.environ.size(), 3U);
    EXPECT_TRUE(has_key(request, "HTTP_HOST"));
}

TEST(RequestVars, FindsTheScheme) {
    RequestVars request;
    const auto scheme = [&](std::vector<Var> vars) {
        EXPECT_EQ(read(std::move(vars), request).status, 0);
        return std::string(request.scheme);
    };
    EXPECT_EQ(scheme({}), "");
    EXPECT_EQ(scheme({{"REQUEST_SCHEME", "https"}}), "https");
    EXPECT_EQ(scheme({{"HTTPS", "on"}, {"REQUEST_SCHEME", "http"}}), "https");
    EXPECT_EQ(scheme({{"HTTPS", ""}, {"REQUEST_SCHEME", "http"}}), "http");
    EXPECT_EQ(scheme({{"HTTPS", "off"}}), "");
    EXPECT_EQ(scheme({{"HTTPS", "on"}, {"UWSGI_SCHEME", "http"}}), "http");
    EXPECT_EQ(scheme({{"UWSGI_SCHEME", "javascript"}}), "");
}

TEST(RequestVars, FlagsMagicVariables) {
    RequestVars request;
    ASSERT_EQ(read({{"UWSGI_FILE", "/etc/x.py"},
                    {"UWSGI_SETENV", "A=b"},
                    {"UWSGI_SCHEME", "http"},
                    {"UWSGI_OWN", "1"}},
                   request)
                  .status,
              0);
    EXPECT_EQ(request.magic, (std::vector<std::string_view>{"UWSGI_FILE", "UWSGI_SETENV"}));
    ASSERT_EQ(read({}, request).status, 0);
    EXPECT_TRUE(request.magic.empty());
}

}  // namespace

}  // namespace geventd::uwsgi
