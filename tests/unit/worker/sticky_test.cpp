// SPDX-License-Identifier: MIT
// Sticky sessions: two workers at one listening socket, and connections that go from one to the
// other.
#include <array>

#include "tests/unit/uwsgi/make_packet.h"
#include "worker/sticky/mark.h"
#include "worker/sticky/parcel.h"
#include "worker/sticky/rule.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;

TEST(Mark, IsReadBackFromAnId) {
    const Mark mark = Mark::draw();
    EXPECT_EQ(Mark::of(mark.on("abc")), mark);
    EXPECT_EQ(Mark::of(mark.on("")), mark);
    EXPECT_EQ(Mark::of(mark.on("a.0123456789abcdef")), mark);
    EXPECT_EQ(Mark::of(Mark::draw().on("abc")) == mark, false);
}

TEST(Mark, IsInNoIdOfOthers) {
    for (const char* id :
         {"", "abc", ".", "0123456789abcdef", "a.0123456789abcde", "a.0123456789abcdefg",
          "a.0123456789ABCDEF", "a-0123456789abcdef", "a.0123456789abcde/", "a.-123456789abcdef"}) {
        EXPECT_FALSE(Mark::of(id)) << id;
    }
    EXPECT_TRUE(Mark::of(".0123456789abcdef"));
}

TEST(Parcel, TravelsWithWhatAProxyHeaderSaid) {
    Parcel parcel{.listener = 77};
    parcel.peer.kind = Peer::Kind::Inet6;
    parcel.peer.port = 4711;
    parcel.peer.bytes[15] = 9;
    parcel.proxied = http::ProxyHeader{true, true, {"9.8.7.6", 55}, {"::1", 443}};
    const std::string packet = pack(parcel) + "GET /";
    const auto got = unpack_parcel(packet);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->listener, 77U);
    EXPECT_EQ(got->peer, parcel.peer);
    ASSERT_TRUE(got->proxied);
    EXPECT_EQ(got->proxied->source.address, "9.8.7.6");
    EXPECT_EQ(got->proxied->destination.port, 443);
    EXPECT_TRUE(got->proxied->tls);
    EXPECT_EQ(got->bytes, "GET /");
    for (std::size_t size = 0; size < packet.size() - 5; ++size) {
        EXPECT_FALSE(unpack_parcel(packet.substr(0, size))) << size;
    }
}

std::string id_of(const config::Sticky& settings, std::string_view query,
                  std::vector<http::Header> headers = {}) {
    RequestPool pool;
    const RequestRef request = pool.take();
    request->head.query = query;
    request->head.headers = std::move(headers);
    return std::string(Rule(settings).id_of(*request));
}

TEST(Rule, FindsAParameter) {
    const config::Sticky query{.query = "sid"};
    EXPECT_EQ(id_of(query, "EIO=4&transport=polling&sid=a.b&t=x"), "a.b");
    EXPECT_EQ(id_of(query, "sid=one&sid=two"), "one");
    EXPECT_EQ(id_of(query, "sid="), "");
    EXPECT_EQ(id_of(query, "sid"), "");
    EXPECT_EQ(id_of(query, "xsid=1&sids=2"), "");
    EXPECT_EQ(id_of(query, ""), "");
}

TEST(Rule, FindsACookie) {
    const config::Sticky cookie{.cookie = "seat"};
    EXPECT_EQ(id_of(cookie, "", {{"Cookie", "a=1; seat=x.y; b=2"}}), "x.y");
    EXPECT_EQ(id_of(cookie, "", {{"cookie", "seat=x"}}), "x");
    EXPECT_EQ(id_of(cookie, "", {{"Cookie", "a=1"}, {"Cookie", "seat=x"}}), "x");
    EXPECT_EQ(id_of(cookie, "", {{"Cookie", "seat=\"x y\""}}), "x y");
    EXPECT_EQ(id_of(cookie, "seat=x"), "");
}

TEST(Rule, FindsAHeaderField) {
    const config::Sticky header{.header = "X-Seat"};
    EXPECT_EQ(id_of(header, "", {{"Host", "h"}, {"x-seat", "z"}}), "z");
    EXPECT_EQ(id_of(header, ""), "");
}

TEST(Rule, FindsWhatAWebServerSendsAsVariables) {
    RequestPool pool;
    const RequestRef request = pool.take();
    request->has_environ = true;
    request->vars.environ = {
        {"QUERY_STRING", "sid=q"}, {"HTTP_COOKIE", "seat=c"}, {"HTTP_X_SEAT", "h"}};
    EXPECT_EQ(Rule(config::Sticky{.query = "sid"}).id_of(*request), "q");
    EXPECT_EQ(Rule(config::Sticky{.cookie = "seat"}).id_of(*request), "c");
    EXPECT_EQ(Rule(config::Sticky{.header = "X-Seat"}).id_of(*request), "h");
}

