// SPDX-License-Identifier: MIT
#include "net/peer.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "net/listener.h"
#include "tests/unit/net/connect.h"

namespace geventd::net {
namespace {

using testing::connect_inet;

Listener loopback() {
    return Listener::open(parse_address("http://127.0.0.1:0").value(), {});
}

TEST(AcceptPeer, HasNothingWhenNobodyWaits) {
    const auto listener = loopback();
    const auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted);
    EXPECT_FALSE(*accepted);
}

TEST(AcceptPeer, NamesThePeer) {
    const auto listener = loopback();
    const auto client = connect_inet("127.0.0.1", listener.actual().port);
    const auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted && *accepted);
    sockaddr_in own{};
    socklen_t length = sizeof own;
    ::getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &length);
    EXPECT_EQ(format_sockaddr((*accepted)->peer, (*accepted)->peer_length),
              "127.0.0.1:" + std::to_string(ntohs(own.sin_port)));
}

TEST(AcceptPeer, TheConnectionIsNonBlockingAndClosedOnExec) {
    const auto listener = loopback();
    const auto client = connect_inet("127.0.0.1", listener.actual().port);
    const auto accepted = accept_peer(listener.fd());
    ASSERT_TRUE(accepted && *accepted);
    EXPECT_TRUE(::fcntl((*accepted)->fd.get(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl((*accepted)->fd.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(AcceptPeer, RunningOutOfDescriptorsIsToldApart) {
    const auto listener = loopback();
    const auto client = connect_inet("127.0.0.1", listener.actual().port);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto refused = accept_peer(listener.fd());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, AcceptError::Kind::Exhausted);
    const auto accepted = accept_peer(listener.fd());
    EXPECT_TRUE(accepted && *accepted);  // the connection still waits
}

TEST(AcceptPeer, ABrokenSocketIsToldApart) {
    const auto refused = accept_peer(-1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, AcceptError::Kind::Broken);
}

TEST(AcceptPeer, TroubleOfOneConnectionIsTransient) {
    for (const int code : {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH}) {
        EXPECT_EQ(classify_accept_error(code).kind, AcceptError::Kind::Transient) << code;
    }
}

TEST(AcceptPeer, WhatMayComeAgainAndAgainIsNotTransient) {
    for (const int code : {EPERM, EOPNOTSUPP, EIO, ENOSYS}) {
        EXPECT_EQ(classify_accept_error(code).kind, AcceptError::Kind::Unknown) << code;
    }
}

}  // namespace
}  // namespace geventd::net
