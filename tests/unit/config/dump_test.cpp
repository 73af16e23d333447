// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "load_text.h"
#include "samples.h"

namespace geventd::config {
namespace {

class EffectiveConfig : public testing::TestWithParam<std::string> {};

TEST_P(EffectiveConfig, KeepsTheKeyOverADump) {
    const auto sample = samples().find(GetParam());
    ASSERT_NE(sample, samples().end()) << "add a value for this key to samples()";
    const Settings plain =
        load({"", {"listen=http://127.0.0.1:8000", "app=m"}, test_environment()});
    const Settings settings =
        load({"",
              {"listen=http://127.0.0.1:8000", "app=m", override_for(GetParam(), sample->second)},
              test_environment()});
    EXPECT_NE(dump(settings), dump(plain)) << "the value is the default";
    const Settings copy = load_effective(dump(settings));
    EXPECT_EQ(copy, settings);
    EXPECT_EQ(dump(copy), dump(settings));
}

INSTANTIATE_TEST_SUITE_P(Keys, EffectiveConfig, testing::ValuesIn(leaf_keys()), key_test_name);

TEST(Dump, ExpandsNothingAgain) {
    const Settings settings =
        load({"", {"listen=http://:1", "app=m", "app.chdir=$${PORT}"}, test_environment()});
    EXPECT_EQ(settings.app.chdir, "${PORT}");
    EXPECT_EQ(load_effective(dump(settings)).app.chdir, "${PORT}");
}

TEST(Dump, CarriesTheSourceFile) {
    const TemporaryFile file("listen: http://:1\napp: m\n");
    const Settings settings = load({file.path(), {}, test_environment()});
    EXPECT_EQ(load_effective(dump(settings)).source, file.path());
}

TEST(Dump, RefusesWhatIsNoDump) {
    EXPECT_THROW(load_effective("listen: {addres: 1}"), Errors);
    EXPECT_THROW(load_effective("["), Errors);
}

TEST(Config, DoesNotTakeInternalMembersFromAFile) {
    const auto faults = faults_of("listen: http://:1\napp: m\nsource: x\n");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_TRUE(faults[0].starts_with("F:3:1: source: unknown key")) << faults[0];
}

}  // namespace
}  // namespace geventd::config
