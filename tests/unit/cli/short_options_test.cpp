// SPDX-License-Identifier: MIT
#include "cli/short_options.h"

#include <gtest/gtest.h>

namespace geventd::cli {
namespace {

using Texts = std::vector<std::string>;

TEST(ShortOptions, SetNothingWhereNothingIsGiven) {
    EXPECT_EQ(sets_of({}), Texts{});
    EXPECT_EQ(fault_of({}, {}), "");
}

TEST(ShortOptions, QuoteWhatYamlWouldTakeForItsOwn) {
    EXPECT_EQ(sets_of({.application = "shop:create('prod')"}),
              Texts{"app.module='shop:create(''prod'')'"});
}

TEST(ShortOptions, TakeAddressesAsGunicornAndGeventdWriteThem) {
    EXPECT_EQ(sets_of({.binds = {":8000", "127.0.0.1:1", "[::1]:2", "unix:/run/a", "uwsgi://:3",
                                 "uwsgi+unix:b", "http://:4"}}),
              Texts{"listen=['http://:8000', 'http://127.0.0.1:1', 'http://[::1]:2', "
                    "'http+unix:/run/a', 'uwsgi://:3', 'uwsgi+unix:b', 'http://:4']"});
}

TEST(ShortOptions, LeaveNumbersToTheConfiguration) {
    for (const char* number : {"4", "auto", "2*cpus+1", "cpus-1", "${N:-2}", "0", "-1"}) {
        EXPECT_EQ(fault_of({.processes = number}, {}), "") << number;
        EXPECT_EQ(sets_of({.processes = number}),
                  Texts{std::string("workers.processes=") + number});
    }
}

TEST(ShortOptions, TellWhatUwsgiMeansByThem) {
    const std::string module = fault_of({.processes = "shop.wsgi:app"},
                                        {"--http", ":80 80", "-w", "shop.wsgi:app", "it's"});
    EXPECT_TRUE(module.starts_with("-w shop.wsgi:app is no number of processes")) << module;
    EXPECT_TRUE(
        module.ends_with("\n  geventctl convert -- uwsgi --http ':80 80' -w shop.wsgi:app "
                         "'it'\\''s'"))
        << module;
    const std::string size = fault_of({.binds = {"32768"}}, {"-b", "32768"});
    EXPECT_TRUE(size.starts_with("-b 32768 is no address, expected one such as -b :32768;"))
        << size;
    EXPECT_TRUE(size.ends_with("\n  geventctl convert -- uwsgi -b 32768")) << size;
}

TEST(ShortOptions, TellHowAFileIsNamed) {
    EXPECT_NE(fault_of({.application = "server.yml"}, {}).find("geventd -c server.yml"),
              std::string::npos);
}

}  // namespace
}  // namespace geventd::cli
