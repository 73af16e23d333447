// SPDX-License-Identifier: MIT
#include "master/ctl/top/top_view.h"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

namespace geventd::ctl {
namespace {

std::string text_of(const Sheet::Line& line) {
    std::string text;
    for (const Sheet::Piece& piece : line) {
        text += piece.text;
    }
    return text;
}

std::string text_of(const Sheet& sheet) {
    std::string text;
    for (const Sheet::Line& line : sheet.lines) {
        text += text_of(line) + "\n";
    }
    return text;
}

bool has_style(const Sheet& sheet, const std::string& part, Style style) {
    for (const Sheet::Line& line : sheet.lines) {
        for (const Sheet::Piece& piece : line) {
            if (piece.style == style && piece.text.find(part) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

TopState example(int workers = 2) {
    std::string list;
    for (int number = 1; number <= workers; ++number) {
        list += (number == 1 ? "" : ",") + std::string(R"({"number":)") + std::to_string(number) +
                R"(,"pid":1000,"generation":3,"state":"ready","cores":4,"cores_busy":2,)"
                R"("queued":1,"rate":9.5,"latency":{"p50":0.001,"p99":0.2},"hub_lag":0.0001,)"
                R"("hub_blocked":null,"rss":1048576,"pss":524288,"connections":6})";
    }
    TopState state;
    state.status =
        Document::parse(R"({"version":"1.2","pid":42,"uptime":61,"config":"a.yaml",)"
                        R"("state":"running","traffic":{"rate":19,"errors":0.5,)"
                        R"("latency":{"p50":0.001,"p99":0.2}},"pss":2097152,"workers":[)" +
                        list + "]}")
            .value();
    state.requests =
        Document::parse(R"({"requests":[{"age":2.5,"worker":1,"core":0,"client":"192.0.2.1",)"
                        R"("method":"GET","path":"/slow"}],"total":7})")
            .value();
    for (const char* point : {R"({"rate":0})", R"({"rate":5})", R"({"rate":10})"}) {
        state.points.push_back(Document::parse(point).value());
    }
    return state;
}

TEST(DrawBar, IsFullAsThePartIsOfTheWhole) {
    EXPECT_EQ(draw_bar(ascii(), 0, 10, 4), "....");
    EXPECT_EQ(draw_bar(ascii(), 5, 10, 4), "##..");
    EXPECT_EQ(draw_bar(ascii(), 1, 1000, 4), "#...");
    EXPECT_EQ(draw_bar(ascii(), 20, 10, 4), "####");
    EXPECT_EQ(draw_bar(ascii(), 1, 0, 4), "....");
    EXPECT_EQ(draw_bar(blocks(), 1, 2, 2), "█░");
}

TEST(DrawCurve, IsAsHighAsTheHighestAllows) {
    const std::vector<double> values{0, 1, 4, 8};
    EXPECT_EQ(draw_curve(blocks(), values, 10), " ▁▄█");
    EXPECT_EQ(draw_curve(blocks(), values, 2), "▄█");
    EXPECT_EQ(draw_curve(ascii(), std::vector<double>{0, 0}, 10), "  ");
    EXPECT_EQ(draw_curve(ascii(), {}, 10), "");
}

TEST(Cut, CountsCharacters) {
    EXPECT_EQ(cut("▁▂▃x", 2), "▁▂");
    EXPECT_EQ(cut("abc", 5), "abc");
    EXPECT_EQ(cut("abc", 0), "");
}

TEST(TopView, ShowsTheServerItsWorkersAndRequests) {
    const Sheet sheet = draw_top(example(), ascii(), 100, 30);
    const std::string text = text_of(sheet);
    for (const char* part :
         {"geventd 1.2  pid 42  up 1m01s  a.yaml  running", "requests/s           19   =#",
          "p99 latency       200ms", "cores busy          4/8", "memory             2.0M",
          "######......       2/4      1      9.5", "AGE WORKER  CLIENT           REQUEST (7 in",
          "2.5s      1  192.0.2.1        GET /slow"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
    }
}

TEST(TopView, KeepsToTheHeight) {
    for (std::size_t height = 0; height < 60; ++height) {
        EXPECT_LE(draw_top(example(30), ascii(), 80, height).lines.size(), height);
    }
}

TEST(TopView, SaysHowManyWorkersDoNotFit) {
    const std::string text = text_of(draw_top(example(30), ascii(), 80, 24));
    EXPECT_NE(text.find("25 more workers"), std::string::npos) << text;
    EXPECT_NE(text.find("GET /slow"), std::string::npos) << text;
}

TEST(TopView, NamesWhatIsWrong) {
    TopState state = example();
    state.fault = "no answer";
    EXPECT_TRUE(has_style(draw_top(state, ascii(), 80, 24), "no answer", Style::Bad));
    state.status =
        Document::parse(R"({"workers":[{"number":1,"hub_lag":0.1,"hub_blocked":2.5}]})").value();
    const Sheet sheet = draw_top(state, ascii(), 80, 24);
    EXPECT_TRUE(has_style(sheet, "2.5s!", Style::Bad)) << text_of(sheet);
    EXPECT_NE(text_of(sheet).find("hub lag            2.5s"), std::string::npos) << text_of(sheet);
}

TEST(TopView, SpellsOutWhatATerminalWouldObey) {
    TopState state = example();
    state.fault = "no\nanswer \xe2\x80\xae[31m";  // a right-to-left override
    EXPECT_TRUE(has_style(draw_top(state, ascii(), 80, 24), "no\\nanswer \\u202e[31m", Style::Bad))
        << text_of(draw_top(state, ascii(), 80, 24));
}

TEST(TopView, OfAnEmptyAnswerThereIsAPageAllTheSame) {
    EXPECT_FALSE(draw_top({}, blocks(), 80, 24).lines.empty());
}

}  // namespace
}  // namespace geventd::ctl
