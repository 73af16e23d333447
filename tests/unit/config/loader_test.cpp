// SPDX-License-Identifier: MIT
#include "config/loader.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "load_text.h"

namespace geventd::config {
namespace {

const std::string kSmallest = "listen: http://127.0.0.1:8000\napp: myapp:application\n";

using Faults = std::vector<std::string>;

Faults set_faults(std::vector<std::string> sets) {
    sets.insert(sets.begin(), {"listen=http://:8000", "app=app"});
    try {
        load({"", std::move(sets), test_environment()});
        return {};
    } catch (const Errors& errors) {
        return errors.lines();
    }
}

TEST(Load, FillsTheSmallestFileWithDefaults) {
    const Settings settings = load_text(kSmallest);
    ASSERT_EQ(settings.listen.size(), 1U);
    EXPECT_EQ(net::format_address(settings.listen[0].address), "http://127.0.0.1:8000");
    EXPECT_EQ(settings.app.module, "myapp:application");
    EXPECT_GE(settings.workers.processes, 1);
    EXPECT_EQ(settings.workers.cores, 100);
    EXPECT_TRUE(settings.control.starts_with("/run/test/geventd-")) << settings.control;
}

TEST(Load, MakesRootsWholeAndLeavesWhatLinksMayChange) {
    const Settings settings = load_text(kSmallest +
                                        "static:\n"
                                        "  - {path: /a, root: /srv/./current/../static//}\n"
                                        "  - {path: /b, root: /}\n");
    EXPECT_EQ(settings.static_files[0].root, "/srv/current/../static");
    EXPECT_EQ(settings.static_files[1].root, "/");
    const Settings without_file =
        load({"",
              {"listen=http://:1", "app=m", "static=[{path: /c, root: ./files/.}]"},
              test_environment()});
    EXPECT_EQ(without_file.static_files[0].root, std::filesystem::current_path() / "files");
}

/// Settings of a start without a file, in an environment of this name.
Settings load_entered(const std::string& entered, std::vector<std::string> sets = {}) {
    sets.insert(sets.begin(), {"listen=http://:1", "app=m"});
    const auto others = test_environment();
    return load({"", std::move(sets), [entered, others](const std::string& name) {
                     return name == "VIRTUAL_ENV" ? std::optional(entered) : others(name);
                 }});
}

TEST(Load, MakesEnvironmentsAndInterpretersAbsolute) {
    const std::string here = std::filesystem::current_path();
    EXPECT_EQ(load_entered("./venv").app.virtualenv, here + "/venv");
    EXPECT_EQ(load_entered("", {"app.virtualenv=venv"}).app.virtualenv, here + "/venv");
    EXPECT_EQ(load_entered("", {"app.python=venv/bin/python3"}).app.python,
              here + "/venv/bin/python3");
    EXPECT_EQ(load_entered("", {"app.python=3.12"}).app.python, "3.12");
}

TEST(Load, HasEnteredNoEnvironmentWithoutAName) {
    EXPECT_TRUE(load_entered("venv").app.is_entered);
    EXPECT_FALSE(load_entered("").app.is_entered);
}

TEST(Load, FaultsShowWhatATerminalWouldObey) {
    EXPECT_EQ(set_faults({"app.\xe2\x80\xae\xc2\x9b\x1b=1"}).at(0).find_first_of("\xe2\xc2\x1b"),
              std::string::npos);
    EXPECT_NE(set_faults({"app.\xe2\x80\xae=1"}).at(0).find("\\u202e"), std::string::npos);
}

TEST(Load, SetsWhatTheApplicationGetsAsItIs) {
    const std::pair<const char*, const char*> cases[] = {
        {"abc #def", "abc #def"},
        {"&amp x", "&amp x"},
        {"#fff", "#fff"},
        {"null", "null"},
        {"~", "~"},
        {"*star", "*star"},
        {"!x y", "!x y"},
        {"\"quoted\" more", "\"quoted\" more"},
        {"it's", "it's"},
        {"a: b", "a: b"},
        {"[x", "[x"},
        {"'whole'", "whole"},
    };
    for (const auto& [text, expected] : cases) {
        const Settings settings =
            load({"",
                  {"listen=http://:8000", "app=app", std::string("app.environment.X=") + text},
                  test_environment()});
        EXPECT_EQ(settings.app.environment.at("X"), expected) << text;
    }
}

TEST(Load, CutsNoTextAtWhatLooksLikeAComment) {
    const Settings settings =
        load({"",
              {"listen=http://:8000", "app=app", "log.access=${status} # ${path}"},
              test_environment()});
    EXPECT_EQ(settings.log.access, "${status} # ${path}");
}

TEST(Load, NeedsNoFileWhenEverythingIsSet) {
    const Settings settings =
        load({"",
              {"listen=http://:8000", "app=app", "workers.cores=7", "app.environment.X=1"},
              test_environment()});
    EXPECT_EQ(settings.app.module, "app");
    EXPECT_EQ(settings.workers.cores, 7);
    EXPECT_EQ(settings.app.environment.at("X"), "1");
    EXPECT_TRUE(settings.control.starts_with("/run/test/geventd-")) << settings.control;
    EXPECT_TRUE(settings.control_fallback.starts_with("@geventd-")) << settings.control_fallback;
    EXPECT_EQ(settings.source, "");
}

TEST(Load, GivesScheduledFunctionsNumbersThatNobodyNames) {
    const Settings settings =
        load({"",
              {"listen=http://:8000", "app=app",
               "timers=[{every: 1s, run: 'a:b'}, {every: 1s, signal: 254}]",
               "crons=[{at: '@daily', run: 'a:b'}]", "monitors=[{path: x, signal: 7}]"},
              test_environment()});
    EXPECT_EQ(settings.timers[0].sends.number, 255);
    EXPECT_EQ(settings.timers[1].sends.number, 254);
    EXPECT_EQ(settings.crons[0].sends.number, 253);
    EXPECT_EQ(settings.monitors[0].sends.number, 7);
}

TEST(Load, GivesTheHookForDeadWorkersTheNextNumber) {
    const auto with = [](std::vector<std::string> more) {
        more.insert(more.end(), {"listen=http://:8000", "app=app", "hooks.worker-died=a:b"});
        return load({"", std::move(more), test_environment()}).hooks.death_signal;
    };
    EXPECT_EQ(with({}), 255);
    EXPECT_EQ(with({"timers=[{every: 1s, run: 'a:b'}, {every: 1s, signal: 255}]"}), 254);
}

TEST(Load, TakesOneModuleOrSeveralBeforeTheLoad) {
    const auto with = [](const std::string& value) {
        return load({"", {"listen=http://:8000", "app=app", value}, test_environment()})
            .app.before_load;
    };
    EXPECT_EQ(with("app.before-load=patches"), (std::vector<std::string>{"patches"}));
    EXPECT_EQ(with("app.before-load=[a, 'b.c:d']"), (std::vector<std::string>{"a", "b.c:d"}));
    EXPECT_TRUE(with("workers.cores=1").empty());
}

TEST(Load, PutsOverridesOverTheFilesValues) {
    const std::string text =
        "listen: [http://:1, http://:2]\n"
        "app: {module: old, chdir: /srv, environment: {A: a, B: b}}\n";
    const Settings settings = load_text(
        text, {"listen=uwsgi://:3", "app=new", "app.environment.B=c", "app.python-path=[x, y]"});
    ASSERT_EQ(settings.listen.size(), 1U);
    EXPECT_EQ(settings.listen[0].address.port, 3);
    EXPECT_EQ(settings.app.module, "new");
    EXPECT_EQ(settings.app.chdir, "/srv") << "a short form sets the module alone";
    EXPECT_EQ(settings.app.environment.at("A"), "a");
    EXPECT_EQ(settings.app.environment.at("B"), "c");
    EXPECT_EQ(settings.app.python_path, (std::vector<std::string>{"x", "y"}));
}

TEST(Load, LetsTheLastOverrideWin) {
    EXPECT_EQ(load_text(kSmallest, {"workers.cores=1", "workers.cores=2"}).workers.cores, 2);
}

TEST(Load, NamesTheOverrideThatIsWrong) {
    EXPECT_EQ(set_faults({"workers.coers=1"}),
              Faults{"--set workers.coers=1: workers.coers: unknown key; did you mean "
                     "workers.cores?"});
    EXPECT_EQ(set_faults({"workers=4"}),
              Faults{"--set workers=4: workers: is '4', expected a map of keys; did you mean "
                     "workers.processes: 4?"});
    EXPECT_EQ(set_faults({"workers.cores"}), Faults{"--set workers.cores: expected KEY=VALUE"});
    for (const char* text : {"=1", ".a=1", "a.=1", "a..b=1"}) {
        EXPECT_EQ(set_faults({text}), Faults{std::string("--set ") + text +
                                             ": expected keys separated by single dots before "
                                             "the ="});
    }
    ASSERT_EQ(set_faults({"workers.cores=[1"}).size(), 1U);
    EXPECT_TRUE(
        set_faults({"workers.cores=[1"})[0].starts_with("--set workers.cores=[1: broken YAML: "));
    EXPECT_TRUE(set_faults({"app.environment.X="})[0].ends_with("('' for an empty one)"));
}

TEST(Load, ReportsWhatIsMissing) {
    EXPECT_EQ(faults_of("").size(), 2U);
    try {
        load({"", {}, test_environment()});
        FAIL();
    } catch (const Errors& errors) {
        ASSERT_EQ(errors.lines().size(), 1U) << "where to listen has a default without a file";
        EXPECT_TRUE(errors.lines()[0].starts_with("command line: app: is missing"));
    }
}

TEST(Load, ReportsAllFaultsInTheFilesOrder) {
    const auto faults =
        faults_of("log: {level: loud}\nlisten: http://:80\napp: m\nworkers: {cores: 0}\nbogus: 1\n",
                  {"limits.keep-alive=5"});
    ASSERT_EQ(faults.size(), 4U);
    EXPECT_TRUE(faults[0].starts_with("F:1:14: log.level: is 'loud'")) << faults[0];
    EXPECT_TRUE(faults[1].starts_with("F:4:18: workers.cores: 0 is out of range")) << faults[1];
    EXPECT_TRUE(faults[2].starts_with("F:5:1: bogus: unknown key")) << faults[2];
    EXPECT_TRUE(faults[3].starts_with("--set limits.keep-alive=5: limits.keep-alive: "))
        << faults[3];
}

TEST(Load, SaysWhyAFileCannotBeRead) {
    const auto faults_at = [](const std::string& path) {
        try {
            load({path, {}, test_environment()});
            return Faults{};
        } catch (const Errors& errors) {
            return errors.lines();
        }
    };
    EXPECT_EQ(faults_at("/nonexistent/x.yaml"),
              Faults{"/nonexistent/x.yaml: cannot be read: No such file or directory"});
    EXPECT_EQ(faults_at("/tmp"), Faults{"/tmp: cannot be read: Is a directory"});
    EXPECT_EQ(faults_at("/dev/zero"), Faults{"/dev/zero: is too large, expected at most 8388608 "
                                             "bytes"});
}

TEST(Load, RefusesADefaultControlPathThatIsTooLong) {
    const Environment environment = [](const std::string& name) {
        return name == "WEB_CONCURRENCY" ? std::nullopt
                                         : std::optional("/" + std::string(200, 'x'));
    };
    EXPECT_THROW(load({"", {"listen=http://:1", "app=m"}, environment}), Errors);
    EXPECT_NO_THROW(load({"", {"listen=http://:1", "app=m", "control=/x"}, environment}));
}

TEST(Load, SurvivesDocumentsMadeToHurt) {
    const auto hurt = [](const std::string& text) {
        const auto start = std::chrono::steady_clock::now();
        const auto faults = faults_of(text);
        EXPECT_FALSE(faults.empty());
        EXPECT_LE(faults.size(), 101U);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int n = 0; n < 10; ++n) {
            laughs += last + (n == 9 ? "]\n" : ", ");
        }
    }
    std::string many_keys;
    for (int i = 0; many_keys.size() < 250'000; ++i) {
        many_keys += "k" + std::to_string(i) + ": v\n";
    }
    std::string deep_block;
    for (int i = 0; deep_block.size() < 200'000; ++i) {
        deep_block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    hurt(laughs);
    hurt(many_keys);
    hurt(deep_block);
    hurt(std::string(250'000, '['));
    hurt(std::string(250'000, '{'));
    hurt("a: " + std::string(250'000, '&'));
    hurt(std::string(250'000, '-'));
    hurt(std::string(250'000, '?'));
    hurt("- " + std::string(250'000, '"'));
    hurt("a: &a [*a]\n");
    hurt("a: &a {b: *a}\n");
    hurt("a: &a\n  <<: *a\n");
    hurt(std::string(1'000'000, 'x'));
}

TEST(Load, TakesReservedCharactersAsTextInOverrides) {
    for (const std::string text : {"%${status} 'x' # y", "%h: ${status}"}) {
        EXPECT_EQ(load_text(kSmallest, {"log.access=" + text}).log.access, text);
        EXPECT_EQ(load({.path = "",
                        .sets = {"app=app", "listen=http://:1"},
                        .environment = test_environment(),
                        .variables = {{"GEVENTD__LOG__ACCESS", text}}})
                      .log.access,
                  text);
    }
    EXPECT_EQ(load_text(kSmallest, {"control=@name"}).control, "@name");
}

TEST(FindControl, ReadsWhatItCanOfABrokenFile) {
    const TemporaryFile file("listen: [\"nonsense\"]\nlisn: x\ncontrol: /run/x.ctl\n");
    const ControlPlaces found = find_control({file.path(), {}, test_environment()});
    EXPECT_EQ(found.places, Faults{"/run/x.ctl"});
    EXPECT_EQ(found.faults, Faults());
}

TEST(Load, TakesOffAndAbstractNamesForTheControlSocket) {
    const std::string longest(net::kMaxUnixPath, 'x');
    for (const std::string& control : {std::string("off"), "@" + longest, longest}) {
        const Settings settings = load_text(kSmallest + "control: \"" + control + "\"\n");
        EXPECT_EQ(settings.control, control);
        EXPECT_EQ(settings.control_fallback, "");
    }
    EXPECT_EQ(set_faults({"control=\"@\""}).size(), 1U);
    EXPECT_EQ(set_faults({"control=\"@" + longest + "x\""}).size(), 1U);
}

TEST(Load, KeepsTheDefaultOfTheStartAtAReload) {
    const auto at = [](const char* listen, std::optional<ControlDefaults> control) {
        return load({.path = "",
                     .sets = {"app=app", std::string("listen=") + listen},
                     .environment = test_environment(),
                     .control = std::move(control)})
            .control;
    };
    EXPECT_NE(at("http://:1", std::nullopt), at("http://:2", std::nullopt));
    const auto started = default_control("", {Listen{.address = *net::parse_address("http://:1")}},
                                         test_environment());
    EXPECT_EQ(at("http://:1", std::nullopt), started.path);
    EXPECT_EQ(at("http://:2", started), started.path);
}

TEST(FindControl, FallsBackToTheDefault) {
    for (const char* text : {"listen: [", "control: [1]\n", ""}) {
        const TemporaryFile file(text);
        const auto [places, faults] = find_control({file.path(), {}, test_environment()});
        ASSERT_EQ(places.size(), 3U) << text;
        EXPECT_TRUE(places[0].starts_with("/run/test/geventd-")) << places[0];
        EXPECT_EQ(places[1], former_control_path(file.path(), test_environment()));
        EXPECT_TRUE(places[2].starts_with("@geventd-")) << places[2];
        EXPECT_EQ(faults.empty(), *text == '\0') << text;
    }
}

}  // namespace
}  // namespace geventd::config
