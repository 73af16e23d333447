// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace geventd {

/// While it lives, the process may have as many descriptors as its hard limit allows: users who
/// build packages have a soft one of 1024.
class ManyDescriptors {
  public:
    explicit ManyDescriptors(rlim_t needed) {
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        EXPECT_GE(before_.rlim_max, needed) << "this test needs a higher `ulimit -Hn`";
        const rlimit most{before_.rlim_max, before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &most), 0);
    }

    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;

    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace geventd
