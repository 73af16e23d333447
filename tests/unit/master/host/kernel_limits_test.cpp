// SPDX-License-Identifier: MIT
#include "master/host/kernel_limits.h"

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

config::Settings settings_of(int workers, int listeners) {
    config::Settings settings;
    settings.workers.processes = workers;
    settings.listen.resize(static_cast<std::size_t>(listeners));
    return settings;
}

TEST(KernelLimits, NeedsGrowWithWorkersAndListeners) {
    const KernelNeeds few = kernel_needs(settings_of(1, 1));
    const KernelNeeds many = kernel_needs(settings_of(500, 1000));
    EXPECT_EQ(few.watches, 2U);
    EXPECT_EQ(many.watches, 1'000'000U);
    EXPECT_GT(many.files, few.files);
}

TEST(KernelLimits, NeedsGrowWithFilesThatStayOpen) {
    config::Settings settings = settings_of(1, 1);
    const std::uint64_t without = kernel_needs(settings).files;
    settings.static_files.resize(1);
    EXPECT_EQ(kernel_needs(settings).files, without + 1024);
}

TEST(KernelLimits, TellsOfTooFewWatches) {
    const std::string sentence = tell_of_watches(settings_of(500, 1000), 999'999);
    EXPECT_NE(sentence.find("fs.epoll.max_user_watches"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("1000000"), std::string::npos) << sentence;
    EXPECT_EQ(tell_of_watches(settings_of(500, 1000), 1'000'000), "");
}

TEST(KernelLimits, SaysNothingOfASmallServer) {
    config::Settings settings = settings_of(2, 1);
    settings.limits.connections = 100;
    EXPECT_EQ(fit_kernel_limits(settings), std::vector<std::string>{});
}

}  // namespace
}  // namespace geventd::master
