// SPDX-License-Identifier: MIT
// Keys of the configuration that come from the environment.
#include "config/variables.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "load_text.h"
#include "samples.h"

namespace geventd::config {
namespace {

using Faults = std::vector<std::string>;

const std::string kSmallest = "listen: http://127.0.0.1:8000\napp: myapp:application\n";

LoadRequest request(Variables variables, std::vector<std::string> sets = {}) {
    return {.path = "",
            .sets = std::move(sets),
            .environment = test_environment(),
            .variables = std::move(variables)};
}

Faults faults(const LoadRequest& request) {
    try {
        load(request);
        return {};
    } catch (const Errors& errors) {
        return errors.lines();
    }
}

/// A file's values, a variable over one of them, and an override over another.
Settings load_all_three() {
    LoadRequest all = request({{"GEVENTD__WORKERS__CORES", "2"}, {"GEVENTD__LIMITS__UNSENT", "2"}},
                              {"workers.cores=3"});
    all.text = kSmallest + "workers: {cores: 1}\nlimits: {unsent: 1, connections: 1}\n";
    return load(all);
}

TEST(KeyOfVariable, IsFoundForEveryKey) {
    for (const std::string& key : leaf_keys()) {
        std::string name = "GEVENTD__";
        for (const char byte : key) {
            byte == '.' ? name.append("__")
                        : name.append(1, byte == '-' ? '_' : static_cast<char>(std::toupper(byte)));
        }
        EXPECT_EQ(key_of_variable(name), key);
    }
}

TEST(KeyOfVariable, KeepsTheLettersOfANameInAMap) {
    EXPECT_EQ(key_of_variable("GEVENTD__APP__ENVIRONMENT__DEBUG"), "app.environment.DEBUG");
    EXPECT_EQ(key_of_variable("GEVENTD__APP__ENVIRONMENT__A__b_C"), "app.environment.A__b_C");
}

TEST(ProcessVariables, AreThoseWithTwoLowLines) {
    ::setenv("GEVENTD__WORKERS__CORES", "7", 1);
    ::setenv("GEVENTD__APP", "", 1);
    ::setenv("GEVENTD_PORT", "tcp://10.0.0.1:8000", 1);
    ::setenv("GEVENTD_SERVICE_HOST", "10.0.0.1", 1);
    EXPECT_EQ(process_variables(), (Variables{{"GEVENTD__WORKERS__CORES", "7"}}));
    for (const char* name :
         {"GEVENTD__WORKERS__CORES", "GEVENTD__APP", "GEVENTD_PORT", "GEVENTD_SERVICE_HOST"}) {
        ::unsetenv(name);
    }
}

TEST(LoadVariables, ReadsValuesLikeThoseOfSet) {
    const Settings settings = load(request({{"GEVENTD__LISTEN", "[http://:1, uwsgi://:2]"},
                                            {"GEVENTD__APP", "shop:app"},
                                            {"GEVENTD__APP__ENVIRONMENT__DEBUG", "${PORT}"},
                                            {"GEVENTD__LIMITS__REQUEST_HEAD", "1MiB"},
                                            {"GEVENTD__LOG__ACCESS", "'${method}'"}}));
    EXPECT_EQ(settings.listen.size(), 2U);
    EXPECT_EQ(settings.app.module, "shop:app");
    EXPECT_EQ(settings.app.environment.at("DEBUG"), "8123");
    EXPECT_EQ(settings.limits.request_head, 1U << 20);
    EXPECT_EQ(settings.log.access, "${method}");
}

TEST(LoadVariables, GoOverTheFileAndUnderSet) {
    const Settings settings = load_all_three();
    EXPECT_EQ(settings.workers.cores, 3);
    EXPECT_EQ(settings.limits.unsent, 2U);
    EXPECT_EQ(settings.limits.connections, 1);
}

TEST(LoadVariables, TellsOfNamesThatNobodyKnows) {
    EXPECT_EQ(faults(request({{"GEVENTD__APP", "a"}, {"GEVENTD__WORKERS__COERS", "1"}})),
              Faults{"the environment's GEVENTD__WORKERS__COERS: workers.coers: unknown key; did "
                     "you mean workers.cores?"});
    EXPECT_EQ(faults(request({{"GEVENTD__APP", "a"}, {"GEVENTD__WORKERS__", "1"}})),
              Faults{"the environment's GEVENTD__WORKERS__: names no key, expected one such as "
                     "GEVENTD__WORKERS__CORES"});
}

TEST(LoadVariables, NamesTheVariableThatIsWrong) {
    const Faults lines =
        faults(request({{"GEVENTD__APP", "a"}, {"GEVENTD__LIMITS__UNSENT", "1XB"}}));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("the environment's GEVENTD__LIMITS__UNSENT: limits.unsent: "))
        << lines[0];
}

TEST(LoadWithoutAFile, ListensWhereThePlatformSays) {
    const Settings settings = load(request({}, {"app=a"}));
    ASSERT_EQ(settings.listen.size(), 1U);
    EXPECT_EQ(net::format_address(settings.listen[0].address), "http://:8123") << "of $PORT";
    EXPECT_EQ(load(request({}, {"app=a", "listen=http://:1"})).listen[0].address.port, 1);
}

TEST(LoadWithoutAFile, ListensOnTheLoopbackAddressElse) {
    LoadRequest alone = request({}, {"app=a"});
    alone.environment = [](const std::string&) { return std::optional<std::string>(); };
    EXPECT_EQ(net::format_address(load(alone).listen.at(0).address), "http://127.0.0.1:8000");
}

TEST(LoadWithoutAFile, TakesTheNumberOfProcessesOfThePlatform) {
    LoadRequest crowded = request({}, {"app=a"});
    crowded.environment = [](const std::string& name) {
        return name == "WEB_CONCURRENCY" ? std::optional<std::string>("3") : std::nullopt;
    };
    EXPECT_EQ(load(crowded).workers.processes, 3);
    crowded.sets.emplace_back("workers.processes=2");
    EXPECT_EQ(load(crowded).workers.processes, 2);
    crowded.text = kSmallest + "workers: {processes: 4}\n";
    crowded.sets.clear();
    EXPECT_EQ(load(crowded).workers.processes, 4);
}

TEST(LoadStandardInput, IsLikeAFileWithoutAName) {
    LoadRequest piped = request({});
    piped.text = kSmallest + "workers: {cores: 0}\n";
    const Faults lines = faults(piped);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("standard input:3:18: workers.cores: ")) << lines[0];
    piped.text = kSmallest;
    EXPECT_EQ(load(piped).source, "");
}

}  // namespace
}  // namespace geventd::config
