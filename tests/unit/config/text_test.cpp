// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "config/text/expand.h"
#include "config/text/kebab.h"
#include "config/text/units.h"
#include "config/value.h"
#include "config/yaml/plain_text.h"
#include "load_text.h"

namespace geventd::config {
namespace {

using namespace std::chrono_literals;

TEST(ParseSize, ReadsBytesAndBinaryUnits) {
    EXPECT_EQ(*parse_size("0"), 0U);
    EXPECT_EQ(*parse_size("4096"), 4096U);
    EXPECT_EQ(*parse_size("512B"), 512U);
    EXPECT_EQ(*parse_size("64KiB"), 65536U);
    EXPECT_EQ(*parse_size("10MiB"), 10U << 20);
    EXPECT_EQ(*parse_size("2GiB"), std::uint64_t{2} << 30);
}

TEST(ParseSize, RefusesOtherUnitsAndNoise) {
    for (const char* text : {"", "KiB", "64KB", "64kib", "64 KiB", "1.5MiB", "-1", "+1", "64KiBx",
                             "0x10", "99999999999999999999", "9999999999999GiB"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

TEST(ParseSize, ProposesTheUnitThatIsMeant) {
    const auto refusal = [](const char* text) { return parse_size(text).error().message; };
    EXPECT_TRUE(refusal("10MB").ends_with("; did you mean 10MiB?"));
    EXPECT_TRUE(refusal("64k").ends_with("; did you mean 64KiB?"));
    EXPECT_TRUE(refusal("5 mib").ends_with("; did you mean 5MiB?"));
    EXPECT_TRUE(refusal("2T").ends_with("; did you mean 2048GiB?"));
    EXPECT_TRUE(refusal("100 bytes").ends_with("; did you mean 100B?"));
    EXPECT_EQ(refusal("3 min").find("did you mean"), std::string::npos);
    EXPECT_NE(refusal("1.5MiB").find("is no whole number"), std::string::npos);
}

TEST(ParseDuration, ProposesTheUnitThatIsMeant) {
    const auto refusal = [](const char* text) { return parse_duration(text).error().message; };
    EXPECT_TRUE(refusal("30sec").ends_with("; did you mean 30s?"));
    EXPECT_TRUE(refusal("5 Minutes").ends_with("; did you mean 5m?"));
    EXPECT_TRUE(refusal("5M").ends_with("; did you mean 5m?"));
    EXPECT_TRUE(refusal("2d").ends_with("; did you mean 48h?"));
    EXPECT_EQ(refusal("3 MB").find("did you mean"), std::string::npos);
}

TEST(FindBareVariable, FindsWhatAShellWouldReplace) {
    EXPECT_EQ(find_bare_variable("http://:$PORT/x"), "PORT");
    EXPECT_EQ(find_bare_variable("$$_A1-"), "_A1");
    for (const char* text : {"", "$", "5$", "$1", "${PORT}", "a$-"}) {
        EXPECT_EQ(find_bare_variable(text), "") << text;
    }
}

TEST(ParseDuration, ReadsEachUnit) {
    EXPECT_EQ(*parse_duration("500ms"), 500ms);
    EXPECT_EQ(*parse_duration("30s"), 30s);
    EXPECT_EQ(*parse_duration("5m"), 5min);
    EXPECT_EQ(*parse_duration("1h"), 1h);
    EXPECT_EQ(*parse_duration("0"), 0s);
    EXPECT_EQ(*parse_duration("0s"), 0s);
}

TEST(ParseDuration, SaysThatTheUnitIsMissing) {
    const auto duration = parse_duration("30");
    ASSERT_FALSE(duration);
    EXPECT_NE(duration.error().message.find("has no unit"), std::string::npos);
    EXPECT_NE(duration.error().message.find("did you mean 30s?"), std::string::npos);
}

TEST(ParseDuration, RefusesOtherUnitsAndNoise) {
    for (const char* text : {"", "s", "30sec", "1d", "1m30s", "-5s", "1.5s", "5 s", "5S",
                             "9223372036854775807s", "99999999999999999999ms"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(FormatUnits, UsesTheLargestUnitThatDivides) {
    EXPECT_EQ(format_size(0), "0");
    EXPECT_EQ(format_size(1000), "1000");
    EXPECT_EQ(format_size(1536), "1536");
    EXPECT_EQ(format_size(65536), "64KiB");
    EXPECT_EQ(format_size(std::uint64_t{3} << 30), "3GiB");
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(2min), "2m");
    EXPECT_EQ(format_duration(24h), "24h");
}

TEST(FormatUnits, GivesWhatIsReadBackUnchanged) {
    for (const std::uint64_t size : {0ULL, 1ULL, 1023ULL, 1024ULL, 1025ULL, 1ULL << 40}) {
        EXPECT_EQ(*parse_size(format_size(size)), size);
    }
    for (const auto time : {0ms, 1ms, 999ms, 1000ms, 60'000ms, 86'399'999ms}) {
        EXPECT_EQ(*parse_duration(format_duration(time)), time);
    }
}

TEST(Expand, ReplacesVariablesAndDefaults) {
    const auto environment = test_environment();
    EXPECT_EQ(*expand("a${PORT}b${MODULE}", environment), "a8123bsite.wsgi:app");
    EXPECT_EQ(*expand("${NOPE:-x y}", environment), "x y");
    EXPECT_EQ(*expand("${NOPE:-}", environment), "");
    EXPECT_EQ(*expand("${EMPTY:-full}", environment), "full");
    EXPECT_EQ(*expand("${EMPTY}", environment), "");
    EXPECT_EQ(*expand("$PORT $ {} $", environment), "$PORT $ {} $");
}

TEST(Expand, KeepsEscapedAndInsertedReferences) {
    const auto environment = test_environment();
    EXPECT_EQ(*expand("$${PORT}", environment), "${PORT}");
    EXPECT_EQ(*expand("$${PORT} ${PORT}", environment), "${PORT} 8123");
    EXPECT_EQ(*expand("${DOLLAR}", environment), "${PORT}") << "expanded twice";
}

TEST(Expand, RefusesWhatItCannotLookUp) {
    const auto environment = test_environment();
    EXPECT_NE(expand("${NOPE}", environment).error().message.find("NOPE is not set"),
              std::string::npos);
    for (const char* text : {"${", "${}", "${A-B}", "${1A}", "${PORT", "${PORT:x}", "${ PORT }"}) {
        EXPECT_FALSE(expand(text, environment)) << text;
    }
}

TEST(ToKebab, MakesAKeyOfOtherSpellings) {
    EXPECT_EQ(to_kebab("python_path"), "python-path");
    EXPECT_EQ(to_kebab("Python-Path"), "python-path");
}

TEST(Quote, EscapesWhatYamlWouldNotKeep) {
    EXPECT_EQ(quote("a\"b\\c\n\x7f"), R"("a\"b\\c\x0a\x7f")");
}

TEST(FindBinary, NamesTheFirstBadByte) {
    EXPECT_FALSE(find_binary("a: ü €\n\t😀\r\n"));
    const auto control = find_binary("ab\ncd\x01");
    ASSERT_TRUE(control);
    EXPECT_EQ(control->line, 2);
    EXPECT_EQ(control->column, 3);
    for (const char* text : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                             "\xff\xfe", "\xf0\x80\x80\x80"}) {
        EXPECT_TRUE(find_binary(text)) << text;
        EXPECT_FALSE(is_utf8(text)) << text;
    }
    EXPECT_TRUE(is_utf8("ü\x01"));
}

}  // namespace
}  // namespace geventd::config
