// SPDX-License-Identifier: MIT
#include "config/diff.h"

#include <gtest/gtest.h>

#include "config/loader.h"
#include "load_text.h"
#include "samples.h"

namespace geventd::config {
namespace {

using Found = std::vector<Difference>;
using Keys = std::vector<std::string>;

Settings with(std::vector<std::string> sets) {
    sets.insert(sets.begin(), {"listen=http://127.0.0.1:8000", "app=m"});
    // As a server does that reloads: the default of control is that of its start.
    return load({.path = "",
                 .sets = std::move(sets),
                 .environment = test_environment(),
                 .control = ControlDefaults{"/run/test/x.ctl", "@x"}});
}

/// Settings with another value for one key than the defaults have.
Settings with_sample(const std::string& key) {
    return with({override_for(key, samples().at(key))});
}

class EachKey : public testing::TestWithParam<std::string> {};

TEST_P(EachKey, IsFoundWhenItDiffers) {
    const Found found = differences(with({}), with_sample(GetParam()));
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const Difference& difference) {
        return difference.key == GetParam();
    }));
    EXPECT_EQ(differences(with_sample(GetParam()), with_sample(GetParam())), Found{});
}

TEST_P(EachKey, IsKeptIfItNeedsARestartAndElseTakenOver) {
    const Settings running = with({});
    Settings settings = with_sample(GetParam());
    Found expected = differences(running, settings);
    std::erase_if(expected,
                  [](const Difference& found) { return found.moment == Moment::Restart; });
    const Keys kept = keep_until_restart(running, settings);
    EXPECT_EQ(differences(running, settings), expected);
    if (!kept.empty() && expected.empty()) {
        EXPECT_EQ(settings, running);
    }
    Settings again = with_sample(GetParam());
    EXPECT_EQ(keep_until_restart(settings, again), kept) << "said again by the next reload";
}

INSTANTIATE_TEST_SUITE_P(Keys, EachKey, testing::ValuesIn(leaf_keys()), key_test_name);

TEST(Differences, SayWhenEachTakesEffect) {
    const Settings wanted =
        with({"workers.cores=7", "process.umask='027'", "log.level=debug", "metrics.saturation=50",
              "signals={queue: 128, handler-time: 1s}", "control=/run/other.ctl"});
    EXPECT_EQ(differences(with({}), wanted), (Found{{"workers.cores", Moment::Generation},
                                                    {"log.level", Moment::Generation},
                                                    {"process.umask", Moment::Restart},
                                                    {"signals.queue", Moment::Restart},
                                                    {"signals.handler-time", Moment::Generation},
                                                    {"metrics.saturation", Moment::Now},
                                                    {"control", Moment::Restart}}));
}

TEST(Differences, CompareAListenerWithTheOneOfTheSameAddress) {
    const Settings running = with({"listen=[{address: 'http://:1', backlog: 7}, 'http://:2']"});
    EXPECT_EQ(differences(running, with({"listen=['http://:2', {address: 'http://:1', "
                                         "backlog: 7}]"})),
              Found{});
    EXPECT_EQ(
        differences(running, with({"listen=['http://:2', {address: 'http://:1', backlog: 8}]"})),
        (Found{{"listen.backlog", Moment::Now}}));
}

TEST(Differences, TellOfListenersThatComeAndGo) {
    const Found address{{"listen.address", Moment::Generation}};
    const Settings one = with({"listen=[{address: 'http://:1', systemd: web}]"});
    const Settings two = with({"listen=[{address: 'http://:1', systemd: web}, 'http://:2']"});
    EXPECT_EQ(differences(one, two), address);
    EXPECT_EQ(differences(two, one), address);
    EXPECT_EQ(differences(two, with({"listen=http://:2"})), address) << "and no systemd with it";
}

TEST(Differences, TellListenersOfTheSameAddressApart) {
    const Settings running = with({"listen=['http://:0', {address: 'http://:0', backlog: 7}]"});
    EXPECT_EQ(differences(running, running), Found{});
    EXPECT_EQ(differences(running, with({"listen=['http://:0', 'http://:0']"})),
              (Found{{"listen.backlog", Moment::Now}}));
}

TEST(Differences, TellOfASocketOfSystemdThatOnlyAStartTakesOver) {
    Settings wanted =
        with({"listen=['http://127.0.0.1:8000', {address: 'http://:2', "
              "systemd: web}]"});
    EXPECT_EQ(keep_until_restart(with({}), wanted), Keys{"listen.systemd"});
    EXPECT_EQ(wanted.listen.at(1).systemd, "");
    EXPECT_EQ(wanted.listen.size(), 2U);
}

TEST(KeepUntilRestart, LeavesTheLogInItsFile) {
    const Settings file = with({"log.file=/var/log/a"});
    Settings other = with({"log.file=/var/log/b"});
    EXPECT_EQ(keep_until_restart(file, other), Keys{});
    EXPECT_EQ(other.log.file, "/var/log/b");
    Settings standard_error = with({"log.level=debug"});
    EXPECT_EQ(keep_until_restart(file, standard_error), Keys{"log.file"});
    EXPECT_EQ(standard_error.log.file, "/var/log/a");
    EXPECT_EQ(standard_error.log.level, LogLevel::Debug);
}

TEST(EffectText, NamesTheValueThatNeedsARestart) {
    EXPECT_EQ(effect_text({Moment::Generation, {}}), "new generation");
    EXPECT_EQ(effect_text({Moment::Now, {"stderr", "stdout"}}),
              "now; stderr: restart; stdout: restart");
}

}  // namespace
}  // namespace geventd::config
