// SPDX-License-Identifier: MIT
#include "worker/requests/body.h"

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

http::RequestHead with_length(std::uint64_t length) {
    http::RequestHead head;
    head.body = length > 0 ? http::BodyKind::Length : http::BodyKind::None;
    head.has_content_length = true;
    head.content_length = length;
    return head;
}

http::RequestHead chunked() {
    http::RequestHead head;
    head.body = http::BodyKind::Chunked;
    return head;
}

std::string take_all(Body& body) {
    std::string bytes(body.buffered(), '\0');
    bytes.resize(body.take(bytes.data(), bytes.size()));
    return bytes;
}

TEST(Body, OfARequestWithoutOneIsComplete) {
    Body body;
    body.start(http::RequestHead(), 0);
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(body.feed("GET / HTTP/1.1"), 0u);
}

TEST(Body, WithALengthLeavesWhatFollowsToTheNextRequest) {
    Body body;
    body.start(with_length(5), 0);
    EXPECT_EQ(body.feed("hel"), 3u);
    EXPECT_FALSE(body.complete());
    EXPECT_EQ(body.feed("loGET /"), 2u);
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(take_all(body), "hello");
}

TEST(Body, GivesAgainWhatIsPutBack) {
    Body body;
    body.start(with_length(20), 0);
    body.feed("one\ntwo\nthree");
    std::string bytes(8, '\0');
    ASSERT_EQ(body.take(bytes.data(), 8), 8u);
    body.put_back("two\n");
    EXPECT_EQ(body.buffered(), 9u);
    EXPECT_EQ(take_all(body), "two\nthree");
    body.put_back("three");  // the buffer is empty
    EXPECT_EQ(take_all(body), "three");
    EXPECT_EQ(body.direct(), 7u);
    body.received(7);
    body.put_back("end");  // never was in the buffer
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(take_all(body), "end");
}

TEST(Body, MayBeReceivedDirectlyOnlyBehindWhatIsBuffered) {
    Body body;
    body.start(with_length(10), 0);
    body.feed("abc");
    EXPECT_EQ(body.direct(), 0u);
    EXPECT_EQ(take_all(body), "abc");
    EXPECT_EQ(body.direct(), 7u);
    body.received(7);
    EXPECT_TRUE(body.complete());
}

TEST(Body, ThatAnnouncesMoreThanTheLimitIsRefusedAtOnce) {
    Body body;
    body.start(with_length(11), 10);
    EXPECT_EQ(body.rejection().status, 413);
    Body fits;
    fits.start(with_length(10), 10);
    EXPECT_FALSE(fits.failed());
}

TEST(Body, InChunksIsDecodedAcrossAnyCut) {
    const std::string wire = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nNEXT";
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        Body body;
        body.start(chunked(), 0);
        std::size_t used = body.feed(wire.substr(0, cut));
        if (!body.complete()) {
            used += body.feed(wire.substr(cut));
        }
        EXPECT_TRUE(body.complete()) << cut;
        EXPECT_EQ(used, wire.size() - 4) << cut;
        EXPECT_EQ(take_all(body), "hello world") << cut;
    }
}

TEST(Body, InChunksIsRefusedWhenItOutgrowsTheLimit) {
    Body body;
    body.start(chunked(), 4);
    body.feed("5\r\nhello\r\n");
    EXPECT_EQ(body.rejection().status, 413);
}

TEST(Body, InBadChunksIsRefused) {
    Body body;
    body.start(chunked(), 0);
    body.feed("zz\r\n");
    EXPECT_EQ(body.rejection().status, 400);
}

TEST(Body, IsFreshAfterClear) {
    Body body;
    body.start(with_length(10), 5);
    body.clear();
    EXPECT_TRUE(body.complete());
    EXPECT_FALSE(body.failed());
    EXPECT_EQ(body.buffered(), 0u);
}

}  // namespace
}  // namespace geventd::worker