class StickyTest : public WorkerTest {
  protected:
    void start_both() {
        settings.sticky.query = "sid";
        start();
        const Listening& listening = worker->gate().acceptors()[0]->listening();
        std::vector<Listening> listeners;
        listeners.push_back(
            {duplicate(listening.fd.get()), listening.address, trusted, 0, listening.inode});
        other = std::make_unique<Worker>(settings, other_slot, std::move(listeners), 2);
        id = other->sticky()->mark("session");
        own_id = worker->sticky()->mark("session");
    }

    // From here on the other accepts connections, too.
    void start_other() {
        other->serve(other_application);
        other->turn();
    }

    // A connection that the first worker has accepted.
    UniqueFd connect_to_first() {
        const auto before = slot.accepted.load();
        UniqueFd client = connect();
        turn_until([&] { return slot.accepted == before + 1; });
        return client;
    }

    void both_until(const std::function<bool()>& done) {
        for (int turns = 0; turns < 1000 && !done(); ++turns) {
            std::array<pollfd, 2> watched{{{worker->loop().backend_fd(), POLLIN, 0},
                                           {other->loop().backend_fd(), POLLIN, 0}}};
            ASSERT_GE(::poll(watched.data(), 2, 10'000), 1) << "nothing happened for ten seconds";
            worker->turn();
            other->turn();
        }
        ASSERT_TRUE(done());
    }

    std::string get(std::string_view sid, std::string_view rest = "") const {
        return fmt::format("GET /?sid={} HTTP/1.1\r\nHost: h\r\n{}\r\n", sid, rest);
    }

    std::string receive(const UniqueFd& client, std::string_view end) {
        std::string bytes;
        both_until([&] {
            char buffer[4096];
            ssize_t got = 0;
            while ((got = ::recv(client.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
                bytes.append(buffer, static_cast<std::size_t>(got));
            }
            return bytes.find(end) != std::string::npos || (got == 0 && end.empty());
        });
        return bytes;
    }

    shm::WorkerSlot other_slot{};
    FakeApplication other_application;
    std::unique_ptr<Worker> other;
    std::string id;      ///< of a session of the other worker
    std::string own_id;  ///< of one of the first
};

TEST_F(StickyTest, AConnectionGoesToTheWorkerOfItsSessionAndComesBack) {
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    send(client, get(id));
    both_until([&] { return other_application.started.size() == 1; });
    EXPECT_EQ(slot.handed_over, 1U);
    EXPECT_EQ(slot.connections, 0U);
    EXPECT_EQ(other_slot.connections, 1U);
    EXPECT_EQ(other_application.started[0]->exchange->client().peer.host(), "127.0.0.1");
    answer(*other_application.started[0], "one");
    receive(client, "one");
    send(client, get(own_id));
    both_until([&] { return application.started.size() == 1; });
    answer(*application.started[0], "two");
    receive(client, "two");
    EXPECT_EQ(other_slot.handed_over, 1U);
    EXPECT_EQ(worker->connections().neglect(), "");
    EXPECT_EQ(other->connections().neglect(), "");
}

TEST_F(StickyTest, PipelinedRequestsAreAnsweredInOrder) {
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    application.on_start = [](Request& request) { answer(request, "first"); };
    other_application.on_start = [](Request& request) { answer(request, "other"); };
    send(client, get(id) + get(own_id) + get("unknown") + get(id));
    std::string got;
    both_until([&] {
        char buffer[4096];
        const ssize_t size = ::recv(client.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        got.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        return application.started.size() + other_application.started.size() == 4 &&
               got.size() >= 4 * std::string_view("HTTP/1.1 200 OK\r\n\r\nfirst").size();
    });
    std::string order;
    for (std::size_t at = 0; (at = got.find("\r\n\r\n", at)) != std::string::npos;) {
        at += 4;
        order += got[at];
    }
    EXPECT_EQ(order, "offo");
}

TEST_F(StickyTest, ABodyFollowsItsHead) {
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    const std::string body(200'000, 'b');
    const std::string head = fmt::format(
        "POST /?sid={} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", id, body.size());
    send(client, head + body.substr(0, 30'000));
    both_until([&] { return slot.handed_over == 1; });
    send(client, body.substr(30'000));
    both_until([&] { return other_application.started.size() == 1; });
    Request& request = *other_application.started[0];
    std::string got;
    both_until([&] {
        std::array<char, 65536> room;
        std::size_t count = 0;
        while (request.exchange->read_body(room.data(), room.size(), count) ==
                   Exchange::IoState::Done &&
               count > 0) {
            got.append(room.data(), count);
        }
        other->loop().wake();
        return got.size() >= body.size();
    });
    EXPECT_EQ(got, body);
}

TEST_F(StickyTest, AHeadThatIsLargerThanAPacketGoesAlong) {
    settings.limits.request_head = 1 << 20;
    settings.limits.header_fields = 1000;
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    std::string fields;
    for (int i = 0; i < 100; ++i) {
        fields += fmt::format("X-Long-{}: {}\r\n", i, std::string(5'000, 'x'));
    }
    const std::string request = get(id, fields);
    std::size_t sent = 0;
    both_until([&] {
        const ssize_t count =
            ::send(client.get(), request.data() + sent, request.size() - sent, MSG_DONTWAIT);
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
        worker->loop().wake();
        return other_application.started.size() == 1;
    });
    EXPECT_EQ(other_application.started[0]->head.headers.size(), 101U);
}

TEST_F(StickyTest, WhatAProxyHeaderSaidGoesAlong) {
    const std::vector<std::string> entries{"127.0.0.1"};
    trusted = *http::TrustedProxies::parse(entries);
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    send(client, "PROXY TCP4 9.8.7.6 1.1.1.1 55 80\r\n" + get(id));
    both_until([&] { return other_application.started.size() == 1; });
    EXPECT_EQ(other_application.started[0]->exchange->client().host(), "9.8.7.6");
}

TEST_F(StickyTest, AWebServersRequestGoesToTheWorkerOfItsSession) {
    address_of_listener.protocol = net::Protocol::Uwsgi;
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    const std::string query = "sid=" + id;
    const std::vector<uwsgi::Var> vars{{"REQUEST_METHOD", "POST"},
                                       {"PATH_INFO", "/x"},
                                       {"QUERY_STRING", query},
                                       {"CONTENT_LENGTH", "3"}};
    send(client, uwsgi::make_packet(0, 0, vars) + "abc");
    both_until([&] { return other_application.started.size() == 1; });
    EXPECT_EQ(other_application.started[0]->body.buffer(), "abc");
}

TEST_F(StickyTest, TheFirstServesWhenTheOtherIsGone) {
    start_both();
    other.reset();
    const UniqueFd client = connect_to_first();
    send(client, get(id));
    turn_until([&] { return application.started.size() == 1; });
    EXPECT_EQ(slot.handed_over, 0U);
}

TEST_F(StickyTest, AClientIsNotLeftToAWorkerThatEndsBeforeItAccepts) {
    start_both();
    const UniqueFd client = connect_to_first();
    send(client, get(id));
    turn_until([&] { return slot.handed_over == 1; });
    EXPECT_FALSE(at_end(client));
    other.reset();
    EXPECT_TRUE(at_end(client));
}

TEST_F(StickyTest, AFullWorkerLetsThemWait) {
    settings.limits.connections = 1;
    start_both();
    const UniqueFd client = connect_to_first();
    start_other();
    const UniqueFd occupant = connect();
    both_until([&] { return other_slot.connections == 1; });
    send(client, get(id));
    both_until([&] { return slot.handed_over == 1; });
    EXPECT_TRUE(other_application.started.empty());
    send(occupant, "bad\r\n\r\n");
    ::shutdown(occupant.get(), SHUT_WR);
    both_until([&] { return other_application.started.size() == 1; });
}

TEST_F(StickyTest, ADrainingWorkerKeepsItsSessionsUntilTheyEnd) {
    settings.limits.drain_websockets = 60s;
    start_both();
    bool open = true;
    other->sticky()->look_by([&] { return open; });
    start_other();
    other->drain(ipc::DrainReason::Replace);
    other->turn();
    EXPECT_FALSE(other->drained());
    const UniqueFd client = connect_to_first();
    send(client, get(id));
    both_until([&] { return other_application.started.size() == 1; });
    answer(*other_application.started[0], "still here");
    EXPECT_NE(receive(client, "").find("Connection: close"), std::string::npos);
    EXPECT_FALSE(other->drained());
    open = false;
    both_until([&] { return other->drained(); });
    const UniqueFd late = connect_to_first();
    send(late, get(id));
    turn_until([&] { return application.started.size() == 1; });
}

TEST_F(StickyTest, TheLastRequestsOfSessionsHaveTheirTime) {
    settings.limits.drain_websockets = 1ms;
    settings.limits.drain_requests = 60s;
    start_both();
    other->sticky()->look_by([] { return true; });
    start_other();
    const UniqueFd client = connect_to_first();
    send(client, get(id));
    both_until([&] { return other_application.started.size() == 1; });
    other->drain(ipc::DrainReason::Replace);
    both_until([&] { return other->sticky()->are_over(); });
    other->turn();
    EXPECT_FALSE(other->drained());
    answer(*other_application.started[0], "whole");
    receive(client, "whole");
    both_until([&] { return other->drained(); });
}

TEST_F(StickyTest, ADrainThatReplacesNobodyKeepsNoSession) {
    start_both();
    other->sticky()->look_by([] { return true; });
    start_other();
    other->drain(ipc::DrainReason::Stop);
    other->turn();
    EXPECT_TRUE(other->drained());
}

TEST_F(StickyTest, TheEndOfItsTimeEndsSessions) {
    settings.limits.drain_websockets = 1ms;
    start_both();
    EXPECT_NE(other->sticky()->mark_for_ever("x"), "x");
    start_other();
    other->drain(ipc::DrainReason::Replace);
    both_until([&] { return other->drained(); });
}

}  // namespace
}  // namespace geventd::worker
