// SPDX-License-Identifier: MIT
#include "tests/unit/uwsgi/make_packet.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

TEST_F(WorkerTest, AnswersAPingPacketAndCloses) {
    address_of_listener.protocol = net::Protocol::Uwsgi;
    start();
    const UniqueFd client = connect();
    send(client, std::string_view("\x64\0\0\0", 4));
    EXPECT_EQ(receive_until(client, ""), std::string("\x64\0\0\x01", 4));
    EXPECT_TRUE(application.started.empty());
}

TEST_F(WorkerTest, ReadsAUwsgiRequestWhosePathStillHoldsTheScriptName) {
    address_of_listener.protocol = net::Protocol::Uwsgi;
    start();
    const UniqueFd client = connect();
    const std::vector<uwsgi::Var> vars{{"REQUEST_METHOD", "POST"},
                                       {"SCRIPT_NAME", "/app"},
                                       {"PATH_INFO", "/app/x"},
                                       {"CONTENT_LENGTH", "3"}};
    send(client, uwsgi::make_packet(uwsgi::kManagePathInfo, 0, vars) + "abc");
    turn_until([&] { return !application.started.empty(); });
    const Request& request = *application.started[0];
    EXPECT_EQ(request.path_info, "/x");
    EXPECT_EQ(request.head.method, "POST");
    EXPECT_EQ(request.body.buffer(), "abc");
    EXPECT_FALSE(request.form.keep_alive);
}

TEST_F(WorkerTest, BelievesAProxyHeaderOfATrustedPeerOnly) {
    const std::vector<std::string> entries{"127.0.0.1"};
    trusted = *http::TrustedProxies::parse(entries);
    start();
    const UniqueFd client = connect();
    send(client, "PROXY TCP4 9.8.7.6 1.1.1.1 55 80\r\n" + std::string(kGet));
    turn_until([&] { return !application.started.empty(); });
    EXPECT_EQ(application.started[0]->exchange->client().host(), "9.8.7.6");
}

TEST_F(WorkerTest, TakesAProxyHeaderOfAStrangerForABadRequest) {
    start();
    const UniqueFd client = connect();
    send(client, "PROXY TCP4 9.8.7.6 1.1.1.1 55 80\r\n" + std::string(kGet));
    EXPECT_EQ(receive_until(client, "").substr(0, 10), "HTTP/1.1 4");
}

TEST_F(WorkerTest, TellsTheApplicationThatAClientLeftOnlyWhenAsked) {
    settings.on_disconnect = config::OnDisconnect::Cancel;
    start();
    UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    client.reset();
    turn_until([&] { return !application.cancelled.empty(); });
    EXPECT_TRUE(application.started[0]->exchange->broken());
}

TEST_F(WorkerTest, RejectsWhatWaitedTooLongForACore) {
    settings.workers.cores = 1;
    settings.workers.when_full = config::WhenFull::Reject;
    settings.limits.queue_time = std::chrono::milliseconds(1);
    start();
    const UniqueFd first = connect();
    send(first, kGet);
    turn_until([&] { return application.started.size() == 1; });
    const UniqueFd second = connect();
    send(second, kGet);
    const std::string refusal = receive_until(second, "");
    EXPECT_EQ(refusal.substr(0, 12), "HTTP/1.1 503");
    EXPECT_NE(refusal.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(application.started.size(), 1u);
}

TEST_F(WorkerTest, GivesEachRunningRequestACoreOfItsOwn) {
    start();
    const UniqueFd first = connect();
    const UniqueFd second = connect();
    send(first, kGet);
    send(second, kGet);
    turn_until([&] { return application.started.size() == 2; });
    EXPECT_NE(application.started[0]->core, application.started[1]->core);
    const std::uint32_t freed = application.started[0]->core;
    answer(*application.started[0], "done");
    const UniqueFd third = connect();
    send(third, kGet);
    turn_until([&] { return application.started.size() == 3; });
    EXPECT_EQ(application.started[2]->core, freed);
}

}  // namespace
}  // namespace geventd::worker
