// SPDX-License-Identifier: MIT
#include "master/host/privileges.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include <gtest/gtest.h>

#include "tests/unit/master/host/in_child.h"

namespace geventd::master {
namespace {

using testing::in_child;

TEST(FindUser, KnowsNamesAndNumbers) {
    EXPECT_EQ(find_user("root").value(), 0U);
    EXPECT_EQ(find_user("4711").value(), 4711U);
    EXPECT_EQ(find_group("root").value(), 0U);
    EXPECT_EQ(find_group("4711").value(), 4711U);
}

TEST(FindUser, SaysWhoIsMissing) {
    EXPECT_EQ(find_user("no-such-user").error().message, "there is no user 'no-such-user'");
    EXPECT_EQ(find_group("no-such-group").error().message, "there is no group 'no-such-group'");
    EXPECT_FALSE(find_user("-1"));
    EXPECT_FALSE(find_user("4294967295"));  // means "unchanged" to the kernel
    EXPECT_FALSE(find_user("12x"));
    EXPECT_FALSE(find_user(""));
}

TEST(FindIdentity, OfNobodyIsThePresentOne) {
    const auto identity = find_identity("", "").value();
    EXPECT_FALSE(identity.user);
    EXPECT_FALSE(identity.group);
}

TEST(FindIdentity, TakesTheUsersOwnGroups) {
    const auto identity = find_identity("nobody", "").value();
    EXPECT_EQ(identity.user, 65534U);
    EXPECT_EQ(identity.group, 65534U);
    EXPECT_EQ(identity.supplementary, std::vector<gid_t>{65534});
}

TEST(FindIdentity, AGivenGroupComesFirst) {
    const auto identity = find_identity("nobody", "daemon").value();
    EXPECT_EQ(identity.group, find_group("daemon").value());
    EXPECT_NE(
        std::find(identity.supplementary.begin(), identity.supplementary.end(), *identity.group),
        identity.supplementary.end());
}

TEST(FindIdentity, AUserByNumberAloneNeedsAGroup) {
    EXPECT_NE(find_identity("4711", "").error().message.find("its group must be given"),
              std::string::npos);
    EXPECT_EQ(find_identity("4711", "4712").value().supplementary, std::vector<gid_t>{4712});
}

class Become : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
    }
};

TEST_F(Become, LeavesNothingOfRoot) {
    EXPECT_EQ(in_child([] {
                  become({.user = 4711, .group = 4712, .supplementary = {4712, 4713}});
                  uid_t uids[3];
                  gid_t gids[3];
                  gid_t groups[8];
                  ::getresuid(&uids[0], &uids[1], &uids[2]);
                  ::getresgid(&gids[0], &gids[1], &gids[2]);
                  const int count = ::getgroups(8, groups);
                  return uids[0] == 4711 && uids[1] == 4711 && uids[2] == 4711 && gids[0] == 4712 &&
                                 gids[1] == 4712 && gids[2] == 4712 && count == 2 &&
                                 groups[0] == 4712 && groups[1] == 4713 && ::setuid(0) != 0
                             ? 7
                             : 8;
              }),
              7);
}

TEST_F(Become, AGroupAloneKeepsTheUser) {
    EXPECT_EQ(in_child([] {
                  become({.user = {}, .group = 4712, .supplementary = {4712}});
                  return ::geteuid() == 0 && ::getegid() == 4712 ? 7 : 8;
              }),
              7);
}

TEST_F(Become, WithoutRootOnlyThePresentIdentityIsPossible) {
    EXPECT_EQ(in_child([] {
                  const Identity own{.user = 4711, .group = 4712, .supplementary = {4712}};
                  become(own);
                  become(own);
                  try {
                      become({.user = 4999, .group = 4712, .supplementary = {4712}});
                  } catch (const std::system_error& error) {
                      return error.code().value() == EPERM ? 7 : 8;
                  }
                  return 9;
              }),
              7);
}

TEST_F(Become, SaysWhyAnotherUserCannotBeHadWithoutRoot) {
    EXPECT_EQ(why_not_become({.user = 4711, .group = 4712, .supplementary = {4712}}), "");
    EXPECT_EQ(in_child([] {
                  become({.user = 4711, .group = 4712, .supplementary = {4712}});
                  const bool same =
                      why_not_become({.user = 4711, .group = {}, .supplementary = {}}).empty();
                  const std::string other =
                      why_not_become({.user = 4999, .group = {}, .supplementary = {}});
                  return same && other.starts_with("user 4711 started geventd") ? 7 : 8;
              }),
              7);
}

TEST_F(Become, ThePresentUserNeedsNoEntryAndNoGroupWithoutRoot) {
    EXPECT_EQ(in_child([] {
                  become({.user = 4711, .group = 4712, .supplementary = {4712}});
                  const Identity own = find_identity("4711", "").value();
                  become(own);
                  return own.user == 4711U && !own.group ? 7 : 8;
              }),
              7);
}

}  // namespace
}  // namespace geventd::master
