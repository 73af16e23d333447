// SPDX-License-Identifier: MIT
// geventd starts, keeps its workers alive, and stops.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "unit/master/geventd/running_geventd.h"

namespace geventd::testing {
namespace {

const std::string kTwo =
    "listen: http://127.0.0.1:0\n"
    "workers: {processes: 2}\n";

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t times = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++times;
    }
    return times;
}

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST(Geventd, ServesOnThePortOfItsReadyLineAndLeavesOnSigterm) {
    RunningGeventd server(kTwo + "app: ok");
    const std::string ready = server.await("ready: 2 workers, 100 cores each, http://127.0.0.1:");
    EXPECT_EQ(ask(port_in(ready)).rfind("generation 1 worker ", 0), 0U);
    server.signal(SIGTERM);
    EXPECT_EQ(server.await_exit(), 0);
    EXPECT_EQ(ask(port_in(ready)), "");
}

TEST(Geventd, ServesWithWorkersThatLoadForThemselves) {
    RunningGeventd server(kTwo + "app: {module: ok, preload: false}");
    const std::string ready = server.await("ready: 2 workers");
    EXPECT_NE(ask(port_in(ready)), "");
    server.signal(SIGINT);
    EXPECT_EQ(server.await_exit(), 0);
    EXPECT_EQ(server.log().find("template"), std::string::npos);
}

TEST(Geventd, ReplacesAWorkerThatWasKilled) {
    RunningGeventd server(kTwo + "app: ok");
    const pid_t worker = server.await_state("worker 1", "ready");
    server.await("ready: 2 workers");
    ::kill(worker, SIGKILL);
    server.await("worker 1 (pid " + std::to_string(worker) + ") died: killed by SIGKILL");
    EXPECT_NE(server.await_state("worker 1", "ready"), worker);
}

TEST(Geventd, KeepsFullStrengthWhenTheTemplateWasKilledThoughTheApplicationIsBrokenByNow) {
    const std::string broken = "/tmp/geventd-test-broken-" + std::to_string(::getpid());
    RunningGeventd server(kTwo + "app: unless:" + broken);
    const pid_t first = server.await_state("template", "loaded");
    server.await_state("spare template", "loaded");
    const pid_t worker = server.await_state("worker 2", "ready");
    server.await("ready: 2 workers");
    std::ofstream(broken) << "x";
    ::kill(first, SIGKILL);
    server.await("takes over");
    server.await_state("spare template", "loaded");
    ::kill(worker, SIGKILL);
    EXPECT_NE(server.await_state("worker 2", "ready"), 0);
    std::remove(broken.c_str());
}

TEST(Geventd, LoadsTheApplicationAgainWhenTemplateAndSpareWereKilled) {
    RunningGeventd server(kTwo + "app: ok");
    const pid_t first = server.await_state("template", "loaded");
    const pid_t spare = server.await_state("spare template", "loaded");
    const pid_t worker = server.await_state("worker 1", "ready");
    server.await("ready: 2 workers");
    ::kill(spare, SIGKILL);
    ::kill(first, SIGKILL);
    ::kill(worker, SIGKILL);
    server.await_state("worker 1", "ready");
}

TEST(Geventd, LeavesWithCodeOneWhenTheApplicationCannotBeLoaded) {
    for (const char* app : {"app: fail", "app: {module: fail, preload: false}"}) {
        RunningGeventd server(kTwo + app);
        EXPECT_EQ(server.await_exit(), 1);
        EXPECT_EQ(count(server.log(), "ImportError: no such application"), 1U) << server.log();
        EXPECT_EQ(server.log().find("ready:"), std::string::npos);
    }
}

TEST(Geventd, TellsTheTerminalTooWhyItCannotServe) {
    RunningGeventd server(kTwo + "app: fail\nlog: {file: /dev/null}");
    EXPECT_EQ(server.await_exit(), 1);
    EXPECT_EQ(count(server.log(), "ImportError: no such application"), 1U) << server.log();
}

