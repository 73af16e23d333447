// SPDX-License-Identifier: MIT
#include "http/response_writer.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace geventd::http {

namespace {

using Dialect = ResponseWriter::Dialect;
using Fault = ResponseHead::Fault;
using Framing = ResponseWriter::Framing;

const std::string kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string_view text_of(const iovec& part) {
    return {static_cast<const char*>(part.iov_base), part.iov_len};
}

/// One answer, as the bytes that a client would see.
class Answer {
  public:
    explicit Answer(ResponseWriter::Terms terms, std::string_view status = "200 OK")
        : terms_(terms) {
        terms_.epoch = 784111777;
        EXPECT_TRUE(writer.head().start("HTTP/1.1", status));
    }

    Answer& with(std::string_view name, std::string_view value) {
        EXPECT_EQ(writer.head().add(name, value), Fault::None);
        return *this;
    }

    Answer& complete(std::optional<std::uint64_t> length = std::nullopt) {
        kept = writer.complete(terms_, length);
        bytes = text_of(writer.head_part());
        return *this;
    }

    Answer& piece(std::string_view text) {
        std::vector<iovec> parts(ResponseWriter::kMostParts);
        parts.resize(writer.add_piece(text, parts));
        for (const iovec& part : parts) {
            bytes.append(text_of(part));
        }
        return *this;
    }

    std::string end() { return bytes.append(text_of(writer.last_part())); }

    ResponseWriter writer;
    std::string bytes;
    bool kept = false;

  private:
    ResponseWriter::Terms terms_;
};

constexpr ResponseWriter::Terms kKept{.dialect = Dialect::Http11, .keep_alive = true};

TEST(ResponseWriter, TellsTheLengthOfAWholeBody) {
    Answer answer(kKept);
    answer.with("Content-Type", "text/plain").complete(5).piece("hello");
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n" +
                                kDate + "\r\nhello");
    EXPECT_TRUE(answer.kept);
    EXPECT_EQ(answer.writer.missing(), 0);
    EXPECT_EQ(answer.writer.body_bytes(), 5);
}

TEST(ResponseWriter, SendsChunksWhenNobodyKnowsTheLength) {
    Answer answer(kKept);
    answer.complete().piece("hello").piece("").piece(std::string(26, 'x'));
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + kDate +
                                "\r\n5\r\nhello\r\n1a\r\n" + std::string(26, 'x') +
                                "\r\n0\r\n\r\n");
    EXPECT_TRUE(answer.kept);
    EXPECT_EQ(answer.writer.body_bytes(), 31);
}

TEST(ResponseWriter, EndsABodyWithTheConnectionWhereChunksAreUnknown) {
    Answer answer({.dialect = Dialect::Http10, .keep_alive = true});
    answer.complete().piece("hello");
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\n" + kDate + "Connection: close\r\n\r\nhello");
    EXPECT_FALSE(answer.kept);
    EXPECT_EQ(answer.writer.framing(), Framing::UntilClose);
}

TEST(ResponseWriter, TellsAnOldClientThatItsConnectionIsKept) {
    Answer answer({.dialect = Dialect::Http10, .keep_alive = true});
    answer.complete(0);
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + kDate +
                                "Connection: keep-alive\r\n\r\n");
    EXPECT_TRUE(answer.kept);
}

TEST(ResponseWriter, SaysThatTheConnectionEnds) {
    Answer answer({.dialect = Dialect::Http11, .keep_alive = false});
    answer.complete(2).piece("ok");
    EXPECT_EQ(answer.end(),
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + kDate + "Connection: close\r\n\r\nok");
    EXPECT_FALSE(answer.kept);
}

TEST(ResponseWriter, LeavesDateAndConnectionToAGateway) {
    Answer answer({.dialect = Dialect::Gateway});
    answer.complete().piece("hello");
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\n\r\nhello");
}

