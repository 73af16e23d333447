// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "master/schedule/crons.h"
#include "schedule/cron_entry.h"

namespace geventd::master {
namespace {

/// The time zone of Berlin, whatever the machine's. In 2026 the clock jumps from 02:00 to 03:00 on
/// 29 March, and from 03:00 to 02:00 on 25 October.
class Berlin : public ::testing::Test {
  protected:
    Berlin() {
        ::setenv("TZ", "Europe/Berlin", 1);
        ::tzset();
    }

    ~Berlin() override {
        ::unsetenv("TZ");
        ::tzset();
    }

    static std::time_t at(const char* text, int summer = -1) {
        std::tm wall{};
        EXPECT_NE(::strptime(text, "%Y-%m-%d %H:%M:%S", &wall), nullptr) << text;
        wall.tm_isdst = summer;
        return ::mktime(&wall);
    }

    static std::string text(std::time_t time) {
        char buffer[64];
        std::tm wall{};
        ::localtime_r(&time, &wall);
        std::strftime(buffer, sizeof buffer, "%a %Y-%m-%d %H:%M:%S %Z", &wall);
        return buffer;
    }

    static CronEntry cron(const char* text) {
        Result<CronEntry> entry = CronEntry::parse(text);
        EXPECT_TRUE(entry) << text;
        return *entry;
    }

    static CronEntry fields(int minute, int hour, int day, int month, int weekday) {
        Result<CronEntry> entry = CronEntry::from_fields({minute, hour, day, month, weekday});
        EXPECT_TRUE(entry);
        return *entry;
    }

