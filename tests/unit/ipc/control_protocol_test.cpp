// SPDX-License-Identifier: MIT
#include "ipc/control_protocol.h"

#include <gtest/gtest.h>

namespace geventd::ipc {
namespace {

TEST(ControlProtocol, ARequestSurvivesTheTrip) {
    const ControlRequest request{"signal", {{"number", "17"}, {"payload", "a \"b\"\n\xc3\xa9"}}};
    const std::string line = format_control_request(request);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto parsed = parse_control_request(line.substr(0, line.size() - 1));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, request);
}

TEST(ControlProtocol, NumbersAndBooleansArriveAsText) {
    const auto parsed = parse_control_request(R"({"command":"workers","count":4,"wait":true})");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->arguments.at("count"), "4");
    EXPECT_EQ(parsed->arguments.at("wait"), "true");
}

TEST(ControlProtocol, WhatIsNoRequestIsAnsweredWithTheReason) {
    for (const char* line : {"", "status", "[]", "{", "{\"command\":\"x\"", "null", "\xff"}) {
        const auto parsed = parse_control_request(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_NE(parsed.error().message.find("one JSON object"), std::string::npos);
    }
    EXPECT_EQ(parse_control_request("{}").error().message, "the request has no \"command\"");
    EXPECT_EQ(parse_control_request(R"({"command":7})").error().message,
              "the request has no \"command\"");
    EXPECT_EQ(parse_control_request(R"({"command":"x","a":[1]})").error().message,
              "argument \"a\" is neither text, number nor boolean");
}

TEST(ControlProtocol, DeepNestingIsRefused) {
    const std::string deep = R"({"command":"x","a":)" + std::string(30'000, '[');
    EXPECT_FALSE(parse_control_request(deep));
    EXPECT_FALSE(parse_control_request(deep + std::string(30'000, ']') + "}"));
}

TEST(ControlProtocol, AnAnswerCarriesItsDocument) {
    const auto result = parse_control_answer(format_control_answer(R"({"pid":42})"));
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, R"({"pid":42})");
    EXPECT_EQ(parse_control_answer(format_control_answer("")).value(), "null");
}

TEST(ControlProtocol, AnErrorCarriesItsSentence) {
    const std::string answer = format_control_error("no command \"x\xff\"");
    EXPECT_EQ(answer.find('\n'), answer.size() - 1);
    const auto result = parse_control_answer(answer);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "no command \"x\xef\xbf\xbd\"");
}

TEST(ControlProtocol, AnAnswerThatCannotBeReadIsAnError) {
    for (const char* answer : {"", "HTTP/1.1 400 Bad Request\r\n", "{}", "{\"ok\":1}", "[true]"}) {
        EXPECT_FALSE(parse_control_answer(answer)) << answer;
    }
}

}  // namespace
}  // namespace geventd::ipc
