// SPDX-License-Identifier: MIT
#include "base/errno_error.h"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace geventd {

namespace {

std::string thrown(std::string_view deed, std::string_view thing) {
    try {
        errno = EACCES;
        throw_errno(deed, thing);
    } catch (const ErrnoError& error) {
        EXPECT_EQ(error.code().value(), EACCES);
        return error.what();
    }
}

}  // namespace

TEST(ErrnoError, SaysWhatWasDoneToWhatAndWhyItFailed) {
    EXPECT_EQ(thrown("bind", "0.0.0.0:80"), "bind 0.0.0.0:80: Permission denied");
    EXPECT_EQ(thrown("socket", ""), "socket: Permission denied");
    EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
}

}  // namespace geventd