    static std::vector<std::string> firings(const CronEntry& entry, std::time_t from, int count) {
        std::vector<std::string> result;
        for (int n = 0; n < count; ++n) {
            const std::optional<std::time_t> next = entry.next_after(from);
            if (!next) {
                break;
            }
            from = *next;
            result.push_back(text(from));
        }
        return result;
    }
};

using Strings = std::vector<std::string>;

TEST_F(Berlin, EveryMinuteIsTheNextMinuteAndNeverThisOne) {
    EXPECT_EQ(firings(fields(-1, -1, -1, -1, -1), at("2026-01-05 10:00:00"), 2),
              (Strings{"Mon 2026-01-05 10:01:00 CET", "Mon 2026-01-05 10:02:00 CET"}));
    EXPECT_EQ(firings(fields(-1, -1, -1, -1, -1), at("2026-01-05 10:00:59"), 1),
              (Strings{"Mon 2026-01-05 10:01:00 CET"}));
}

TEST_F(Berlin, NegativeFieldsMeanTheValuesThatTheyDivide) {
    EXPECT_EQ(firings(fields(-20, 3, -1, -1, -1), at("2026-01-05 10:00:00"), 4),
              (Strings{"Tue 2026-01-06 03:00:00 CET", "Tue 2026-01-06 03:20:00 CET",
                       "Tue 2026-01-06 03:40:00 CET", "Wed 2026-01-07 03:00:00 CET"}));
    EXPECT_EQ(firings(fields(0, 0, -15, -6, -1), at("2026-01-05 10:00:00"), 3),
              (Strings{"Mon 2026-06-15 00:00:00 CEST", "Tue 2026-06-30 00:00:00 CEST",
                       "Tue 2026-12-15 00:00:00 CET"}));
    EXPECT_EQ(firings(fields(0, 12, -1, -1, -2), at("2026-01-05 10:00:00"), 4),
              (Strings{"Tue 2026-01-06 12:00:00 CET", "Thu 2026-01-08 12:00:00 CET",
                       "Sat 2026-01-10 12:00:00 CET", "Sun 2026-01-11 12:00:00 CET"}));
}

TEST_F(Berlin, EitherOfDayAndWeekdayMayMatchWhenBothAreGiven) {
    EXPECT_EQ(firings(fields(0, 0, 13, -1, 5), at("2026-01-09 00:00:00"), 3),
              (Strings{"Tue 2026-01-13 00:00:00 CET", "Fri 2026-01-16 00:00:00 CET",
                       "Fri 2026-01-23 00:00:00 CET"}));
    EXPECT_EQ(firings(cron("0 0 13 * fri"), at("2026-01-09 00:00:00"), 1),
              (Strings{"Tue 2026-01-13 00:00:00 CET"}));
    // A step is not a restriction: both fields must match.
    EXPECT_EQ(firings(fields(0, 0, -13, -1, 5), at("2026-01-09 00:00:00"), 1),
              (Strings{"Fri 2026-02-13 00:00:00 CET"}));
}

TEST_F(Berlin, SevenIsSundayToo) {
    EXPECT_EQ(fields(0, 0, -1, -1, 7), fields(0, 0, -1, -1, 0));
    EXPECT_EQ(cron("0 0 * * 7"), cron("0 0 * * sun"));
    EXPECT_EQ(cron("0 0 * * 5-7"), cron("0 0 * * 0,5,6"));
}

TEST_F(Berlin, CrontabTextsHaveRangesListsStepsAndNames) {
    EXPECT_EQ(firings(cron("*/30 2-3 * * mon"), at("2026-01-05 00:00:00"), 5),
              (Strings{"Mon 2026-01-05 02:00:00 CET", "Mon 2026-01-05 02:30:00 CET",
                       "Mon 2026-01-05 03:00:00 CET", "Mon 2026-01-05 03:30:00 CET",
                       "Mon 2026-01-12 02:00:00 CET"}));
    EXPECT_EQ(cron("1,2,10-14/2 * * * *"), cron("1,2,10,12,14 * * * *"));
    EXPECT_EQ(cron("0 0 1 Jan,MAR *"), cron("0 0 1 1,3 *"));
    EXPECT_EQ(cron("  @hourly "), cron("0 * * * *"));
    EXPECT_EQ(cron("50/5 * * * *"), cron("50,55 * * * *"));
    EXPECT_EQ(cron("* * * * *"), fields(-1, -1, -1, -1, -1));
}

TEST_F(Berlin, WrongEntriesSayWhatIsWrong) {
    for (const char* bad : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
                            "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *",
                            "1,,2 * * * *", "*/ * * * *", "-1 * * * *", "@never", "1- * * * *"}) {
        EXPECT_FALSE(CronEntry::parse(bad)) << bad;
    }
    EXPECT_NE(CronEntry::parse("* 24 * * *").error().message.find("hour '24'"), std::string::npos);
    EXPECT_FALSE(CronEntry::from_fields({60, -1, -1, -1, -1}));
    EXPECT_FALSE(CronEntry::from_fields({-1, -1, 0, -1, -1}));
    EXPECT_FALSE(CronEntry::from_fields({-1, -1, -1, -13, -1}));
    EXPECT_NE(CronEntry::from_fields({-1, 24, -1, -1, -1}).error().message.find("hour 24"),
              std::string::npos);
}

TEST_F(Berlin, DatesThatNeverComeAreKnownAndLeapDaysAreFound) {
    EXPECT_FALSE(cron("0 0 31 2 *").next_after(at("2026-01-01 00:00:00")));
    EXPECT_EQ(firings(cron("0 0 29 2 *"), at("2026-01-01 00:00:00"), 2),
              (Strings{"Tue 2028-02-29 00:00:00 CET", "Sun 2032-02-29 00:00:00 CET"}));
    EXPECT_EQ(firings(fields(0, 0, -29, 2, 6), at("2026-01-01 00:00:00"), 1),
              (Strings{"Sat 2048-02-29 00:00:00 CET"}));
}

/// Whether the wall clock has shown this minute before, within the two hours that zones jump back.
bool comes_again(std::time_t time) {
    std::tm wall{};
    ::localtime_r(&time, &wall);
    for (std::time_t earlier = time - 7200; earlier < time; earlier += 60) {
        std::tm other{};
        ::localtime_r(&earlier, &other);
        if (other.tm_min == wall.tm_min && other.tm_hour == wall.tm_hour &&
            other.tm_mday == wall.tm_mday) {
            return true;
        }
    }
    return false;
}

// Zones whose clocks jump at midnight, by two hours, by half an hour, or twice within weeks.
TEST_F(Berlin, NothingIsSteppedOverInAnyZone) {
    for (const char* zone : {"Europe/Berlin", "America/Havana", "Antarctica/Troll",
                             "Australia/Lord_Howe", "Africa/Casablanca", "UTC"}) {
        ::setenv("TZ", zone, 1);
        ::tzset();
        for (const char* entry : {"0 0 1 * *", "30 23 28-31 * *", "15 2 * 2,3 *", "0 0 29 2 *",
                                  "59 21 * * sun", "5 1 13 * fri", "10 3 */9 * mon-tue"}) {
            std::time_t from = at("2028-01-31 22:30:00");
            for (int n = 0; n < 8; ++n) {
                const std::time_t next = cron(entry).next_after(from).value();
                const std::time_t look_from = std::max(from + 60, next - 10000 * 60);
                for (std::time_t minute = look_from; minute < next; minute += 60) {
                    ASSERT_TRUE(!cron(entry).matches(minute) || comes_again(minute))
                        << zone << ", " << entry << ": " << text(minute);
                }
                from = next;
            }
        }
    }
}

TEST_F(Berlin, MinuteThatTheClockSkipsFiresOnceAfterTheGap) {
    const std::time_t eve = at("2026-03-28 12:00:00");
    EXPECT_EQ(firings(cron("30 2 * * *"), eve, 2),
              (Strings{"Sun 2026-03-29 03:00:00 CEST", "Mon 2026-03-30 02:30:00 CEST"}));
    EXPECT_EQ(firings(cron("*/20 2 * * *"), eve, 2),
              (Strings{"Sun 2026-03-29 03:00:00 CEST", "Mon 2026-03-30 02:00:00 CEST"}));
    EXPECT_EQ(firings(cron("30 2 * * sat"), eve, 1), (Strings{"Sat 2026-04-04 02:30:00 CEST"}));
    EXPECT_EQ(firings(cron("0 3 * * *"), eve, 2),
              (Strings{"Sun 2026-03-29 03:00:00 CEST", "Mon 2026-03-30 03:00:00 CEST"}));
}

TEST_F(Berlin, EntryForEveryHourGoesByRealMinutesOverBothChanges) {
    EXPECT_EQ(firings(cron("30 * * * *"), at("2026-03-29 01:00:00"), 2),
              (Strings{"Sun 2026-03-29 01:30:00 CET", "Sun 2026-03-29 03:30:00 CEST"}));
    EXPECT_EQ(firings(cron("30 * * * *"), at("2026-10-25 01:00:00"), 4),
              (Strings{"Sun 2026-10-25 01:30:00 CEST", "Sun 2026-10-25 02:30:00 CEST",
                       "Sun 2026-10-25 02:30:00 CET", "Sun 2026-10-25 03:30:00 CET"}));
}

TEST_F(Berlin, MinuteThatComesTwiceFiresTheFirstTime) {
    EXPECT_EQ(firings(cron("30 2 * * *"), at("2026-10-24 12:00:00"), 2),
              (Strings{"Sun 2026-10-25 02:30:00 CEST", "Mon 2026-10-26 02:30:00 CET"}));
}

TEST_F(Berlin, CronsFireOnceAMatchingMinuteHoweverOftenTheyAreAsked) {
    Crons crons;
    std::time_t now = at("2026-01-05 10:00:30");
    crons.add(1, cron("* * * * *"), now);
    int fired = 0;
    for (int second = 0; second < 600; ++second) {
        fired += static_cast<int>(crons.due(++now).size());
    }
    EXPECT_EQ(fired, 10);
    EXPECT_EQ(crons.next(), at("2026-01-05 10:11:00"));
    crons.remove(1);
    EXPECT_FALSE(crons.next());
}

TEST_F(Berlin, ClockSetForwardCatchesUpOnceForCertainHoursOnly) {
    Crons crons;
    crons.add(1, cron("30,45 10 * * *"), at("2026-01-05 10:00:00"));
    crons.add(2, cron("30 * * * *"), at("2026-01-05 10:00:00"));
    crons.add(3, cron("*/5 * * * *"), at("2026-01-05 10:00:00"));
    using Ids = std::vector<std::uint64_t>;
    EXPECT_EQ(crons.due(at("2026-01-05 12:00:10")), (Ids{1, 3}));
    EXPECT_EQ(crons.due(at("2026-01-05 12:00:11")), Ids{});
    EXPECT_EQ(crons.due(at("2026-01-06 20:00:00")), Ids{3}) << "too far: only this minute's";
    EXPECT_EQ(crons.next(), at("2026-01-06 20:05:00"));
}

TEST_F(Berlin, ClockSetBackDoesNotRepeatCertainHours) {
    Crons crons;
    crons.add(1, cron("0 10 * * *"), at("2026-01-05 09:59:00"));
    crons.add(2, cron("*/5 * * * *"), at("2026-01-05 09:59:00"));
    using Ids = std::vector<std::uint64_t>;
    EXPECT_EQ(crons.due(at("2026-01-05 10:00:01")), (Ids{1, 2}));
    EXPECT_EQ(crons.due(at("2026-01-05 09:59:58")), Ids{});
    EXPECT_EQ(crons.due(at("2026-01-05 10:00:02")), Ids{}) << "a small correction repeats nothing";
    EXPECT_EQ(crons.due(at("2026-01-05 09:00:00")), Ids{});
    EXPECT_EQ(crons.due(at("2026-01-05 09:05:00")), Ids{2});
    EXPECT_EQ(crons.due(at("2026-01-05 10:00:00")), Ids{2});
    EXPECT_EQ(crons.due(at("2026-01-04 10:00:00")), Ids{}) << "a day back: all start anew";
    EXPECT_EQ(crons.due(at("2026-01-04 10:05:00")), Ids{2});
    EXPECT_EQ(crons.due(at("2026-01-05 10:00:00")), (Ids{1, 2}));
}

}  // namespace
}  // namespace geventd::master