TEST(ResponseWriter, KeepsTheDateAndTheLengthOfTheApplication) {
    Answer answer(kKept);
    answer.with("date", "Mon, 23 Nov 2026 10:00:00 GMT").with("CONTENT-LENGTH", "3").complete(5);
    EXPECT_EQ(answer.bytes,
              "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
              "CONTENT-LENGTH: 3\r\n\r\n");
}

TEST(ResponseWriter, CutsABodyAtItsContentLength) {
    Answer answer(kKept);
    answer.with("Content-Length", "3").complete().piece("he");
    EXPECT_EQ(answer.writer.room(), 1);
    EXPECT_EQ(answer.writer.missing(), 1);
    answer.piece("llo").piece("more");
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + kDate + "\r\nhel");
    EXPECT_EQ(answer.writer.missing(), 0);
}

TEST(ResponseWriter, CountsWhatAFileBroughtAlong) {
    Answer answer(kKept);
    answer.complete(10);
    answer.writer.count(4);
    EXPECT_EQ(answer.writer.room(), 6);
    EXPECT_EQ(answer.writer.body_bytes(), 4);
}

TEST(ResponseWriter, SendsNoBodyToAHeadRequest) {
    ResponseWriter::Terms terms = kKept;
    terms.head_request = true;
    Answer answer(terms);
    answer.complete(5).piece("hello");
    EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + kDate + "\r\n");
    EXPECT_TRUE(answer.kept);
    EXPECT_EQ(answer.writer.missing(), 0);
    Answer unknown(terms);
    unknown.complete().piece("hello");
    EXPECT_EQ(unknown.end(), "HTTP/1.1 200 OK\r\n" + kDate + "\r\n");
    Answer nothing(terms);  // an application that makes no body for HEAD, but one for GET
    nothing.complete(0);
    EXPECT_EQ(nothing.end(), "HTTP/1.1 200 OK\r\n" + kDate + "\r\n");
    Answer empty(terms);
    empty.with("Content-Length", "0").complete(0);
    EXPECT_EQ(empty.end(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + kDate + "\r\n");
}

TEST(ResponseWriter, SendsNoLengthWithStatus204) {
    Answer answer(kKept, "204 No Content");
    answer.with("Content-Length", "4").complete(4).piece("body");
    EXPECT_EQ(answer.end(), "HTTP/1.1 204 No Content\r\n" + kDate + "\r\n");
    EXPECT_TRUE(answer.kept);
    EXPECT_EQ(answer.writer.missing(), 0);
    EXPECT_EQ(answer.writer.head().count(), 0);
}

