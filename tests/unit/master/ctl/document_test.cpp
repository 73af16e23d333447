// SPDX-License-Identifier: MIT
#include "master/ctl/view/document.h"

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

TEST(Document, ReadsWhatIsThereAndNothingWhereThereIsNothing) {
    const Document document =
        Document::parse(R"({"a": [1, {"b": "x\ty"}, "z"], "n": null})").value();
    EXPECT_TRUE(document.is_object());
    EXPECT_EQ(document["a"].items().size(), 3);
    ASSERT_EQ(document["a"].objects().size(), 1);
    EXPECT_EQ(document["a"].items()[0].number(), 1);
    EXPECT_EQ(document["a"].objects()[0]["b"].text(), "x\\ty") << "a tab escaped";
    EXPECT_EQ(document["a"].objects()[0]["b"].raw_text(), "x\ty");
    for (const char* key : {"n", "absent"}) {
        EXPECT_TRUE(document[key].is_null());
        EXPECT_EQ(document[key].text(), "-");
        EXPECT_EQ(document[key].raw_text(), "");
        EXPECT_EQ(document[key].number(), std::nullopt);
        EXPECT_TRUE(document[key]["deeper"].items().empty());
    }
}

TEST(Document, PartsOutliveTheWhole) {
    const Document part = Document::parse(R"({"a": {"b": "c"}})").value()["a"];
    EXPECT_EQ(part["b"].text(), "c");
}

TEST(Document, IsPrintedWithoutWhatATerminalObeys) {
    EXPECT_EQ(Document::parse("{\"a\": \"\xe2\x80\xae\xc2\x9b\\u001b\"}")->pretty(),
              "{\n  \"a\": \"\\u202e\\u009b\\u001b\"\n}");
}

TEST(Document, RefusesWhatIsNoJson) {
    EXPECT_FALSE(Document::parse("{"));
    EXPECT_FALSE(Document::parse(""));
}

}  // namespace
}  // namespace geventd::ctl
