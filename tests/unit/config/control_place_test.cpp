// SPDX-License-Identifier: MIT
#include "config/control_place.h"

#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "net/address.h"

namespace geventd::config {
namespace {

const std::string kUser = "-" + std::to_string(::getuid());

Environment with(const std::map<std::string, std::string>& variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

const Environment kRuntime = with({{"XDG_RUNTIME_DIR", "/run/user/5"}});

std::string path_of(const std::string& file, const Environment& environment = kRuntime) {
    return default_control(file, {}, environment).path;
}

std::string path_at(const char* address) {
    return default_control("", {Listen{.address = *net::parse_address(address)}}, kRuntime).path;
}

TEST(DefaultControl, FollowsTheEnvironmentAndTheFile) {
    const auto both = with({{"RUNTIME_DIRECTORY", "/run/a:/run/b"}, {"XDG_RUNTIME_DIR", "/x"}});
    EXPECT_EQ(path_of("/etc/shop.yaml", both), "/run/a/geventd-shop-9515ea12.ctl");
    EXPECT_EQ(path_of("/etc/my.shop.yml"), "/run/user/5/geventd-my.shop-3b18dcf7.ctl");
    EXPECT_EQ(path_of("/etc/shop.yaml", with({})), "/tmp/geventd-shop-9515ea12" + kUser + ".ctl");
    EXPECT_EQ(default_control("/etc/shop.yaml", {}, kRuntime).abstract,
              "@geventd-shop-9515ea12" + kUser);
}

TEST(DefaultControl, TellsFilesOfOneNameApart) {
    EXPECT_NE(path_of("/srv/a/server.yaml"), path_of("/srv/b/server.yaml"));
    EXPECT_NE(path_of("/srv/server.yaml"), path_of("/srv/server.yml"));
}

TEST(DefaultControl, TakesTheAbsolutePathAsItIsGiven) {
    const std::string here = std::filesystem::current_path().string();
    EXPECT_EQ(path_of("server.yaml"), path_of(here + "/server.yaml"));
    EXPECT_EQ(path_of("./x/../server.yaml"), path_of("server.yaml"));
    // A link to this folder is another path.
    EXPECT_NE(path_of("/proc/self/cwd/server.yaml"), path_of(here + "/server.yaml"));
}

TEST(DefaultControl, TakesTheAddressesWithoutAFile) {
    EXPECT_TRUE(path_at("http://:80").starts_with("/run/user/5/geventd-")) << path_at("http://:80");
    EXPECT_EQ(path_at("http://:80").size(), std::string("/run/user/5/geventd-12345678.ctl").size());
    EXPECT_EQ(path_at("http://:80"), path_at("http://:80"));
    EXPECT_NE(path_at("http://:80"), path_at("http://:81"));
    EXPECT_NE(path_at("http://:80"), path_at("uwsgi://:80"));
}

TEST(DefaultControl, CutsALongNameSoThatTheSocketCanExist) {
    std::string name;
    for (int i = 0; i < 100; ++i) {
        name += "\xc3\xa9";
    }
    const auto defaults = default_control("/etc/" + name + ".yaml", {}, kRuntime);
    EXPECT_LE(defaults.path.size(), net::kMaxUnixPath);
    EXPECT_GE(defaults.path.size(), net::kMaxUnixPath - 1);
    EXPECT_LE(defaults.abstract.size(), net::kMaxUnixPath + 1);
    EXPECT_NE(defaults.path.find("\xc3\xa9-"), std::string::npos);
}

TEST(DefaultControl, KnowsTheFormerName) {
    EXPECT_EQ(former_control_path("/etc/shop.yaml", kRuntime), "/run/user/5/geventd-shop.ctl");
    EXPECT_EQ(former_control_path("", kRuntime), "/run/user/5/geventd-geventd.ctl");
    EXPECT_EQ(former_control_path("shop", with({})), "/tmp/geventd-shop" + kUser + ".ctl");
}

TEST(DefaultControl, IsKnownByItsNameWhoeverMadeIt) {
    for (const auto& environment : {kRuntime, with({})}) {
        for (const char* file : {"/etc/shop.yaml", ""}) {
            const auto defaults = default_control(file, {}, environment);
            EXPECT_TRUE(is_default_control(defaults.path)) << defaults.path;
            EXPECT_TRUE(is_default_control(defaults.abstract)) << defaults.abstract;
            EXPECT_TRUE(is_default_control(former_control_path(file, environment)));
        }
    }
    for (const char* other : {"/run/docker.sock", "/run/geventd/shop/web.sock", "@shop",
                              "/tmp/x.ctl", "geventd-shop.ctl"}) {
        EXPECT_FALSE(is_default_control(other)) << other;
    }
}

}  // namespace
}  // namespace geventd::config