TEST(ResponseWriter, EndsTheConnectionWhenTheApplicationSaysSo) {
    for (const char* value : {"close", "Close", "upgrade, close"}) {
        Answer answer(kKept);
        answer.with("connection", value).complete(2).piece("ok");
        EXPECT_EQ(answer.end(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + kDate +
                                    "Connection: close\r\n\r\nok");
        EXPECT_FALSE(answer.kept);
    }
}

TEST(ResponseWriter, SendsNoBodyWhereTheStatusAllowsNone) {
    for (const std::string status : {"204 No Content", "304 Not Modified"}) {
        Answer answer(kKept, status);
        answer.complete(5).piece("hello");
        EXPECT_EQ(answer.end(), "HTTP/1.1 " + status + "\r\n" + kDate + "\r\n");
        EXPECT_TRUE(answer.kept);
    }
    // The length that the answer with a body would have is the application's to tell.
    Answer answer(kKept, "304 Not Modified");
    answer.with("Content-Length", "9").complete().piece("x");
    EXPECT_EQ(answer.end(), "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n" + kDate + "\r\n");
    EXPECT_EQ(answer.writer.missing(), 0);
}

TEST(ResponseWriter, SendsNothingBehindACut) {
    Answer answer(kKept);
    answer.complete().piece("hello");
    answer.writer.cut_off();
    answer.bytes.clear();
    answer.piece("more");
    EXPECT_EQ(answer.end(), "");
}

TEST(ResponseWriter, IsReplacedByAWholeAnswer) {
    ResponseWriter writer;
    EXPECT_FALSE(writer.completed());
    writer.replace(500, "all of it");
    EXPECT_TRUE(writer.completed());
    EXPECT_EQ(writer.head().status(), 500);
    EXPECT_EQ(writer.head_part().iov_len, 9);
    EXPECT_EQ(writer.last_part().iov_len, 0u);
}

TEST(ResponseHead, AddsTheReasonThatIsMissing) {
    ResponseHead head;
    EXPECT_FALSE(head.is_set());
    EXPECT_TRUE(head.start("HTTP/1.0", "404"));
    EXPECT_EQ(head.text(), "HTTP/1.0 404 Not Found\r\n");
    EXPECT_TRUE(head.start("HTTP/1.1", "404 "));
    EXPECT_EQ(head.text(), "HTTP/1.1 404 \r\n");
    EXPECT_FALSE(head.start("HTTP/1.1", "OK"));
    EXPECT_FALSE(head.is_set());
}

TEST(ResponseHead, RefusesWhatWouldBreakTheAnswer) {
    ResponseHead head;
    ASSERT_TRUE(head.start("HTTP/1.1", "200 OK"));
    for (const char* name : {"", "X Y", "X:", "X\r\nY", "\xfcml", "X\t"}) {
        EXPECT_EQ(head.add(name, "v"), Fault::Name) << name;
    }
    for (const char* value : {"a\r\nSet-Cookie: b", "a\nb", "\x01", "\x7f"}) {
        EXPECT_EQ(head.add("X-Y", value), Fault::ControlCharacter) << value;
    }
    EXPECT_EQ(head.add("X-Tab", "a\tb"), Fault::None);
    EXPECT_EQ(head.add("X-Latin", "\xfc"), Fault::None);
    EXPECT_EQ(head.count(), 2);
}

TEST(ResponseHead, KeepsHopByHopFieldsForTheServer) {
    for (const char* name : {"Connection", "keep-alive", "Proxy-Authenticate", "TE", "Trailer",
                             "Proxy-Authorization", "TRANSFER-ENCODING", "Upgrade"}) {
        ResponseHead head;
        ASSERT_TRUE(head.start("HTTP/1.1", "200 OK"));
        EXPECT_EQ(head.add(name, "x"), Fault::HopByHop) << name;
        EXPECT_EQ(head.text(), "HTTP/1.1 200 OK\r\n");
        EXPECT_EQ(head.add(name, "x\n"), Fault::ControlCharacter) << name;
    }
    ResponseHead head;
    ASSERT_TRUE(head.start("HTTP/1.1", "200 OK"));
    for (const char* name : {"Of", "X-Agent", "X-Distance", "X-Transfer-Encode"}) {
        EXPECT_EQ(head.add(name, "x"), Fault::None) << name;  // as long as some of them
    }
}

TEST(ResponseHead, TakesOneContentLength) {
    for (const char* value : {"", "-1", "+1", "1a", " 1", "1 ", "0x1", "99999999999999999999"}) {
        ResponseHead head;
        ASSERT_TRUE(head.start("HTTP/1.1", "200 OK"));
        EXPECT_EQ(head.add("Content-Length", value), Fault::ContentLength) << value;
    }
    ResponseHead head;
    ASSERT_TRUE(head.start("HTTP/1.1", "200 OK"));
    EXPECT_EQ(head.add("Content-Length", "18446744073709551615"), Fault::None);
    EXPECT_EQ(head.add("content-length", "18446744073709551615"), Fault::None);
    EXPECT_EQ(head.add("Content-Length", "7"), Fault::ContentLength);
    EXPECT_EQ(head.length(), 18446744073709551615U);
}

}  // namespace

}  // namespace geventd::http
