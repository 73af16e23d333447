// SPDX-License-Identifier: MIT
#include "ctl/status_view.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(StatusView, ShowsTheServerAtAGlance) {
    const auto text = format_status(R"({
        "version": "0.1.0", "pid": 42, "uptime": 3725.5, "config": "server.yaml",
        "listen": ["http://127.0.0.1:8000", "uwsgi+unix:/run/app.sock"],
        "generations": [{"number": 2, "state": "serving", "workers_ready": 1, "workers_wanted": 4,
                         "respawns": 7, "template_pid": 41, "uptime": 12.0, "last_error": "killed",
                         "crash_looping": true}],
        "workers": [{"number": 1, "pid": 43, "generation": 2, "state": "ready", "cores": 100,
                     "cores_busy": 3, "cores_peak": 17, "queued": 0, "connections": 12,
                     "requests": 10234, "errors": 2, "uptime": 12.0, "rss": 47395635}],
        "reload": {"result": "failed", "age": 300.0, "error": "server.yaml:3:1: lisen: unknown"}
    })");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "geventd 0.1.0  pid 42  up 1h02m  server.yaml\n"
              "listening on http://127.0.0.1:8000, uwsgi+unix:/run/app.sock\n"
              "\n"
              "GENERATION  STATE    READY  RESPAWNS  TEMPLATE   UP\n"
              "         2  serving    1/4         7        41  12s\n"
              "generation 2 dies again and again: killed\n"
              "\n"
              "WORKER  PID  GEN  STATE  CORES  PEAK  QUEUED  CONNS  REQUESTS  ERRORS   UP    RSS\n"
              "     1   43    2  ready  3/100    17       0     12     10234       2  12s  45.2M\n"
              "\n"
              "last reload: failed, 5m00s ago\n"
              "\tserver.yaml:3:1: lisen: unknown\n");
}

TEST(StatusView, ShowsSignalsAndLocks) {
    const auto text = format_status(R"({
        "signals": [{"number": 17, "accepted": 9, "handled": 4, "failed": 1, "redelivered": 2,
                     "set_aside": 0, "refused": 3, "running": 1, "waiting": 3, "oldest": 61.5}],
        "locks": [{"number": 0, "worker": 2, "waiting": 1},
                  {"number": 5, "worker": null, "waiting": 1}]
    })");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("SIGNAL  ACCEPTED  HANDLED  FAILED  REDELIVERED  SET ASIDE  REFUSED  "
                         "RUNNING  WAITING  OLDEST\n"
                         "    17         9        4       1            2          0        3  "
                         "      1        3   1m01s\n"),
              std::string::npos)
        << *text;
    EXPECT_NE(text->find("lock 0: held by worker 2, 1 waiting\nlock 5: free, 1 waiting\n"),
              std::string::npos)
        << *text;
}

TEST(StatusView, ShowsWhatItDoesNotKnowAsADash) {
    const auto text =
        format_status(R"({"workers": [{"number": 1, "pid": null}, 7], "listen": [7]})");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("geventd -  pid -  up -\n"), std::string::npos) << *text;
    EXPECT_NE(text->find("     1    -    -  -        -/-     -"), std::string::npos) << *text;
}

TEST(StatusView, NoTextOfTheServerReachesTheTerminalRaw) {
    const auto text = format_status(
        "{\"config\": \"a\\u001b[2J\", \"reload\": {\"result\": \"failed\", "
        "\"error\": \"line\\nnext\\u001b[2J\"}}");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->find('\x1b'), std::string::npos) << *text;
    EXPECT_NE(text->find("\tline\n\tnext\\x1b[2J\n"), std::string::npos) << *text;
}

TEST(StatusView, WhatIsNoStatusIsAnError) {
    EXPECT_FALSE(format_status("null"));
    EXPECT_FALSE(format_status("{"));
    EXPECT_FALSE(format_json("{"));
}

TEST(StatusView, JsonIsIndented) {
    EXPECT_EQ(format_json(R"({"a":[1]})").value(), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

TEST(FormatAge, NamesTheTwoLargestUnits) {
    EXPECT_EQ(format_age(-1), "0s");
    EXPECT_EQ(format_age(59.9), "59s");
    EXPECT_EQ(format_age(60), "1m00s");
    EXPECT_EQ(format_age(3599), "59m59s");
    EXPECT_EQ(format_age(3600), "1h00m");
    EXPECT_EQ(format_age(86399), "23h59m");
    EXPECT_EQ(format_age(86400 * 5 + 7 * 3600), "5d07h");
}

TEST(FormatBytes, CountsInPowersOf1024) {
    EXPECT_EQ(format_bytes(0), "0B");
    EXPECT_EQ(format_bytes(1023), "1023B");
    EXPECT_EQ(format_bytes(1024), "1.0K");
    EXPECT_EQ(format_bytes(std::uint64_t{3} << 30), "3.0G");
}

}  // namespace
}  // namespace geventd::ctl
