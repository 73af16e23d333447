// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <ctime>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "peer.h"
#include "tls/ticket_keys.h"

namespace geventd::tls {
namespace {

using State = net::Stream::State;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;

class TransportTest : public testing::Test {
  protected:
    TransportTest() {
        endpoint.pairs = {make_pair_for({"one.test"}), make_pair_for({"two.test", "*.wild.test"})};
        endpoint.session_scope = "scope";
        turn(tickets);
    }

    // A connection whose handshake has not begun.
    void connect(const char* host = "one.test", SSL_SESSION* session = nullptr) {
        server = make_server(endpoint, tickets);
        connect_again(host, session);
    }

    // To the same server.
    void connect_again(const char* host, SSL_SESSION* session) {
        UniqueFd fd;
        peer = std::make_unique<Peer>(fd, host, session);
        stream = std::make_unique<net::Stream>(std::move(fd));
        stream->put_under(server->accept(handshakes, "", "somebody"));
    }

    // Until the handshake is over for both sides, or cannot go on.
    bool shake_hands() {
        bool done = false;
        for (int i = 0; i < 10; ++i) {
            done = peer->shake_hands();
            receive();
        }
        return done && handshakes.done > 0;
    }

    std::string receive() {
        std::array<char, 65536> room;
        const auto [state, count] = stream->receive(room);
        last = state;
        return {room.data(), state == State::Done ? count : 0};
    }

    net::Stream::Result send(std::string_view bytes) {
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
        return stream->send({&part, 1});
    }

    // Its newest ticket, which comes with the first bytes.
    SessionPtr session() {
        send("x");
        EXPECT_EQ(peer->receive(), "x");
        return SessionPtr(SSL_get1_session(peer->ssl()));
    }

    static std::string ticket_of(const SSL_SESSION* session) {
        const unsigned char* bytes = nullptr;
        std::size_t size = 0;
        SSL_SESSION_get0_ticket(session, &bytes, &size);
        return {reinterpret_cast<const char*>(bytes), size};
    }

    std::string shown_name() {
        const X509Ptr shown(SSL_get1_peer_certificate(peer->ssl()));
        return shown ? text_of(X509_get_subject_name(shown.get())) : "";
    }

