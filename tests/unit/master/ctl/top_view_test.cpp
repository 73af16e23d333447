// SPDX-License-Identifier: MIT
#include "master/ctl/top/top_view.h"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "master/ctl/top/text_page.h"

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
    const Sheet sheet = draw_top(example(), ascii(), 110, 30);
    const std::string text = text_of(sheet);
    for (const char* part :
         {"geventd 1.2  pid 42  up 1m01s  a.yaml  running", "requests/s          19   =#",
          "p99 latency      200ms", "cores busy         4/8", "memory            2.0M",
          "######......       2/4      1    9.5", "AGE WORKER  CLIENT           REQUEST (7 in",
          "2.5s      1  192.0.2.1        GET /slow"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
    }
}

TEST(TopView, KeepsToTheHeight) {
    for (std::size_t height = 0; height < 60; ++height) {
        EXPECT_LE(draw_top(example(30), ascii(), 80, height).lines.size(), height);
    }
}

TEST(TopView, CutsNothingInANarrowTerminal) {
    TopState state = example(3);
    for (std::size_t width = 66; width < 130; ++width) {
        for (const Sheet::Line& line : draw_top(state, ascii(), width, 24).lines) {
            EXPECT_LE(text_of(line).size(), width) << text_of(line);
        }
    }
    const std::string narrow = text_of(draw_top(state, ascii(), 80, 24));
    for (const char* part : {"WORKER", "PID", "STATE", "CORES", "REQ/S", "P99", "LAG", "PSS", "TOP",
                             "? help", "200ms  100us"}) {
        EXPECT_NE(narrow.find(part), std::string::npos) << part << "\nin\n" << narrow;
    }
    EXPECT_EQ(narrow.find("####......"), std::string::npos) << narrow;
}

TEST(TopView, LeavesTheBarOutBeforeColumns) {
    const auto has_bar = [](const std::string& text) {
        return text.find("######......") != std::string::npos;
    };
    const std::string wide = text_of(draw_top(example(), ascii(), 102, 24));
    EXPECT_TRUE(has_bar(wide) && wide.find("RSS") != std::string::npos) << wide;
    const std::string less = text_of(draw_top(example(), ascii(), 101, 24));
    EXPECT_TRUE(!has_bar(less) && less.find("RSS") != std::string::npos) << less;
}

TEST(TopView, TellsWhatTheCurvesReach) {
    const Sheet sheet = draw_top(example(), ascii(), 80, 24);
    EXPECT_NE(text_of(sheet).find("THE LAST 46 SECONDS"), std::string::npos) << text_of(sheet);
    EXPECT_EQ(text_of(sheet.lines[2]).substr(78), "10") << text_of(sheet);  // requests/s
}

TEST(TopView, ShortensALongPathAtItsBeginning) {
    TopState state = example();
    state.status = Document::parse(R"({"version":"1.2","pid":42,"uptime":61,"state":"running",)"
                                   R"("config":"/srv/a-long-way-to-go/and-more/conf/shop.yaml"})")
                       .value();
    const std::string head = text_of(draw_top(state, ascii(), 80, 24).lines[0]);
    EXPECT_NE(head.find("shop.yaml  running  ? help  s stacks  q quit"), std::string::npos) << head;
    EXPECT_NE(head.find("..."), std::string::npos) << head;
    EXPECT_LE(head.size(), 80U) << head;
}

TEST(TextPage, ShowsAPartAndScrolls) {
    TextPage page("the title", "1\n2\n3\n4\n5\n6\n7\n8\n");
    EXPECT_EQ(
        text_of(page.draw(60, 6)),
        "the title\n1\n2\n3\n4\nlines 1 to 4 of 8; arrows and page keys scroll, q goes back\n");
    page.scroll(TextPage::Move::LineDown);
    EXPECT_NE(text_of(page.draw(60, 6)).find("title\n2\n3"), std::string::npos);
    page.scroll(TextPage::Move::PageDown);
    page.scroll(TextPage::Move::PageDown);
    EXPECT_NE(text_of(page.draw(60, 6)).find("lines 5 to 8 of 8"), std::string::npos);
    page.scroll(TextPage::Move::LineUp);
    EXPECT_NE(text_of(page.draw(60, 6)).find("lines 4 to 7 of 8"), std::string::npos);
    page.scroll(TextPage::Move::PageUp);
    EXPECT_NE(text_of(page.draw(60, 6)).find("lines 1 to 4 of 8"), std::string::npos);
}

TEST(TextPage, ContinuesLongLinesAndFitsAnyTerminal) {
    TextPage page("title", "abcdefgh\n\nxyz");
    EXPECT_NE(text_of(page.draw(5, 9)).find("abcde\nfgh\n\nxyz\n"), std::string::npos);
    for (std::size_t height = 0; height < 6; ++height) {
        EXPECT_LE(page.draw(0, height).lines.size(), height);
    }
    EXPECT_FALSE(TextPage("", "").draw(80, 24).lines.empty());
}

TEST(TopView, SaysHowManyWorkersDoNotFit) {
    const std::string text = text_of(draw_top(example(30), ascii(), 80, 24));
    EXPECT_NE(text.find("26 more workers"), std::string::npos) << text;
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
    EXPECT_NE(text_of(sheet).find("hub lag           2.5s"), std::string::npos) << text_of(sheet);
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
