// SPDX-License-Identifier: MIT
#include "http/conditions.h"

#include <gtest/gtest.h>

#include "http/accept_encoding.h"
#include "http/date.h"

namespace geventd::http {
namespace {

constexpr std::int64_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kLater = "Sun, 06 Nov 1994 08:49:38 GMT";

const Validators kFile{"\"abc-1\"", kModified};

Ranges ranges(std::string_view range, std::uint64_t size = 100, std::string_view if_range = {}) {
    return choose_ranges({.if_range = if_range, .range = range}, kFile, size);
}

std::string shown(const Ranges& ranges) {
    std::string text = ranges.satisfiable ? "" : "416";
    for (const ByteRange& part : ranges.parts) {
        text += std::to_string(part.first) + "-" + std::to_string(part.end) + " ";
    }
    return text;
}

TEST(Date, IsReadInAllThreeForms) {
    for (const std::string_view text : {kDate, std::string_view("Sunday, 06-Nov-94 08:49:37 GMT"),
                                        std::string_view("Sun Nov  6 08:49:37 1994")}) {
        EXPECT_EQ(parse_date(text), kModified) << text;
    }
    EXPECT_EQ(format_date(kModified), kDate);
    EXPECT_EQ(parse_date("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
}

TEST(Date, IsNothingElse) {
    for (const char* text : {"", "0", "784111777", "Sun, 06 Now 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
                             ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "Sun Nov  6 08:49:37 19"}) {
        EXPECT_EQ(parse_date(text), std::nullopt) << text;
    }
}

TEST(Conditions, LetPlainRequestsThrough) {
    EXPECT_EQ(judge({}, kFile), Verdict::Proceed);
}

TEST(Conditions, CompareEntityTags) {
    EXPECT_EQ(judge({.if_none_match = "\"abc-1\""}, kFile), Verdict::NotModified);
    EXPECT_EQ(judge({.if_none_match = "\"x\", W/\"abc-1\""}, kFile), Verdict::NotModified);
    EXPECT_EQ(judge({.if_none_match = "*"}, kFile), Verdict::NotModified);
    EXPECT_EQ(judge({.if_none_match = "\"abc\""}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_none_match = "abc-1"}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_match = "\"x\",\"abc-1\""}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_match = "*"}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_match = "W/\"abc-1\""}, kFile), Verdict::Failed);
    EXPECT_EQ(judge({.if_match = "\"x\""}, kFile), Verdict::Failed);
}

TEST(Conditions, CompareDates) {
    EXPECT_EQ(judge({.if_modified_since = kDate}, kFile), Verdict::NotModified);
    EXPECT_EQ(judge({.if_modified_since = kLater}, kFile), Verdict::NotModified);
    EXPECT_EQ(judge({.if_modified_since = kEarlier}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_modified_since = "yesterday"}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_unmodified_since = kDate}, kFile), Verdict::Proceed);
    EXPECT_EQ(judge({.if_unmodified_since = kEarlier}, kFile), Verdict::Failed);
}

TEST(Conditions, PreferEntityTagsToDates) {
    EXPECT_EQ(judge({.if_none_match = "\"x\"", .if_modified_since = kDate}, kFile),
              Verdict::Proceed);
    EXPECT_EQ(judge({.if_match = "*", .if_unmodified_since = kEarlier}, kFile), Verdict::Proceed);
}

TEST(Ranges, AreReadAsNginxDoes) {
    EXPECT_EQ(shown(ranges("bytes=0-0")), "0-1 ");
    EXPECT_EQ(shown(ranges("bytes=10-19")), "10-20 ");
    EXPECT_EQ(shown(ranges("Bytes= 90 - ")), "90-100 ");
    EXPECT_EQ(shown(ranges("bytes=90-1000")), "90-100 ");
    EXPECT_EQ(shown(ranges("bytes=-10")), "90-100 ");
    EXPECT_EQ(shown(ranges("bytes=-1000")), "0-100 ");
    EXPECT_EQ(shown(ranges("bytes=0-1, 5-6 ,-1")), "0-2 5-7 99-100 ");
    EXPECT_EQ(shown(ranges("bytes=1-2,200-300")), "1-3 ");
}