    Endpoint endpoint;
    std::vector<TicketKey> tickets;
    NotedHandshakes handshakes;
    std::unique_ptr<Server> server;
    std::unique_ptr<Peer> peer;
    std::unique_ptr<net::Stream> stream;
    State last = State::Wait;
};

TEST_F(TransportTest, CarriesBytesBothWays) {
    connect();
    ASSERT_TRUE(shake_hands()) << handshakes.reason;
    peer->send("a request");
    EXPECT_EQ(receive(), "a request");
    EXPECT_EQ(send("an answer").count, 9U);
    EXPECT_EQ(peer->receive(), "an answer");
    stream->end_sending();
    EXPECT_EQ(peer->receive(), "");
    EXPECT_EQ(SSL_get_shutdown(peer->ssl()), SSL_RECEIVED_SHUTDOWN);
}

TEST_F(TransportTest, TakesOneRecordAtATime) {
    connect();
    ASSERT_TRUE(shake_hands());
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(SSL_key_update(peer->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_TRUE(peer->shake_hands());
    }
    peer->send("a request");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(receive(), "");
        EXPECT_EQ(last, State::Wait);
        EXPECT_TRUE(stream->has_bytes());
    }
    EXPECT_EQ(receive(), "a request");
}

TEST_F(TransportTest, FindsARequestBehindARecordOfKeys) {
    connect();
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(stream->peek(), State::Wait);
    ASSERT_EQ(SSL_key_update(peer->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_TRUE(peer->shake_hands());
    peer->send("a request");
    EXPECT_EQ(stream->peek(), State::Done);
}

TEST_F(TransportTest, ChoosesTheCertificateByTheNameOfTheHost) {
    const std::vector<std::pair<const char*, const char*>> cases{{"one.test", "CN=one.test"},
                                                                 {"TWO.test", "CN=two.test"},
                                                                 {"a.wild.test", "CN=two.test"},
                                                                 {"a.b.wild.test", "CN=one.test"},
                                                                 {"other.test", "CN=one.test"}};
    for (const auto& [host, name] : cases) {
        connect(host);
        ASSERT_TRUE(shake_hands()) << handshakes.reason;
        EXPECT_EQ(shown_name(), name) << host;
        handshakes.done = 0;
    }
}

TEST_F(TransportTest, HasTheKindsOfKeysOfAWildcardBesideThoseOfTheName) {
    endpoint.pairs = {make_pair_for({"a.wild.test"}), make_pair_for({"*.wild.test"}, "RSA")};
    connect("a.wild.test");
    SSL_set_max_proto_version(peer->ssl(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer->ssl(), "aRSA"), 1);
    ASSERT_TRUE(shake_hands()) << handshakes.reason;
    EXPECT_EQ(shown_name(), "CN=*.wild.test");
    handshakes.done = 0;
    connect("a.wild.test");
    SSL_set_max_proto_version(peer->ssl(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer->ssl(), "aECDSA"), 1);
    ASSERT_TRUE(shake_hands()) << handshakes.reason;
    EXPECT_EQ(shown_name(), "CN=a.wild.test");
}

TEST_F(TransportTest, SpeaksCiphersThatNeedParametersOfItsOwn) {
    endpoint.pairs = {make_pair_for({"one.test"}, "RSA")};
    endpoint.ciphers = "DHE-RSA-AES128-GCM-SHA256";
    connect();
    SSL_set_max_proto_version(peer->ssl(), TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer->ssl(), "DHE-RSA-AES128-GCM-SHA256"), 1);
    EXPECT_TRUE(shake_hands()) << handshakes.reason;
}

TEST_F(TransportTest, SendsAllInOrderThroughASocketThatIsOftenFull) {
    connect();
    ASSERT_TRUE(shake_hands());
    const int small = 4096;
    ::setsockopt(stream->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    std::string whole(500'000, '\0');
    for (std::size_t i = 0; i < whole.size(); ++i) {
        whole[i] = static_cast<char>(i * 2654435761U >> 13);
    }
    std::string arrived;
    std::size_t at = 0;
    std::size_t step = 1;
    int waits = 0;
    while (arrived.size() < whole.size()) {
        // Three parts, so that records are made of several.
        const std::string_view rest = std::string_view(whole).substr(at, step);
        const std::size_t third = rest.size() / 3;
        const std::array<std::string_view, 3> pieces{
            rest.substr(0, third), rest.substr(third, third), rest.substr(2 * third)};
        std::array<iovec, 3> parts{};
        std::transform(pieces.begin(), pieces.end(), parts.begin(), [](std::string_view piece) {
            return iovec{const_cast<char*>(piece.data()), piece.size()};
        });
        if (!rest.empty()) {
            const auto [state, count] = stream->send(parts);
            ASSERT_NE(state, State::Failed);
            ASSERT_LE(count, rest.size());
            waits += state == State::Wait || count < rest.size() ? 1 : 0;
            at += count;
            step = step % 70'001 + 977;
        }
        arrived += peer->receive(3000);
    }
    EXPECT_EQ(arrived, whole);
    EXPECT_GT(waits, 3);
}

TEST_F(TransportTest, TakesBytesThatWereReceivedBeforeIt) {
    server = make_server(endpoint, tickets);
    UniqueFd fd;
    peer = std::make_unique<Peer>(fd, "one.test");
    stream = std::make_unique<net::Stream>(std::move(fd));
    peer->shake_hands();
    const std::string early = receive();
    ASSERT_FALSE(early.empty());
    stream->put_under(server->accept(handshakes, early, "somebody"));
    EXPECT_TRUE(stream->has_bytes());
    EXPECT_TRUE(shake_hands());
    EXPECT_FALSE(stream->has_bytes());
}

TEST_F(TransportTest, WaitsForItsTurnWithAStepOfTheHandshake) {
    connect();
    handshakes.allowed = false;
    EXPECT_FALSE(shake_hands());
    EXPECT_EQ(handshakes.steps, 0);
    handshakes.allowed = true;
    EXPECT_TRUE(shake_hands());
}

TEST_F(TransportTest, FailsForGoodWithWhatIsNoHandshake) {
    connect();
    ASSERT_EQ(::send(peer->fd(), "\x16\x03\x01\x00\x04zzzz", 9, 0), 9);
    receive();
    EXPECT_EQ(last, State::Ended);
    EXPECT_NE(handshakes.reason, "");
    EXPECT_EQ(handshakes.who, "somebody");
    EXPECT_EQ(handshakes.failure, Failure::Protocol);
    receive();
    EXPECT_EQ(last, State::Ended);
    EXPECT_EQ(send("x").state, State::Failed);
}

TEST_F(TransportTest, KnowsWhyAHandshakeHasFailed) {
    connect();
    SSL_set_max_proto_version(peer->ssl(), TLS1_1_VERSION);
    SSL_set_min_proto_version(peer->ssl(), TLS1_VERSION);
    SSL_set_security_level(peer->ssl(), 0);
    EXPECT_FALSE(shake_hands());
    EXPECT_EQ(handshakes.failure, Failure::Agreement) << handshakes.reason;
    connect();
    peer->shake_hands();
    receive();
    peer->close();
    receive();
    EXPECT_EQ(last, State::Ended);
    EXPECT_EQ(handshakes.failure, Failure::Left) << handshakes.reason;
}

TEST_F(TransportTest, TellsOfTheConnection) {
    connect("two.test");
    ASSERT_TRUE(shake_hands());
    const auto variables = stream->transport()->variables();
    const auto has = [&](const std::string& name, const std::string& value) {
        return std::find(variables.begin(), variables.end(), std::pair(name, value)) !=
               variables.end();
    };
    EXPECT_TRUE(has("HTTPS", "on"));
    EXPECT_TRUE(has("SSL_PROTOCOL", "TLSv1.3"));
    EXPECT_TRUE(has("SSL_TLS_SNI", "two.test"));
}

TEST_F(TransportTest, ResumesSessionsOfAnotherServerWithTheSameKeys) {
    connect();
    ASSERT_TRUE(shake_hands());
    const SessionPtr first = session();
    turn(tickets);
    connect("one.test", first.get());
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(handshakes.resumed, 1);
    tickets.clear();
    turn(tickets);
    connect("one.test", first.get());
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(handshakes.resumed, 1);
}

TEST_F(TransportTest, TakesOtherKeysOfTicketsAndKeepsTheRest) {
    connect();
    ASSERT_TRUE(shake_hands());
    const SessionPtr first = session();
    tickets.clear();
    turn(tickets);
    server->seal_with(tickets);
    connect_again("one.test", first.get());
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(handshakes.resumed, 0);
    const SessionPtr second = session();
    connect_again("one.test", second.get());
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(handshakes.resumed, 1);
}

TEST_F(TransportTest, GivesAFreshTicketWithEachSessionOfTls13) {
    connect();
    ASSERT_TRUE(shake_hands());
    const SessionPtr first = session();
    connect("one.test", first.get());
    ASSERT_TRUE(shake_hands());
    EXPECT_EQ(handshakes.resumed, 1);
    EXPECT_NE(ticket_of(session().get()), ticket_of(first.get()));
}

TEST_F(TransportTest, ResumesNoSessionBeyondTheCertificateOfItsClient) {
    const Pair client = make_pair_for({"alice"}, "EC", {.until = 2});
    endpoint.clients = ClientCertificates::Require;
    endpoint.client_ca = client.chain;
    connect();
    peer->show(client);
    ASSERT_TRUE(shake_hands()) << handshakes.reason;
    const SessionPtr first = session();
    const std::time_t now = std::time(nullptr);
    while (std::time(nullptr) < now + 3) {
        ::poll(nullptr, 0, 100);
    }
    handshakes.done = 0;
    connect("one.test", first.get());
    peer->show(client);
    EXPECT_FALSE(shake_hands());
    EXPECT_NE(handshakes.reason.find("certificate has expired"), std::string::npos);
}

TEST_F(TransportTest, DemandsACertificateThatItsAuthorityHasSigned) {
    const Pair client = make_pair_for({"alice"});
    endpoint.clients = ClientCertificates::Require;
    endpoint.client_ca = client.chain;
    connect();
    peer->show(client);
    ASSERT_TRUE(shake_hands()) << handshakes.reason;
    const auto variables = stream->transport()->variables();
    EXPECT_TRUE(std::any_of(variables.begin(), variables.end(), [](const auto& variable) {
        return variable == std::pair<std::string, std::string>("SSL_CLIENT_S_DN", "CN=alice");
    }));
    EXPECT_TRUE(std::any_of(variables.begin(), variables.end(), [](const auto& variable) {
        return variable == std::pair<std::string, std::string>("HTTPS_DN", "/CN=alice");
    }));
    handshakes.done = 0;
    connect();
    peer->show(make_pair_for({"mallory"}));
    EXPECT_FALSE(shake_hands());
    EXPECT_NE(handshakes.reason.find("certificate verify failed"), std::string::npos);
    connect();
    EXPECT_FALSE(shake_hands());
    EXPECT_NE(handshakes.reason.find("peer did not return a certificate"), std::string::npos);
    EXPECT_EQ(handshakes.failure, Failure::Certificate);
}

}  // namespace
}  // namespace geventd::tls
