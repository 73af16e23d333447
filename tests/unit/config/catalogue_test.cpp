// SPDX-License-Identifier: MIT
#include "config/catalogue.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "config/compat_uwsgi.h"
#include "config/text/kebab.h"
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
        EXPECT_EQ(key.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."), std::string::npos) << key;
    }
}

TEST(ForeignNames, AreInOrderForTheSearch) {
    const auto names = foreign_names();
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end(),
                               [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST(ForeignNames, AreAllAnswered) {
    for (const ForeignName& foreign : foreign_names()) {
        const std::string answer = explain_foreign_name(foreign.name);
        EXPECT_TRUE(contains(answer, foreign.server)) << foreign.name;
        if (foreign.key.empty()) {
            EXPECT_TRUE(!foreign.note.empty() && contains(answer, foreign.note)) << foreign.name;
        } else if (is_key(foreign.key)) {
            EXPECT_TRUE(contains(answer, std::string("geventd's key is ").append(foreign.key)))
                << foreign.name;
        } else {
            EXPECT_TRUE(contains(answer, "geventd does not offer this")) << foreign.name;
        }
    }
}

TEST(ForeignNames, AreNoKeysWhereTheyWouldBeAskedFor) {
    for (const ForeignName& foreign : foreign_names()) {
        EXPECT_NE(foreign.name, to_kebab(foreign.key)) << "this key needs no translation";
    }
}

TEST(ExplainUnknownKey, PrefersTheKeyOfTheSameGroup) {
    EXPECT_TRUE(contains(explain_unknown_key("workers", "coers"), "did you mean workers.cores?"));
    EXPECT_TRUE(contains(explain_unknown_key("log", "fil"), "did you mean log.file?"));
}

TEST(ExplainUnknownKey, FindsTheKeyOfAnotherGroup) {
    EXPECT_TRUE(contains(explain_unknown_key("", "cores"), "did you mean workers.cores?"));
    EXPECT_TRUE(contains(explain_unknown_key("app", "level"), "did you mean log.level?"));
    EXPECT_TRUE(contains(explain_unknown_key("", "keep_alive"), "did you mean limits.keep-alive?"));
}

TEST(ExplainUnknownKey, ListsTheKeysWhenNoneIsNear) {
    EXPECT_TRUE(contains(explain_unknown_key("log", "zebra"), "expected level, format, file"));
}

TEST(ExplainUnknownKey, SaysWhatBecomesOfThreads) {
    const std::string answer = explain_unknown_key("", "threads");
    EXPECT_TRUE(contains(answer, "gevent workers use cores"));
    EXPECT_TRUE(contains(answer, "threads started by the application run anyway"));
}

}  // namespace
}  // namespace geventd::config
