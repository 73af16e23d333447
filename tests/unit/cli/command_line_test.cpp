// SPDX-License-Identifier: MIT
#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "base/version.h"

namespace geventd::cli {
namespace {

using Arguments = std::vector<const char*>;

auto geventd(Arguments arguments, bool has_variables = false) {
    arguments.insert(arguments.begin(), "/usr/sbin/geventd");
    return parse_geventd(static_cast<int>(arguments.size()), arguments.data(), has_variables);
}

constexpr Verb kVerbs[] = {
    {"status", "", "show it"},
    {"stacks", "[WORKER|REQUEST]", "show stacks"},
    {"workers", "N", "so many"},
    {"signal", "N", "send one", true},
    {.name = "stop", .help = "end it", .waits = true},
};

auto geventctl(Arguments arguments) {
    arguments.insert(arguments.begin(), "geventctl");
    return parse_geventctl(static_cast<int>(arguments.size()), arguments.data(), kVerbs);
}

/// The message for a refused command line; empty if it was accepted.
template <typename Options>
std::string refusal(const Parsed<Options>& parsed) {
    const auto* farewell = std::get_if<Farewell>(&parsed);
    return farewell != nullptr && farewell->code == ExitCode::CommandLine ? farewell->text : "";
}

TEST(Geventd, TakesAConfigAndOverridesInOrder) {
    const auto parsed = geventd({"-c", "server.yaml", "--set", "a=1", "--check", "--set=b=2"});
    const auto& options = std::get<GeventdOptions>(parsed);
    EXPECT_EQ(options.config, "server.yaml");
    EXPECT_EQ(options.sets, (std::vector<std::string>{"a=1", "b=2"}));
    EXPECT_TRUE(options.check);
}

TEST(Geventd, KeepsAnOverridesValueAsItIs) {
    const auto parsed = geventd({"--set", "listen=[http://:1, http://:2]", "--set", "a.b=x=y z",
                                 "--set", "log.access=${method} %s \"q\""});
    EXPECT_EQ(std::get<GeventdOptions>(parsed).sets,
              (std::vector<std::string>{"listen=[http://:1, http://:2]", "a.b=x=y z",
                                        "log.access=${method} %s \"q\""}));
}

TEST(Geventd, NeedsNoFileWithOverrides) {
    const auto parsed = geventd({"--set", "app=x"});
    EXPECT_EQ(std::get<GeventdOptions>(parsed).config, "");
    EXPECT_FALSE(std::get<GeventdOptions>(parsed).check);
}

TEST(Geventd, TakesAnApplicationAndFewLetters) {
    const auto parsed = geventd({"shop:application", "-b", ":8000", "-w", "2*cpus+1", "--cores",
                                 "50", "--set", "workers.cores=60", "--bind=unix:/run/s"});
    EXPECT_EQ(std::get<GeventdOptions>(parsed).sets,
              (std::vector<std::string>{
                  "app.module='shop:application'", "listen=['http://:8000', 'http+unix:/run/s']",
                  "workers.processes=2*cpus+1", "workers.cores=50", "workers.cores=60"}));
}

TEST(Geventd, TakesStandardInputForAFile) {
    EXPECT_EQ(std::get<GeventdOptions>(geventd({"-c", "-"})).config, "-");
}

TEST(Geventd, NeedsNothingWhereTheEnvironmentSaysIt) {
    EXPECT_TRUE(std::holds_alternative<GeventdOptions>(geventd({}, true)));
}

TEST(Geventd, PrintsTheVersion) {
    const auto parsed = geventd({"--version"});
    EXPECT_EQ(std::get<Farewell>(parsed).code, ExitCode::Ok);
    EXPECT_EQ(std::get<Farewell>(parsed).text, "geventd " + std::string(kVersion) + "\n");
}

TEST(Geventd, PrintsItsHelp) {
    for (const char* flag : {"--help", "-h"}) {
        const auto parsed = geventd({flag});
        EXPECT_EQ(std::get<Farewell>(parsed).code, ExitCode::Ok);
        for (const char* option : {"APPLICATION", "--bind", "--workers", "--cores", "--config",
                                   "--set", "--check", "--version"}) {
            EXPECT_NE(std::get<Farewell>(parsed).text.find(option), std::string::npos) << option;
        }
    }
}

TEST(Geventd, RefusesAWrongCommandLine) {
    EXPECT_NE(refusal(geventd({})).find("no configuration"), std::string::npos);
    EXPECT_NE(refusal(geventd({"-c"})), "");
    EXPECT_NE(refusal(geventd({"-c", "x", "--bogus"})).find("--bogus"), std::string::npos);
    EXPECT_NE(refusal(geventd({"server.yaml"})).find("geventd -c server.yaml"), std::string::npos);
    EXPECT_NE(refusal(geventd({"shop", "another"})).find("unexpected another"), std::string::npos);
    EXPECT_NE(refusal(geventd({"--set", "app"})).find("KEY=VALUE"), std::string::npos);
    EXPECT_NE(refusal(geventd({"--set"})), "");
}

TEST(Geventctl, TakesACommandWithItsOptionsBeforeOrAfter) {
    for (const Arguments& arguments : {Arguments{"-c", "s.yaml", "--json", "status"},
                                       Arguments{"status", "-c", "s.yaml", "--json"}}) {
        const auto parsed = geventctl(arguments);
        const auto& options = std::get<GeventctlOptions>(parsed);
        EXPECT_EQ(options.command, "status");
        EXPECT_EQ(options.config, "s.yaml");
        EXPECT_TRUE(options.json);
        EXPECT_TRUE(options.arguments.empty());
    }
}

TEST(Geventctl, TakesTheSocketInsteadOfAConfig) {
    const auto parsed = geventctl({"--socket", "/run/x.ctl", "status"});
    EXPECT_EQ(std::get<GeventctlOptions>(parsed).socket, "/run/x.ctl");
    EXPECT_NE(refusal(geventctl({"--socket", "/run/x.ctl", "-c", "s.yaml", "status"})), "");
}

TEST(Geventctl, TakesACommandsArgument) {
    const auto parsed = geventctl({"workers", "4"});
    EXPECT_EQ(std::get<GeventctlOptions>(parsed).command, "workers");
    EXPECT_EQ(std::get<GeventctlOptions>(parsed).arguments, std::vector<std::string>{"4"});
}

TEST(Geventctl, WaitsUnlessItIsToldNotTo) {
    EXPECT_TRUE(std::get<GeventctlOptions>(geventctl({"stop"})).waits);
    EXPECT_FALSE(std::get<GeventctlOptions>(geventctl({"stop", "--no-wait"})).waits);
    EXPECT_NE(refusal(geventctl({"--no-wait", "status"})).find("--no-wait is for stop"),
              std::string::npos);
}

TEST(Geventctl, RefusesAWrongCommandLine) {
    EXPECT_NE(refusal(geventctl({})), "");
    EXPECT_NE(
        refusal(geventctl({"bogus"})).find("'bogus', expected one of status, stacks, workers"),
        std::string::npos);
    EXPECT_NE(refusal(geventctl({"statsu"})).find("'statsu', did you mean status?"),
              std::string::npos);
    EXPECT_NE(refusal(geventctl({"status", "workers"})), "");
    EXPECT_NE(refusal(geventctl({"status", "extra"})).find("no argument"), std::string::npos);
    EXPECT_NE(refusal(geventctl({"workers"})), "");
    EXPECT_NE(refusal(geventctl({"workers", "1", "2"})), "");
    EXPECT_NE(refusal(geventctl({"status", "--payload", "x"})).find("--payload is for signal"),
              std::string::npos);
}

TEST(Geventctl, PrintsVersionAndHelp) {
    EXPECT_EQ(std::get<Farewell>(geventctl({"--version"})).text,
              "geventctl " + std::string(kVersion) + "\n");
    EXPECT_NE(std::get<Farewell>(geventctl({"--help"})).text.find("[WORKER|REQUEST]"),
              std::string::npos);
}

}  // namespace
}  // namespace geventd::cli
