// SPDX-License-Identifier: MIT
#include "log/access_log.h"

#include <time.h>

#include <cstdlib>

#include <gtest/gtest.h>

namespace geventd::log {

namespace {

class Lookup : public AccessLookup {
  public:
    [[nodiscard]] std::string_view var(std::string_view name) const override {
        return name == "HTTP_X" ? "x\"y" : "";
    }

    [[nodiscard]] std::string_view logvar(std::string_view name) const override {
        return name == "order" ? "17" : "";
    }
};

class AccessLog : public testing::Test {
  protected:
    AccessLog() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        record_.method = "GET";
        record_.uri = "/x?y=1";
        record_.addr = "127.0.0.1";
        record_.status = 200;
        record_.body_bytes = 5;
        record_.head_bytes = 44;
        record_.response_headers = 1;
        record_.vars = 34;
        record_.request_bytes = 412;
        record_.start = 1788775200'000'000;  // Mon Sep  7 10:00:00 2026
        record_.duration = 12'345;
        record_.pid = 4242;
        record_.core = 99;
        record_.switches = 2;
        record_.worker_requests = 3;
        record_.all_requests = 17;
    }

    std::string format(std::string_view text, Escape escape = Escape::Text) {
        auto compiled = AccessTemplate::compile(text, escape);
        if (!compiled) {
            return compiled.error().message;
        }
        std::string line;
        compiled->format_line(record_, line);
        return line;
    }

    AccessRecord record_;
};

TEST_F(AccessLog, AFormatOfAPeersIsNamed) {
    EXPECT_TRUE(format("%(addr) %(status)").ends_with("gunicorn's %(...)"));
    EXPECT_TRUE(format("plain").ends_with("variables"));
}

TEST_F(AccessLog, ATimeHasAFormatOfItsOwn) {
    EXPECT_EQ(format("[${strftime.%Y-%m-%d %H:%M:%S %z}] ${status}"),
              "[2026-09-07 10:00:00 +0000] 200\n");
    EXPECT_EQ(format("${strftime.%a %b}|${status}"), "Mon Sep|200\n");
    EXPECT_EQ(format("${strftime." + std::string(300, 'x') + "}"), "-\n") << "too long";
}

TEST_F(AccessLog, WritesTheUwsgiLine) {
    EXPECT_EQ(format("uwsgi"),
              "[pid: 4242|app: 0|req: 3/17] 127.0.0.1 () {34 vars in 412 bytes} "
              "[Mon Sep  7 10:00:00 2026] GET /x?y=1 => generated 5 bytes in 12 msecs "
              "(HTTP/1.1 200) 1 headers in 44 bytes (2 switches on core 99)\n");
}

TEST_F(AccessLog, WritesCommonAndCombined) {
    EXPECT_EQ(format("common"),
              "127.0.0.1 - - [07/Sep/2026:10:00:00 +0000] \"GET /x?y=1 HTTP/1.1\" 200 5\n");
    record_.client = "192.0.2.1";
    record_.user = "ann";
    record_.user_agent = "curl/8";
    EXPECT_EQ(format("combined"),
              "192.0.2.1 - ann [07/Sep/2026:10:00:00 +0000] \"GET /x?y=1 HTTP/1.1\" 200 5 "
              "\"-\" \"curl/8\"\n");
}

TEST_F(AccessLog, WritesOwnTemplates) {
    record_.request_id = "ab12";
    record_.rss = 3 << 20;
    EXPECT_EQ(format("${request_id} ${secs} ${msecs} ${micros} ${size} ${rssM} ${ftime} $5 {}"),
              "ab12 0.012345 12 12345 49 3 2026-09-07T10:00:00+0000 $5 {}\n");
    EXPECT_EQ(format("${time} ${tmsecs} ${tmicros} ${epoch}"),
              "1788775200 1788775200000 1788775200000000 1788775200\n");
}

TEST_F(AccessLog, FollowsTheClockAndTheZone) {
    auto compiled = AccessTemplate::compile("${ltime}");
    ::setenv("TZ", "IST-5:30", 1);
    ::tzset();
    std::string lines;
    compiled->format_line(record_, lines);
    record_.start += 1'000'000;
    compiled->format_line(record_, lines);
    EXPECT_EQ(lines, "07/Sep/2026:15:30:00 +0530\n07/Sep/2026:15:30:01 +0530\n");
}

TEST_F(AccessLog, LooksVariablesUp) {
    EXPECT_EQ(format("${var.HTTP_X} ${logvar.order}"), "- -\n");
    const Lookup lookup;
    record_.lookup = &lookup;
    EXPECT_EQ(format("${var.HTTP_X} ${logvar.order} ${var.NONE}"), "x\\\"y 17 -\n");
}

TEST_F(AccessLog, ShowsBytesOfATargetThatAreNotAscii) {
    record_.uri = "/caf\xc3\xa9\xff\\?\xe9";
    record_.query = "\xe9";
    record_.path = "/caf\xc3\xa9\xff";
    EXPECT_EQ(format("${uri} ${query} ${path}"),
              "/caf\\xc3\\xa9\\xff\\\\?\\xe9 \\xe9 /caf\xc3\xa9\\xff\n");
    EXPECT_EQ(format("\"${uri}\"", Escape::Json),
              "\"/caf\xc3\xa9\xef\xbf\xbd\\\\?\xef\xbf\xbd\"\n");
}

TEST_F(AccessLog, LetsNoRequestForgeALine) {
    record_.user_agent = "a\n127.0.0.1 \"\\ \x1b[2J \xff\xc3\xa4";
    EXPECT_EQ(format("\"${uagent}\""), "\"a\\n127.0.0.1 \\\"\\\\ \\x1b[2J \\xff\xc3\xa4\"\n");
    EXPECT_EQ(format("{\"a\":\"${uagent}\"}", Escape::Json),
              "{\"a\":\"a\\n127.0.0.1 \\\"\\\\ \\u001b[2J \xef\xbf\xbd\xc3\xa4\"}\n");
}

TEST_F(AccessLog, WritesJson) {
    record_.uri = "/\"";
    EXPECT_EQ(format("json"),
              "{\"time\":\"2026-09-07T10:00:00+0000\",\"client\":\"127.0.0.1\",\"addr\":"
              "\"127.0.0.1\",\"user\":\"\",\"method\":\"GET\",\"uri\":\"/\\\"\",\"proto\":"
              "\"HTTP/1.1\",\"host\":\"\",\"status\":200,\"rsize\":5,\"hsize\":44,\"cl\":0,"
              "\"micros\":12345,\"ttfb\":0,\"queue_time\":0,\"referer\":\"\",\"uagent\":\"\","
              "\"request_id\":\"\",\"pid\":4242,\"worker\":0,\"core\":99,\"client_gone\":false}\n");
}

TEST_F(AccessLog, SaysWhatIsWrongWithATemplate) {
    const std::string unknown = format("${nope}");
    EXPECT_NE(unknown.find("'nope'"), std::string::npos);
    EXPECT_NE(unknown.find("request_id"), std::string::npos);
    EXPECT_NE(format("${var.}").find("'var.'"), std::string::npos);
    EXPECT_NE(format("a ${pid").find("without its end"), std::string::npos);
    EXPECT_NE(format("combind").find("'combind'"), std::string::npos);
}

}  // namespace

}  // namespace geventd::log
