// SPDX-License-Identifier: MIT
#include "master/ctl/view/stacks_view.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(StacksView, ShowsEachStackUnderWhatStandsThere) {
    const auto text = format_stacks(R"({"workers": [{"worker": 2, "pid": 44, "generation": 3,
        "error": null, "blocked": null, "found": {
        "greenlets": [
            {"kind": "hub", "name": "the hub", "state": "running", "stack": 2},
            {"kind": "background", "name": "tick", "state": "parked", "stack": 0,
             "spawned": "app.py:3 in start", "age": null, "request": null},
            {"kind": "background", "name": "tick", "state": "parked", "stack": 0,
             "spawned": "app.py:3 in start"},
            {"kind": "request", "name": "GET /young", "state": "running", "stack": 1,
             "age": 0.5, "request": "b"},
            {"kind": "request", "name": "GET /old", "state": "parked", "stack": 1,
             "age": 70, "request": "a"}],
        "stacks": [[{"file": "app.py", "line": 9, "function": "tick"},
                    {"file": "hub.py", "line": 5, "function": "sleep"}],
                   [{"file": "app.py", "line": 20, "function": "application"}], []]}}]})");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text,
              "worker 2 (pid 44) of generation 3: 5 greenlets\n"
              "\n"
              "  GET /old, 1m10s, request a\n"
              "    File \"app.py\", line 20, in application\n"
              "\n"
              "  GET /young, 0.5s, request b, running\n"
              "    File \"app.py\", line 20, in application\n"
              "\n"
              "  the hub\n"
              "    (no Python code)\n"
              "\n"
              "  background greenlet in tick, spawned at app.py:3 in start (2 of them)\n"
              "    File \"app.py\", line 9, in tick\n"
              "    File \"hub.py\", line 5, in sleep\n");
}

TEST(StacksView, ShowsWhyAWorkerDoesNotAnswer) {
    const auto text = format_stacks(R"({"workers": [{"worker": 1, "pid": 4, "generation": 1,
        "error": "it does not answer", "blocked": "File \"x.py\"\n in f", "found": null}]})");
    ASSERT_TRUE(text);
    EXPECT_EQ(*text,
              "worker 1 (pid 4) of generation 1: it does not answer\n"
              "its hub is blocked by:\n"
              "  File \"x.py\"\n"
              "   in f\n");
}

TEST(StacksView, RefusesWhatIsNoAnswer) {
    EXPECT_FALSE(format_stacks("7"));
}

}  // namespace
}  // namespace geventd::ctl
