// SPDX-License-Identifier: MIT
#include "websocket/session.h"

#include <algorithm>

#include <malloc.h>

#include "session_fixture.h"

namespace geventd::websocket {
namespace {

TEST_F(SessionTest, ReceivesMessagesByteByByte) {
    start();
    const std::string bytes = frame(kFin | kText, "K\xc3\xb6ln") + frame(kFin | kBinary, "\xff") +
                              frame(kFin | kText, std::string(300, 'x')) + frame(kFin | kText, "");
    for (const char& byte : bytes) {
        ASSERT_TRUE(session->receive({&byte, 1}));
    }
    EXPECT_EQ(messages,
              (Texts{"text:K\xc3\xb6ln", "bytes:\xff", "text:" + std::string(300, 'x'), "text:"}));
}

TEST_F(SessionTest, JoinsFragmentsAroundAPing) {
    start();
    session->receive(frame(kMore | kText, "a\xe2\x82") + frame(kFin | kPing, "still there?") +
                     frame(kMore | kContinue, "\xac") + frame(kFin | kContinue, "b"));
    EXPECT_EQ(messages, Texts{"text:a\xe2\x82\xac"
                              "b"});
    EXPECT_EQ(output(), std::string("\x8a\x0c") + "still there?");
}

TEST_F(SessionTest, SendsFramesAsTheyAre) {
    start();
    EXPECT_TRUE(session->send(true, "hello"));
    EXPECT_TRUE(session->send(false, std::string(70'000, 'y')));
    EXPECT_TRUE(session->ping("x"));
    const std::string bytes = output();
    EXPECT_EQ(bytes.size(), 3 + 7 + 10 + 70'000U);
    EXPECT_NE(bytes.find("\x81\x05hello"), std::string::npos);
    EXPECT_FALSE(session->has_output());
}

TEST_F(SessionTest, AnswersAClosingFrame) {
    start();
    session->receive(frame(kFin | kClose, code(1001) + "bye"));
    ASSERT_TRUE(session->end());
    EXPECT_EQ(session->end()->code, 1001);
    EXPECT_EQ(session->end()->reason, "bye");
    EXPECT_TRUE(session->end()->by_client);
    EXPECT_EQ(closed_with(), 1001U);
    EXPECT_TRUE(session->close_sent());
    EXPECT_FALSE(session->send(true, "too late"));
}

TEST_F(SessionTest, ClosesAndHearsTheAnswer) {
    start();
    EXPECT_TRUE(session->close(kServiceRestart, "restart"));
    EXPECT_EQ(closed_with(), 1012U);
    session->receive(frame(kFin | kText, "crossed it") + frame(kFin | kClose, code(1000)));
    EXPECT_EQ(messages, Texts{"text:crossed it"});
    ASSERT_TRUE(session->end());
    EXPECT_EQ(session->end()->code, 1000);
}

TEST_F(SessionTest, EndsForWhoeverBreaksTheRules) {
    const std::string unmasked("\x81\x01x", 3);
    const std::vector<std::pair<std::string, unsigned>> cases{
        {unmasked, 1002},
        {frame(kFin | kContinue, "of what?"), 1002},
        {frame(kMore | kText, "a") + frame(kFin | kText, "b"), 1002},
        {frame(kFin | kCompressed | kText, "nobody agreed to this"), 1002},
        {frame(kFin | 3, "reserved"), 1002},
        {frame(kFin | kClose, "x"), 1002},
        {frame(kFin | kClose, code(1005)), 1002},
        {frame(kFin | kClose, code(1015)), 1002},
        {frame(kFin | kClose, code(1013) + "\xff"), 1007},
        {frame(kFin | kText, "\xff"), 1007},
        {frame(kFin | kText, "cut off \xe2\x82"), 1007},
        {frame(kMore | kText, "\xe2") + frame(kFin | kContinue, "\x28\xa1"), 1007},
        {frame(kFin | kClose, code(1000) + "\xff"), 1007},
        {frame(kFin | kClose, code(1012) + "\xff"), 1007},
    };
    for (const auto& [bytes, expected] : cases) {
        start();
        messages.clear();
        ASSERT_TRUE(session->receive(bytes));
        EXPECT_EQ(closed_with(), expected) << testing::PrintToString(bytes);
        ASSERT_TRUE(session->end()) << testing::PrintToString(bytes);
        EXPECT_EQ(session->end()->code, expected);
        EXPECT_FALSE(session->end()->by_client);
        EXPECT_TRUE(messages.empty());
        EXPECT_TRUE(session->receive(frame(kFin | kText, "ignored")));
        EXPECT_TRUE(messages.empty());
    }
}

TEST_F(SessionTest, TakesAClosingFrameInPiecesAsInOne) {
    const std::string reason = "K\xc3\xb6ln, \xe2\x82\xac 3";
    for (const auto& [payload, expected] : {std::pair{code(1000) + reason, 1000U},
                                            {code(1013) + reason, 1013U},
                                            {code(1000) + reason + "\xff", 1007U},
                                            {code(59329) + "\xff", 1007U}}) {
        const std::string bytes = frame(kFin | kText, "x") + frame(kFin | kClose, payload);
        for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
            start();
            ASSERT_TRUE(session->receive(bytes.substr(0, cut)));
            EXPECT_FALSE(session->has_input());
            ASSERT_TRUE(session->receive(bytes.substr(cut)));
            EXPECT_EQ(closed_with(), expected) << cut;
            ASSERT_TRUE(session->end());
            EXPECT_EQ(session->end()->by_client, expected != 1007U);
        }
        start();
        for (const char& byte : bytes) {
            ASSERT_TRUE(session->receive({&byte, 1}));
        }
        EXPECT_EQ(closed_with(), expected);
    }
}

// The engine names no code for what is no frame at all.
TEST_F(SessionTest, EndsForAHeaderThatNoFrameHas) {
    const std::string long_ping = frame(kFin | kPing, std::string(126, 'p'));
    const std::string mask = "mask";
    for (const std::string& bytes :
         {frame(kMore | kPing, "in pieces"), long_ping, frame(kMore | kClose, code(1000)),
          std::string("\x81\xfe\x00\x7d", 4) + mask,
          std::string("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + mask,
          std::string("\x82\xff\x80\x00\x00\x00\x00\x01\x00\x00", 10) + mask}) {
        for (const std::size_t step : {bytes.size(), std::size_t{1}}) {
            start();
            for (std::size_t at = 0; at < bytes.size(); at += step) {
                ASSERT_TRUE(session->receive(std::string_view(bytes).substr(at, step)));
            }
            EXPECT_EQ(closed_with(), 1002U) << testing::PrintToString(bytes);
            ASSERT_TRUE(session->end());
            EXPECT_EQ(session->end()->code, 1002);
            EXPECT_FALSE(session->end()->by_client);
        }
    }
}

TEST_F(SessionTest, TakesTheClosingCodesOfGatewaysAndRestarts) {
    for (const unsigned number : {1012U, 1013U, 1014U}) {
        const std::string bytes = frame(kFin | kClose, code(number) + "later");
        for (const std::size_t step : {bytes.size(), std::size_t{1}}) {
            start();
            for (std::size_t at = 0; at < bytes.size(); at += step) {
                ASSERT_TRUE(session->receive(std::string_view(bytes).substr(at, step)));
            }
            ASSERT_TRUE(session->end());
            EXPECT_EQ(session->end()->code, number);
            EXPECT_EQ(session->end()->reason, "later");
            EXPECT_TRUE(session->end()->by_client);
            EXPECT_EQ(closed_with(), number);
            EXPECT_TRUE(session->close_sent());
        }
    }
    start();
    session->close(kServiceRestart, "");
    EXPECT_EQ(closed_with(), 1012U);
    session->receive(frame(kFin | kClose, code(1012)));
    ASSERT_TRUE(session->end());
    EXPECT_TRUE(session->end()->by_client);
}

TEST_F(SessionTest, LimitsFragmentsInSum) {
    start(1000);
    session->receive(frame(kFin | kBinary, std::string(1000, 'a')));
    EXPECT_EQ(messages.size(), 1U);
    session->receive(frame(kMore | kBinary, std::string(600, 'a')));
    session->receive(frame(kFin | kContinue, std::string(401, 'a')));
    EXPECT_EQ(closed_with(), 1009U);
    EXPECT_EQ(messages.size(), 1U);
}

TEST_F(SessionTest, RefusesATooLongMessageByItsHead) {
    start(1000);
    session->receive(std::string_view("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10));
    session->receive("mask and the first byte");
    EXPECT_EQ(closed_with(), 1009U);
}

TEST_F(SessionTest, KeepsWhatItsUserDoesNotTake) {
    start();
    most_messages = 1;
    std::string bytes;
    for (int i = 0; i < 9000; ++i) {
        bytes += frame(kFin | kText, "m" + std::to_string(i));
    }
    ASSERT_TRUE(session->receive(bytes));
    EXPECT_LT(messages.size(), 1000U) << "no more than one read of wslay's";
    EXPECT_TRUE(session->has_input());
    most_messages = 10'000;
    ASSERT_TRUE(session->go_on());
    EXPECT_EQ(messages.size(), 9000U);
    EXPECT_EQ(messages.back(), "text:m8999");
    EXPECT_FALSE(session->has_input());
}

TEST_F(SessionTest, LooksAtNoFrameWhileItsUserIsFull) {
    start();
    most_messages = 1;
    session->receive(frame(kFin | kText, "one") + frame(kFin | kText, "two") + frame(kFin | 3, ""));
    EXPECT_EQ(messages, Texts{"text:one"});
    most_messages = 2;
    session->go_on();
    EXPECT_EQ(messages, (Texts{"text:one", "text:two"}));
    EXPECT_FALSE(session->end());
    EXPECT_TRUE(session->send(true, "2"));
    EXPECT_EQ(output(),
              "\x81\x01"
              "2");
    most_messages = 3;
    session->go_on();
    EXPECT_TRUE(session->end());
    EXPECT_EQ(closed_with(), 1002U);
}

TEST_F(SessionTest, TakesNoMorePingsThanItCanAnswer) {
    start();
    std::string pings;
    for (int i = 0; i < 20'000; ++i) {
        pings += frame(kFin | kPing, "p");
    }
    session->receive(pings);
    EXPECT_TRUE(session->has_input());
    std::size_t pongs = 0;
    while (session->has_output()) {
        pongs += output().size() / 3;
        session->go_on();
    }
    EXPECT_EQ(pongs, 20'000U);
}

TEST_F(SessionTest, HasAStateOfItsOwn) {
    start();
    const std::unique_ptr<Session> other = engine->make(*this, {1 << 20, std::nullopt});
    session->receive(frame(kMore | kText, "one "));
    other->receive(frame(kMore | kText, "two "));
    session->receive(frame(kFin | kContinue, "first"));
    other->receive(frame(kFin | kContinue, "second"));
    EXPECT_EQ(messages, (Texts{"text:one first", "text:two second"}));
}

// The sessions share what they need in the midst of a message: none finds anything of another's.
TEST_F(SessionTest, HasAStateOfItsOwnByteByByte) {
    std::vector<std::unique_ptr<Session>> sessions;
    std::vector<std::string> streams;
    Texts expected;
    for (int i = 0; i < 50; ++i) {
        const std::string name = "of " + std::to_string(i);
        sessions.push_back(engine->make(*this, {1 << 20, std::nullopt}));
        streams.push_back(frame(kMore | kText, name) + frame(kFin | kPing, name) +
                          frame(kFin | kContinue, std::string(i % 5, '.')));
        expected.push_back("text:" + name + std::string(i % 5, '.'));
    }
    std::vector<std::string> answers(sessions.size());
    for (std::size_t at = 0; at < 100; ++at) {
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            sessions[i]->receive(
                std::string_view(streams[i]).substr(std::min(at, streams[i].size()), 1));
            answers[i] += sessions[i]->take_output();
        }
    }
    std::sort(messages.begin(), messages.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(messages, expected);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        EXPECT_EQ(answers[i].substr(2), "of " + std::to_string(i));
    }
}

TEST_F(SessionTest, HoldsNoBuffersBetweenMessages) {
    constexpr int kSessions = 1000;
    const auto allocated = [] { return mallinfo2().uordblks; };
    std::vector<std::unique_ptr<Session>> sessions;
    sessions.reserve(kSessions);
    most_messages = 2 * kSessions;
    messages.reserve(most_messages);
    const std::size_t before = allocated();
    for (int i = 0; i < kSessions; ++i) {
        sessions.push_back(engine->make(*this, {1 << 20, std::nullopt}));
        sessions.back()->receive(frame(kFin | kText, "hello"));
        EXPECT_TRUE(sessions.back()->send(true, "hello"));
        EXPECT_EQ(sessions.back()->take_output(), "\x81\x05hello");
    }
    EXPECT_EQ(messages.size(), 1000U);
    EXPECT_LT((allocated() - before) / kSessions, 1024U) << "a context of wslay has 8 KiB";
}

}  // namespace
}  // namespace geventd::websocket
