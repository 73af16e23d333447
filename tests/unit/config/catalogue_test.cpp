// SPDX-License-Identifier: MIT
#include "config/catalogue.h"

#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "config/compat_uwsgi.h"
#include "load_text.h"

namespace geventd::config {
namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(AllKeys, HoldGroupsAndTheirKeysOnce) {
    const auto& keys = all_keys();
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
    for (const char* key : {"listen", "listen.address", "app.module", "workers", "control"}) {
        EXPECT_TRUE(is_key(key)) << key;
    }
    EXPECT_FALSE(is_key("source"));
    EXPECT_FALSE(is_key(""));
}

TEST(AllKeys, AreKebabCase) {
    for (const std::string& key : all_keys()) {
        EXPECT_EQ(key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."),
                  std::string::npos)
            << key;
    }
}

TEST(ForeignRows, NameKeysThatThereAre) {
    for (const ForeignRow& row : foreign_rows()) {
        EXPECT_TRUE(row.key.empty() ? !row.text.empty() : is_key(row.key)) << row.names;
    }
}

TEST(ForeignRows, AnswerEachOfTheirNames) {
    for (const ForeignRow& row : foreign_rows()) {
        std::istringstream names{std::string(row.names)};
        for (std::string name; names >> name;) {
            if (name.ends_with('*')) {
                name.back() = 'x';
            }
            EXPECT_TRUE(contains(servers_of_option(name), row.server)) << name;
            EXPECT_FALSE(contains(explain_unknown_key("", name), "unknown key, expected")) << name;
        }
    }
}

TEST(ExplainForeignName, NamesTheKeyOrSaysWhatToKnow) {
    EXPECT_TRUE(contains(explain_foreign_name("timeout", Match::Whole),
                         "gunicorn's name; geventd's key is limits.kill-blocked-hub"));
    EXPECT_TRUE(contains(explain_foreign_name("http-websockets", Match::Whole), "WebSocket"));
    EXPECT_TRUE(contains(explain_foreign_name("threads", Match::Whole),
                         "unknown key, which is uWSGI's and gunicorn's name: "));
}

TEST(ExplainForeignName, LeavesGeventdsOwnNamesToTheCatalogue) {
    EXPECT_EQ(explain_foreign_name("processes", Match::Whole), "");
    EXPECT_TRUE(contains(explain_unknown_key("", "processes"), "did you mean workers.processes?"));
}

TEST(ExplainForeignName, ABeginningCountsAfterMisspelledKeys) {
    EXPECT_EQ(explain_foreign_name("statsd-telemetry", Match::Whole), "");
    EXPECT_TRUE(
        contains(explain_unknown_key("", "statsd-telemetry"), "is uWSGI's and gunicorn's name"));
    EXPECT_TRUE(contains(explain_unknown_key("", "metric"), "did you mean metrics?"));
}

TEST(ExplainUnknownKey, PrefersTheKeyOfTheSameGroup) {
    EXPECT_TRUE(contains(explain_unknown_key("workers", "coers"), "did you mean workers.cores?"));
    EXPECT_TRUE(contains(explain_unknown_key("log", "fil"), "did you mean log.file?"));
}

TEST(ExplainUnknownKey, FindsTheKeyOfAnotherGroup) {
    EXPECT_EQ(explain_unknown_key("", "listen.backlog"),
              "no key of a file has a dot: write backlog below listen");
    EXPECT_EQ(explain_unknown_key("", "app.virtualenv"),
              "no key of a file has a dot: write virtualenv below app");
    EXPECT_TRUE(contains(explain_unknown_key("", "cores"), "did you mean workers.cores?"));
    EXPECT_TRUE(contains(explain_unknown_key("app", "level"), "did you mean log.level?"));
    EXPECT_TRUE(contains(explain_unknown_key("", "keep_alive"), "did you mean limits.keep-alive?"));
}

TEST(ExplainUnknownKey, ListsTheKeysWhenNoneIsNear) {
    EXPECT_TRUE(contains(explain_unknown_key("log", "zebra"), "expected level, format, file"));
}

TEST(ExplainUnknownKey, SaysWhatBecomesOfThreads) {
    const std::string answer = explain_unknown_key("", "threads");
    EXPECT_TRUE(contains(answer, "every worker runs gevent with workers.cores"));
    EXPECT_TRUE(contains(answer, "threads of the application just run"));
}

TEST(ExplainUnknownKey, NamesTheKeysOfLogsForThoseOfOthers) {
    for (const auto& [theirs, ours] :
         {std::pair("accesslog", "log.access-file"), std::pair("syslog", "log.file"),
          std::pair("req-logger", "log.access-file"),
          std::pair("log-5xx", "log.access-when.status"),
          std::pair("log-slow", "log.access-when.slower")}) {
        EXPECT_TRUE(contains(explain_unknown_key("", theirs), ours)) << theirs;
    }
}

TEST(ExplainUnknownKey, NamesTheHooksForThoseOfOthers) {
    for (const auto& [theirs, ours] :
         {std::pair("post_fork", "hooks.post-fork"), std::pair("worker_int", "hooks.drain-begins"),
          std::pair("child_exit", "hooks.worker-died"),
          std::pair("worker_exit", "hooks.worker-exit"),
          std::pair("post_worker_init", "hooks.post-fork"),
          std::pair("hook-post-fork", "hooks.post-fork"),
          std::pair("hook-accepting-once", "hooks.post-fork"),
          std::pair("import", "app.before-load")}) {
        EXPECT_TRUE(contains(explain_unknown_key("", theirs), ours)) << theirs;
    }
    EXPECT_TRUE(contains(explain_unknown_key("", "when_ready"), "the master runs no code"));
}

}  // namespace
}  // namespace geventd::config
