// SPDX-License-Identifier: MIT
#include "master/ctl/view/status_view.h"

#include <sstream>
#include <string>

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
                     "background": 4, "requests": 10234, "errors": 2, "uptime": 12.0,
                     "rate": 512.3, "latency": {"p50": 0.0012, "p95": 0.087, "p99": null},
                     "hub_lag": 0.00004, "hub_blocked": null,
                     "rss": 47395635, "pss": 8912896},
                    {"number": 2, "hub_lag": 0.1, "hub_blocked": 2.5, "cores": 100,
                     "cores_busy": 1}],
        "queues": [{"address": "http://127.0.0.1:8000", "waiting": 0, "most": 1024, "dropped": 4},
                   {"address": "uwsgi+unix:/run/app.sock", "waiting": 3, "most": null}],
        "traffic": {"rate": 512.3, "errors": 0.2,
                    "latency": {"p50": 0.0012, "p95": 0.087, "p99": 1.5}},
        "pss": 159698124,
        "failures": [{"at": "2026-11-26T20:00:00Z", "worker": 1, "request": "GET /x",
                      "error": "KeyError: 'x'", "where": "app.py:7"}],
        "reload": {"result": "failed", "age": 300.0, "error": "server.yaml:3:1: lisen: unknown"}
    })");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "geventd 0.1.0  pid 42  up 1h02m  server.yaml\n"
              "listening on http://127.0.0.1:8000, uwsgi+unix:/run/app.sock\n"
              "4 of 200 cores busy, memory 152.3M\n"
              "512 requests/s, 0.2 errors/s, latency in the last minute p50 1.2ms, p95 87ms, "
              "p99 1.5s\n"
              "connections that wait to be accepted: 3 of - at uwsgi+unix:/run/app.sock\n"
              "of these workers' requests 2 failed\n"
              "4 connections found a full queue\n"
              "\n"
              "GENERATION  STATE    READY  RESPAWNS  TEMPLATE   UP\n"
              "         2  serving    1/4         7        41  12s\n"
              "generation 2 dies again and again: killed\n"
              "\n"
              "WORKER  PID  STATE  CORES  PEAK  CONNS  BG  REQUESTS  ERRORS  REQ/S    LAG   UP"
              "   PSS\n"
              "     1   43  ready  3/100    17     12   4     10234       2    512   40us  12s"
              "  8.5M\n"
              "     2    -  -      1/100     -      -   -         -       -      -  2.5s!    -"
              "     -\n"
              "\n"
              "newest failures:\n"
              "2026-11-26T20:00:00Z  worker 1  GET /x\n"
              "    KeyError: 'x' (app.py:7)\n"
              "\n"
              "last reload: failed, 5m00s ago\n"
              "\tserver.yaml:3:1: lisen: unknown\n");
}

TEST(StatusView, FitsAHundredColumnsWhateverThereIs) {
    std::string workers;
    for (const char* number : {"1", "2"}) {
        workers += std::string(workers.empty() ? "" : ",") + R"({"number":)" + number +
                   R"(,"pid":4194304,"generation":12,"state":"draining","cores":1000,)"
                   R"("cores_busy":1000,"cores_peak":1000,"queued":12345,"connections":12345,)"
                   R"("background":12345,"requests":1234567890,"errors":123456,"uptime":1e7,)"
                   R"("rate":12345,"latency":{"p50":0.12,"p95":0.12,"p99":0.12},"hub_lag":0.12,)"
                   R"("hub_blocked":1000,"rss":1e12,"pss":1e12,"timeouts":12345678,)"
                   R"("disconnects":12345678,"rejected":12345678})";
    }
    const std::string far(70, 'x');
    const auto text = format_status(
        R"({"version":"1.2","pid":1,"uptime":1,"config":"/)" + far + R"(","state":"paused",)" +
        R"("listen":["http://127.0.0.1:8000/","http+unix:/)" + far + R"("],)" +
        R"("generations":[{},{}],"workers":[)" + workers +
        R"(],"traffic":{"rate":1},"failures":[{"at":"2026-11-26T20:00:00Z","worker":1,)"
        R"("request":"GET /)" +
        far + R"(","error":"E: )" + far + R"(","where":"/)" + far +
        R"("}],"signals":[{"number":255,"accepted":1234567890,"handled":1234567890,)"
        R"("failed":1234567890,"redelivered":1234567890,"set_aside":1234567890,)"
        R"("refused":1234567890,"running":1234567890,"waiting":1234567890,"oldest":1e7}]})");
    ASSERT_TRUE(text);
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << line << "\nin\n" << *text;
    }
    for (const char* part : {"GEN", "STATE", "QUEUED", "ERRORS", "P99", "LAG", "PSS", "WAITING"}) {
        EXPECT_NE(text->find(part), std::string::npos) << part << "\nin\n" << *text;
    }
}