TEST(Ranges, BehindTheEndOrUnreadableCannotBeSatisfied) {
    for (const char* range :
         {"bytes=100-", "bytes=200-300", "bytes=-0", "bytes=a-b", "bytes=5", "bytes=5-2",
          "bytes=1-2;", "bytes=1-2,x", "bytes=--1", "bytes=99999999999999999999-"}) {
        EXPECT_EQ(shown(ranges(range)), "416") << range;
    }
}

TEST(Ranges, MeanTheWholeWhereTheyAskForMoreOrInOtherUnits) {
    EXPECT_EQ(shown(ranges("bytes=0-,0-")), "");
    EXPECT_EQ(shown(ranges("lines=0-1")), "");
    EXPECT_EQ(shown(ranges("bytes=")), "");
    EXPECT_EQ(shown(ranges("")), "");
    EXPECT_EQ(shown(ranges("bytes=0-", 0)), "");
    EXPECT_EQ(shown(ranges("bytes=0-5", 0)), "");
}

TEST(Ranges, ApplyOnlyToWhatIfRangeMeans) {
    EXPECT_EQ(shown(ranges("bytes=0-0", 100, "\"abc-1\"")), "0-1 ");
    EXPECT_EQ(shown(ranges("bytes=0-0", 100, kDate)), "0-1 ");
    for (const std::string_view other : {std::string_view("\"x\""), std::string_view("W/\"abc-1\""),
                                         kLater, kEarlier, std::string_view("x")}) {
        EXPECT_EQ(shown(ranges("bytes=0-0", 100, other)), "") << other;
    }
}

TEST(Ranges, DoNotApplyToADateThatTheNextVersionMayHaveToo) {
    Validators fresh = kFile;
    fresh.is_date_strong = false;
    const auto parts = [&fresh](std::string_view if_range) {
        return shown(choose_ranges({.if_range = if_range, .range = "bytes=0-0"}, fresh, 100));
    };
    EXPECT_EQ(parts(kDate), "");
    EXPECT_EQ(parts("\"abc-1\""), "0-1 ");
    EXPECT_EQ(judge({.if_modified_since = kDate}, fresh), Verdict::NotModified);
}

TEST(AcceptEncoding, HasQualities) {
    EXPECT_EQ(quality_of("gzip, br", "br"), 1000);
    EXPECT_EQ(quality_of("GZIP;q=0.5, br;q=0.25", "gzip"), 500);
    EXPECT_EQ(quality_of("gzip; q=0", "gzip"), 0);
    EXPECT_EQ(quality_of("gzip;q=0.000", "gzip"), 0);
    EXPECT_EQ(quality_of("gzip;q=1.000", "gzip"), 1000);
    EXPECT_EQ(quality_of("gzip;q=1.5", "gzip"), 0);
    EXPECT_EQ(quality_of("gzip;q=much", "gzip"), 0);
    EXPECT_EQ(quality_of("deflate", "gzip"), 0);
    EXPECT_EQ(quality_of("*;q=0.3, gzip", "br"), 300);
    EXPECT_EQ(quality_of("*;q=0, gzip", "br"), 0);
    EXPECT_EQ(quality_of("x-gzip", "gzip"), 0);
}

TEST(AcceptEncoding, WantsIdentityUnlessItIsRefused) {
    EXPECT_EQ(quality_of("", "identity"), 1);
    EXPECT_EQ(quality_of("gzip;q=0.5", "identity"), 1);
    EXPECT_EQ(quality_of("identity;q=0", "identity"), 0);
    EXPECT_EQ(quality_of("gzip, *;q=0", "identity"), 0);
}

}  // namespace
}  // namespace geventd::http