TEST(Geventd, LeavesWithCodeOneWhenWorkersCrashBeforeTheyAreReady) {
    RunningGeventd server("listen: http://127.0.0.1:0\nworkers: {processes: 1}\napp: crash");
    EXPECT_EQ(server.await_exit(), 1);
    EXPECT_EQ(count(server.log(), ") died: killed by SIGSEGV"), 4U) << server.log();
}

TEST(Geventd, CutsStubbornWorkersOnTheSecondSigterm) {
    RunningGeventd server(kTwo + "app: stubborn");
    server.await("ready:");
    server.signal(SIGTERM);
    server.await("stopping: ");
    server.signal(SIGTERM);
    EXPECT_EQ(server.await_exit(), 0);
    EXPECT_NE(server.log().find("requests in flight are cut"), std::string::npos);
}

TEST(Geventd, LeavesAtOnceOnSigquit) {
    RunningGeventd server(kTwo + "app: stubborn");
    server.await("ready:");
    server.signal(SIGQUIT);
    EXPECT_EQ(server.await_exit(), 0);
}

TEST(Geventd, HasOneWorkerMoreOrFewerOnSigttinAndSigttou) {
    RunningGeventd server(kTwo + "app: ok");
    server.await("ready:");
    server.signal(SIGTTIN);
    server.await_state("worker 3", "ready");
    server.signal(SIGTTOU);
    server.await_state("worker 3", "gone");
    server.signal(SIGTTOU);
    server.await_state("worker 2", "gone");
    server.signal(SIGTTOU);
    server.await("must be between 1 and");
}

TEST(Geventd, OpensItsLogAgainOnSigusr1EverywhereItIsWritten) {
    char folder[] = "/tmp/geventd-test-log-XXXXXX";
    const std::string path = std::string(::mkdtemp(folder)) + "/log";
    {
        RunningGeventd server(kTwo + "app: ok\nlog: {level: debug, file: " + path + ".0}");
        while (contents(path + ".0").find("ready: 2") == std::string::npos) {
            ::poll(nullptr, 0, 5);
        }
        ASSERT_EQ(std::rename((path + ".0").c_str(), (path + ".old").c_str()), 0);
        server.signal(SIGUSR1);
        while (contents(path + ".0").find("fake 2 writes here") == std::string::npos ||
               contents(path + ".0").find("fake 1 writes here") == std::string::npos) {
            ::poll(nullptr, 0, 5);
        }
        server.signal(SIGTERM);
        EXPECT_EQ(server.await_exit(), 0);
        EXPECT_EQ(contents(path + ".old").find("has stopped"), std::string::npos);
        EXPECT_NE(contents(path + ".0").find("has stopped"), std::string::npos);
    }
    for (const char* end : {".0", ".old"}) {
        std::remove((path + end).c_str());
    }
    ::rmdir(folder);
}

TEST(Geventd, SaysWhatIsWrongWithTheConfigurationAndLeavesWithCodeOne) {
    RunningGeventd server("listen: http://127.0.0.1:0\napp: ok\nworkers: {procesess: 2}");
    EXPECT_EQ(server.await_exit(), 1);
    EXPECT_NE(server.log().find("server.yaml:3:"), std::string::npos) << server.log();
}

TEST(Geventd, ChecksConfigurationAndApplication) {
    RunningGeventd fine(kTwo + "app: ok", {"--check"});
    EXPECT_EQ(fine.await_exit(), 0);
    EXPECT_EQ(
        fine.log(),
        "the application runs on " FAKE_WORKER
        "\napp.preload is auto: the application is loaded once and the workers are forked from "
        "there\na stop takes 68s at most: limits.drain-delay 0s, drain-requests 1m, "
        "drain-background 5s, and a few seconds for what follows\n"
        "configuration and application are fine\n");
    RunningGeventd broken(kTwo + "app: fail", {"--check"});
    EXPECT_EQ(broken.await_exit(), 1);
    EXPECT_NE(broken.log().find("ImportError: no such application"), std::string::npos);
}

}  // namespace
}  // namespace geventd::testing