TEST(StatusView, LeavesZerosOut) {
    const auto text = format_status(
        R"({"traffic":{"rate":0,"errors":0},"queues":[{"waiting":0,"most":5,"dropped":0}],)"
        R"("generations":[{"number":1,"respawns":0}],"workers":[{"number":1,"generation":1,)"
        R"("queued":0,"errors":0,"background":0,"timeouts":0}]})");
    ASSERT_TRUE(text);
    for (const char* part : {"wait", "RESPAWNS", "QUEUED", "ERRORS", "BG", "GEN ", "errors/s",
                             "timed out", "latency", "full queue"}) {
        EXPECT_EQ(text->find(part), std::string::npos) << part << "\nin\n" << *text;
    }
    EXPECT_NE(text->find("0 requests/s\n"), std::string::npos) << *text;
}

TEST(StatusView, ShowsWhenCertificatesExpire) {
    const auto text =
        format_status(R"({"traffic":{"rate":0},"certificates":[{"file":"a.pem","left":200000},)"
                      R"({"file":"a.pem","left":200000},{"file":"b.pem","left":-5}]})");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("certificates: a.pem expires in 2 days, b.pem has expired\n"),
              std::string::npos)
        << *text;
}

TEST(StatusView, ShowsSignalsAndLocks) {
    const auto text = format_status(R"({
        "signals": [{"number": 17, "accepted": 9, "handled": 4, "failed": 1, "redelivered": 2,
                     "set_aside": 0, "refused": 3, "running": 1, "waiting": 3, "oldest": 61.5}],
        "locks": [{"number": 0, "worker": 2, "waiting": 1, "left": false},
                  {"number": 3, "worker": 1, "waiting": 0, "left": true},
                  {"number": 5, "worker": null, "waiting": 1, "left": false}]
    })");
    ASSERT_TRUE(text);
    EXPECT_NE(
        text->find("SIGNAL  ACCEPTED  HANDLED  FAILED  REDELIVERED  REFUSED  RUNNING  WAITING  "
                   "OLDEST\n"
                   "    17         9        4       1            2        3        1        3  "
                   " 1m01s\n"),
        std::string::npos)
        << *text;
    EXPECT_NE(text->find("lock 0: held by worker 2, 1 waiting\n"
                         "lock 3: held by worker 1, though who took it has ended, 0 waiting\n"
                         "lock 5: free, 1 waiting\n"),
              std::string::npos)
        << *text;
}

TEST(StatusView, ShowsWhatDamageToTheMemoryHasCost) {
    const auto damaged = format_status(R"({"signal_memory": {"replaced": 2, "lost": 7}})");
    ASSERT_TRUE(damaged);
    EXPECT_NE(damaged->find("\nthe memory of the signals was damaged and replaced: 2; "
                            "signals lost: 7\n"),
              std::string::npos)
        << *damaged;
    const auto sound = format_status(R"({"signal_memory": {"replaced": 0, "lost": 0}})");
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->find("damaged"), std::string::npos) << *sound;
}

TEST(StatusView, ShowsWhatItDoesNotKnowAsADash) {
    const auto text =
        format_status(R"({"workers": [{"number": 1, "pid": null}, 7], "listen": [7]})");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("geventd -  pid -  up -\n"), std::string::npos) << *text;
    EXPECT_NE(text->find("     1    -  -        -/-    -   -    -\n"), std::string::npos) << *text;
}

TEST(StatusView, NoTextOfTheServerReachesTheTerminalRaw) {
    const auto text = format_status(
        "{\"config\": \"a\\u001b[2J\", \"reload\": {\"result\": \"failed\", "
        "\"error\": \"line\\nnext\\u001b[2J\"}}");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->find('\x1b'), std::string::npos) << *text;
    EXPECT_NE(text->find("\tline\n\tnext\\x1b[2J\n"), std::string::npos) << *text;
}

TEST(StatusView, SaysNothingOfAddressesThatAreClosed) {
    const auto text = format_status(R"({"version": "1", "state": "stopping", "listen": []})");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("stopping"), std::string::npos) << *text;
    EXPECT_EQ(text->find("listening"), std::string::npos) << *text;
}

TEST(StatusView, WhatIsNoStatusIsAnError) {
    EXPECT_FALSE(format_status("null"));
    EXPECT_FALSE(format_status("{"));
    EXPECT_FALSE(format_json("{"));
}

TEST(StatusView, JsonIsIndented) {
    EXPECT_EQ(format_json(R"({"a":[1]})").value(), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

}  // namespace
}  // namespace geventd::ctl
