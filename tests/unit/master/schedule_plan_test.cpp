// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "schedule/plan.h"

namespace geventd::schedule {
namespace {

using std::chrono::milliseconds;

constexpr std::time_t kNow = 1'700'000'000;

SchedulePlan parsed(const std::string& text) {
    const auto plan = parse_plan(text);
    EXPECT_TRUE(plan) << text << ": " << (plan ? "" : plan.error().message);
    return plan.value_or(SchedulePlan(MonitorPlan{}));
}

TEST(SchedulePlan, ComesBackFromItsText) {
    EXPECT_EQ(parsed(timer_text(milliseconds(1500))),
              SchedulePlan(TimerPlan{milliseconds(1500), TimerPlan::Kind::Grid, 0}));
    EXPECT_EQ(parsed(chain_text(milliseconds(20), 3)),
              SchedulePlan(TimerPlan{milliseconds(20), TimerPlan::Kind::Chain, 3}));
    EXPECT_EQ(parsed(cron_text("*/5 2-4 * * mon")),
              SchedulePlan(*CronEntry::parse("*/5 2-4 * * mon")));
    EXPECT_EQ(parsed(fields_text({-5, -1, 3, -1, 7})),
              SchedulePlan(*CronEntry::from_fields({-5, -1, 3, -1, 7})));
    EXPECT_EQ(parsed(watch_text("/srv/a b ")), SchedulePlan(MonitorPlan{"/srv/a b "}));
}

TEST(SchedulePlan, RefusesTextsThatAreNone) {
    for (const char* text : {"", "timer", "timer x", "timer 5x", "chain 5", "chain 5 -1",
                             "cron * * *", "never 5", "fields 1 2 3 4", "fields 60 -1 -1 -1 -1"}) {
        EXPECT_FALSE(parse_plan(text)) << text;
    }
}

TEST(SchedulePlan, SaysWhatCannotBeKept) {
    EXPECT_FALSE(check_plan(parsed("timer 0"), kNow));
    EXPECT_FALSE(check_plan(parsed("timer -5"), kNow));
    EXPECT_FALSE(check_plan(parsed("timer 9223372036854775807"), kNow));
    EXPECT_FALSE(check_plan(SchedulePlan(MonitorPlan{}), kNow));
    EXPECT_TRUE(check_plan(parsed("timer 1"), kNow));
    EXPECT_TRUE(check_plan(parsed("cron @daily"), kNow));
}

}  // namespace
}  // namespace geventd::schedule
