// SPDX-License-Identifier: MIT
#include "master/ctl/verbs.h"

#include <set>

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

cli::GeventctlOptions parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "geventctl");
    const auto parsed =
        cli::parse_geventctl(static_cast<int>(arguments.size()), arguments.data(), command_lines());
    return std::get<cli::GeventctlOptions>(parsed);
}

ipc::ControlRequest request_of(const std::vector<const char*>& arguments) {
    const cli::GeventctlOptions options = parse(arguments);
    return make_request(*find_verb(options.command), options);
}

TEST(Verbs, AreWhole) {
    std::set<std::string_view> names;
    for (const Verb& verb : verbs()) {
        EXPECT_TRUE(names.insert(verb.line.name).second) << verb.line.name;
        EXPECT_EQ(find_verb(verb.line.name), &verb);
        EXPECT_TRUE(verb.run != nullptr || verb.run_alone != nullptr ||
                    verb.line.argument.empty() == verb.argument_key.empty())
            << verb.line.name;
        EXPECT_FALSE(verb.line.help.empty() || verb.manual.empty()) << verb.line.name;
        EXPECT_TRUE(verb.manual.starts_with('\n') && verb.manual.ends_with('.')) << verb.line.name;
    }
    EXPECT_EQ(find_verb("bogus"), nullptr);
}

TEST(Verbs, AskTheMasterByItsOwnNames) {
    EXPECT_EQ(request_of({"status"}), (ipc::ControlRequest{"status", {}}));
    EXPECT_EQ(request_of({"workers", "4"}), (ipc::ControlRequest{"workers", {{"count", "4"}}}));
    EXPECT_EQ(request_of({"stacks"}), (ipc::ControlRequest{"stacks", {}}));
    EXPECT_EQ(request_of({"stacks", "2"}), (ipc::ControlRequest{"stacks", {{"of", "2"}}}));
    EXPECT_EQ(request_of({"signal", "17", "--payload", "x"}),
              (ipc::ControlRequest{"signal", {{"number", "17"}, {"payload", "x"}}}));
}

TEST(Verbs, PrintWhatWasDone) {
    EXPECT_EQ(present(*find_verb("reload"), "null", false).value(), "reloaded\n");
    EXPECT_EQ(present(*find_verb("resume"), "null", false).value(), "done\n");
    EXPECT_FALSE(present(*find_verb("status"), "no document", false));
}

TEST(Verbs, AreAllInTheManual) {
    const std::string manual = manual_of_verbs();
    for (const Verb& verb : verbs()) {
        const std::string begin = "*" + std::string(verb.line.name) + "*";
        EXPECT_NE(manual.find(begin), std::string::npos) << begin;
    }
    EXPECT_NE(manual.find("*workers* _N_\n\tServes with"), std::string::npos) << manual;
    EXPECT_NE(manual.find("\n\n*stacks* [_WORKER_|_REQUEST_]\n\tShows"), std::string::npos);
}

}  // namespace
}  // namespace geventd::ctl
