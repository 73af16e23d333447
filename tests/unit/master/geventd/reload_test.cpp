// SPDX-License-Identifier: MIT
// On SIGHUP geventd replaces its generation, or keeps the present one.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "unit/master/geventd/running_geventd.h"

namespace geventd::testing {
namespace {

const std::string kTwo =
    "listen: http://127.0.0.1:0\n"
    "workers: {processes: 2}\n";

/// Asks repeatedly in a thread of its own; counts answers and failures.
class Askers {
  public:
    explicit Askers(int port)
        : thread_([this, port] {
              while (!stop_) {
                  ++(ask(port).empty() ? failed_ : answered_);
              }
          }) {}

    ~Askers() {
        if (thread_.joinable()) {
            stop();
        }
    }

    void stop() {
        stop_ = true;
        thread_.join();
    }

    [[nodiscard]] int answered() const { return answered_; }

    [[nodiscard]] int failed() const { return failed_; }

  private:
    std::atomic<bool> stop_{false};
    std::atomic<int> answered_{0};
    std::atomic<int> failed_{0};
    std::thread thread_;
};

TEST(Reload, IsNotSeenByClients) {
    RunningGeventd server(kTwo + "app: ok");
    const int port = port_in(server.await("ready: "));
    Askers askers(port);
    for (const char* ready : {"(generation 2)", "(generation 3)", "(generation 4)"}) {
        server.signal(SIGHUP);
        EXPECT_EQ(port_in(server.await(ready)), port);
    }
    server.await("generation 3: draining -> done");
    askers.stop();
    EXPECT_EQ(askers.failed(), 0) << "of " << askers.answered();
    EXPECT_GT(askers.answered(), 0);
    EXPECT_EQ(ask(port).rfind("generation 4 ", 0), 0U);
}

TEST(Reload, LeavesTheServingGenerationAloneWhenTheConfigurationIsBroken) {
    RunningGeventd server(kTwo + "app: ok");
    const int port = port_in(server.await("ready: "));
    server.configure("listen: nonsense\napp: ok");
    server.signal(SIGHUP);
    EXPECT_NE(server.await("the reload failed").find("the old generation goes on"),
              std::string::npos);
    EXPECT_EQ(ask(port).rfind("generation 1 ", 0), 0U);
    server.configure(kTwo + "app: ok");
    server.signal(SIGHUP);
    server.await("(generation 2)");
}

TEST(Reload, LeavesTheServingGenerationAloneWhenTheApplicationCannotBeLoaded) {
    for (const char* app : {"app: fail", "app: {module: fail, preload: false}"}) {
        RunningGeventd server(kTwo + "app: ok");
        const pid_t worker = server.await_state("worker 1", "ready");
        const int port = port_in(server.await("ready: "));
        server.configure(kTwo + app);
        server.signal(SIGHUP);
        server.await("the reload failed");
        server.await("ImportError: no such application");
        EXPECT_EQ(ask(port).rfind("generation 1 ", 0), 0U);
        ::kill(worker, SIGKILL);
        server.await_state("worker 1", "ready");
    }
}

TEST(Reload, LeavesTheServingGenerationAloneWhenNewWorkersCrash) {
    RunningGeventd server(kTwo + "app: ok");
    const int port = port_in(server.await("ready: "));
    server.configure(kTwo + "app: crash");
    server.signal(SIGHUP);
    server.await("the reload failed");
    EXPECT_EQ(ask(port).rfind("generation 1 ", 0), 0U);
}

TEST(Reload, MakesManySighupsMeanwhileOneMore) {
    const std::string go = "/tmp/geventd-test-go-" + std::to_string(::getpid());
    std::ofstream(go) << "x";
    RunningGeventd server(kTwo + "app: after:" + go);
    server.await("ready: ");
    std::remove(go.c_str());
    server.signal(SIGHUP);
    server.await("generation 2: loading -> booting");
    for (int time = 0; time < 5; ++time) {
        server.signal(SIGHUP);
        server.await("another reload follows");
    }
    std::ofstream(go) << "x";
    server.await("(generation 3)");
    server.signal(SIGTERM);
    EXPECT_EQ(server.await_exit(), 0);
    EXPECT_EQ(server.log().find("generation 4"), std::string::npos);
    std::remove(go.c_str());
}

TEST(Reload, OpensNewAddressesAndClosesFormerOnes) {
    RunningGeventd server(kTwo + "app: ok");
    const int port = port_in(server.await("ready: "));
    const std::string both =
        "listen: ['http://127.0.0.1:0', 'http+unix:" + server.folder() + "/socket']\n";
    server.configure(both + "workers: {processes: 1}\napp: ok");
    server.signal(SIGHUP);
    EXPECT_EQ(port_in(server.await("(generation 2)")), port);
    EXPECT_EQ(::access((server.folder() + "/socket").c_str(), F_OK), 0);
    server.configure(kTwo + "app: ok");
    server.signal(SIGHUP);
    EXPECT_EQ(port_in(server.await("(generation 3)")), port);
    EXPECT_NE(::access((server.folder() + "/socket").c_str(), F_OK), 0);
}

TEST(Reload, TakesBackTheNewAddressesWhenItFails) {
    RunningGeventd server(kTwo + "app: ok");
    const int port = port_in(server.await("ready: "));
    server.configure("listen: ['http+unix:" + server.folder() + "/socket']\napp: fail");
    server.signal(SIGHUP);
    server.await("the reload failed");
    EXPECT_NE(::access((server.folder() + "/socket").c_str(), F_OK), 0);
    EXPECT_EQ(ask(port).rfind("generation 1 ", 0), 0U);
}

TEST(Reload, CutsTheOldestOfManyThatDoNotFinish) {
    RunningGeventd server(kTwo + "app: stubborn");
    server.await("ready: ");
    for (int generation = 2; generation <= 5; ++generation) {
        server.signal(SIGHUP);
        server.await("(generation " + std::to_string(generation) + ")");
    }
    server.await("generation 1: draining -> done");
}

TEST(Reload, IsGivenUpWhenTheServerIsToStop) {
    RunningGeventd server(kTwo + "app: ok");
    server.await("ready: ");
    server.signal(SIGHUP);
    server.signal(SIGTERM);
    EXPECT_EQ(server.await_exit(), 0);
}

}  // namespace
}  // namespace geventd::testing
