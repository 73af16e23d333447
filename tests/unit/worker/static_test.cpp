// SPDX-License-Identifier: MIT
// The loop side with files: requests that need neither the application nor a core.
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <filesystem>
#include <future>
#include <iterator>
#include <string>

#include "file_folder.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

class StaticTest : public WorkerTest {
  protected:
    StaticTest() {
        folder.write("app.css", "body{}");
        folder.write("index.html", "index");
        folder.write("dir/index.html", "inner");
        folder.write("large", std::string(kLarge, 'x'));
        settings.workers.cores = 1;
        config::StaticFiles files;
        files.path = "/static";
        files.root = folder.path();
        settings.static_files = {files};
        application.on_start = [](Request& request) { answer(request, "the application"); };
    }

    std::string ask(const std::string& head, std::string_view end = "\r\n\r\n") {
        const UniqueFd client = connect();
        send(client, head + " HTTP/1.1\r\nHost: h\r\n\r\n");
        return receive_until(client, end);
    }

    std::string ask_with(const std::string& fields, std::string_view end = "\r\n\r\n") {
        const UniqueFd client = connect();
        send(client, "GET /static/app.css HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
        return receive_until(client, end);
    }

    static bool has(const std::string& answer, std::string_view text) {
        return answer.find(text) != std::string::npos;
    }

    static constexpr std::size_t kLarge = 8 << 20;

    FileFolder folder;
};

TEST_F(StaticTest, AnswersWithFilesAndWithoutTheApplication) {
    start();
    const std::string answer = ask("GET /static/app.css", "body{}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(has(answer, "\r\nContent-Length: 6\r\n")) << answer;
    EXPECT_TRUE(has(answer, "\r\nContent-Type: text/css; charset=utf-8\r\n")) << answer;
    EXPECT_TRUE(application.started.empty());
    EXPECT_EQ(slot.static_answers.load(), 1u);
    EXPECT_EQ(slot.requests.load(), 0u);
    EXPECT_EQ(slot.cores_peak.load(), 0u);
}

TEST_F(StaticTest, LeavesOtherPathsToTheApplication) {
    start();
    for (const char* target : {"/", "/statics", "/app.css", "/other/static/app.css"}) {
        EXPECT_TRUE(has(ask(std::string("GET ") + target, "the application"), "200 OK")) << target;
    }
    EXPECT_EQ(slot.static_answers.load(), 0u);
}

TEST_F(StaticTest, SendsNoBodyToHead) {
    start();
    const std::string answer = ask("HEAD /static/app.css");
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Content-Length: 6\r\n")) << answer;
    EXPECT_TRUE(has(ask("HEAD /static/large"), "Content-Length: 8388608\r\n"));
}

TEST_F(StaticTest, AnswersWhatHasNoFile) {
    start();
    EXPECT_TRUE(ask("GET /static/none").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("GET /static/a%00").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(ask("GET /static/../../secret").starts_with("HTTP/1.1 400 "));
    const std::string refused = ask("DELETE /static/app.css");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ") && has(refused, "Allow: GET, HEAD\r\n"));
    const std::string moved = ask("GET /static/dir?a=b");
    EXPECT_TRUE(moved.starts_with("HTTP/1.1 301 ") && has(moved, "Location: /static/dir/?a=b\r\n"))
        << moved;
    EXPECT_TRUE(has(ask("GET /static/dir/", "inner"), "200 OK"));
    EXPECT_TRUE(has(ask("GET /static", "\r\n\r\n"), "Location: /static/\r\n"));
}

TEST_F(StaticTest, GivesToTheApplicationWhatItHasNot) {
    settings.static_files[0].path = "/";
    settings.static_files[0].fallback = "application";
    start();
    EXPECT_TRUE(has(ask("GET /app.css", "body{}"), "200 OK"));
    EXPECT_TRUE(has(ask("GET /none", "the application"), "200 OK"));
    EXPECT_TRUE(has(ask("POST /app.css", "the application"), "200 OK"));
    EXPECT_EQ(application.started.size(), 2u);
    EXPECT_EQ(slot.static_answers.load(), 1u);
}

TEST_F(StaticTest, OpensAFallbackOnceForAllPaths) {
    folder.write("shell.html", std::string(100'000, 's'));
    settings.static_files[0].fallback = "shell.html";
    start();
    const auto open_files = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    EXPECT_TRUE(has(ask("HEAD /static/none"), "Content-Length: 100000\r\n"));
    const auto before = open_files();
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(has(ask("HEAD /static/none" + std::to_string(i)), "200 OK"));
    }
    EXPECT_EQ(open_files(), before);
}

TEST_F(StaticTest, TakesNoFolderForAFallback) {
    settings.static_files[0].fallback = "dir";
    start();
    EXPECT_TRUE(has(ask("GET /static/none"), "404 Not Found"));
}

TEST_F(StaticTest, HasPathsThatAreTheApplications) {
    settings.static_files[0].path = "/";
    settings.static_files[0].fallback = "index.html";
    config::StaticFiles api;
    api.path = "/api";
    api.fallback = "application";
    settings.static_files.push_back(api);
    start();
    EXPECT_TRUE(has(ask("GET /any/route", "index"), "200 OK"));
    EXPECT_TRUE(has(ask("GET /api/users", "the application"), "200 OK"));
}

TEST_F(StaticTest, ObeysConditionsAndRanges) {
    start();
    const std::string whole = ask_with("", "body{}");
    const std::size_t begin = whole.find("ETag: ") + 6;
    const std::string etag = whole.substr(begin, whole.find("\r\n", begin) - begin);
    const std::string same = ask_with("If-None-Match: " + etag + "\r\n");
    EXPECT_TRUE(same.starts_with("HTTP/1.1 304 ") && has(same, etag)) << same;
    EXPECT_FALSE(has(same, "Content-Length")) << same;
    EXPECT_TRUE(ask_with("If-Match: \"x\"\r\n").starts_with("HTTP/1.1 412 "));
    const std::string part = ask_with("Range: bytes=1-3\r\n", "\r\n\r\nody");
    EXPECT_TRUE(part.starts_with("HTTP/1.1 206 ") && has(part, "Content-Range: bytes 1-3/6\r\n"));
    const std::string none = ask_with("Range: bytes=6-\r\n");
    EXPECT_TRUE(none.starts_with("HTTP/1.1 416 ") && has(none, "Content-Range: bytes */6\r\n"));
    const std::string parts = ask_with("Range: bytes=0-0,5-5\r\n", "--\r\n");
    EXPECT_TRUE(has(parts, "multipart/byteranges; boundary=")) << parts;
    EXPECT_TRUE(has(parts, "Content-Range: bytes 5-5/6\r\n\r\n}\r\n--")) << parts;
}

TEST_F(StaticTest, TakesTheDateOfAFileForStrongWhenItsSecondIsOver) {
    using std::chrono::hours;
    for (const auto age : {hours(1), hours(-1)}) {
        const auto date = std::filesystem::file_time_type::clock::now() - age;
        std::filesystem::last_write_time(folder.path("app.css"), date);
        start();
        const std::string whole = ask_with("", "body{}");
        const std::size_t begin = whole.find("Last-Modified: ") + 15;
        const std::string modified = whole.substr(begin, whole.find("\r\n", begin) - begin);
        const std::string part = ask_with("If-Range: " + modified + "\r\nRange: bytes=0-0\r\n");
        EXPECT_TRUE(has(part, age > hours(0) ? " 206 " : " 200 ")) << part;
        EXPECT_TRUE(
            ask_with("If-Modified-Since: " + modified + "\r\n").starts_with("HTTP/1.1 304"));
    }
}

TEST_F(StaticTest, SendsWhatIsCompressedToThoseWhoAcceptIt) {
    folder.write("app.css.gz", "packed");
    start();
    const std::string packed = ask_with("Accept-Encoding: br, gzip\r\n", "packed");
    EXPECT_TRUE(has(packed, "Content-Encoding: gzip\r\n")) << packed;
    EXPECT_TRUE(has(packed, "Vary: Accept-Encoding\r\n")) << packed;
    for (const char* field : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n",
                              "Accept-Encoding: gzip;q=0.5, identity\r\n"}) {
        const std::string plain = ask_with(field, "body{}");
        EXPECT_TRUE(has(plain, "Vary: Accept-Encoding\r\n")) << plain;
    }
}

TEST_F(StaticTest, SendsWhatWasReadForAnotherClient) {
    folder.write("large.gz", std::string(1 << 20, 'g'));
    start();
    EXPECT_TRUE(has(ask("HEAD /static/large"), " 200 OK"));
    for (const auto& [field, byte] : {std::pair("Accept-Encoding: gzip\r\n", 'g'), {"", 'x'}}) {
        const UniqueFd client = connect();
        send(client,
             std::string("GET /static/large HTTP/1.1\r\nHost: h\r\nRange: bytes=0-999\r\n") +
                 field + "\r\n");
        EXPECT_TRUE(has(receive_until(client, "\r\n\r\n" + std::string(1000, byte)), " 206 "));
    }
}

TEST_F(StaticTest, ReadsFieldsOfSeveralLines) {
    folder.write("app.css.gz", "packed");
    start();
    EXPECT_TRUE(has(ask_with("Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n"), ": gzip\r\n"));
    EXPECT_TRUE(has(ask_with("Accept-Encoding: br\r\nAccept-Encoding: zstd\r\n"
                             "Accept-Encoding: gzip\r\n"),
                    ": gzip\r\n"));
    const std::string whole = ask_with("", "body{}");
    const std::size_t begin = whole.find("ETag: ") + 6;
    const std::string etag = whole.substr(begin, whole.find("\r\n", begin) - begin);
    for (const char* name : {"If-None-Match: ", "If-Match: "}) {
        const std::string known = name + etag + "\r\n";
        const std::string other = std::string(name) + "\"x\"\r\n";
        const std::string status = name[3] == 'N' ? "HTTP/1.1 304 " : "HTTP/1.1 200 ";
        EXPECT_TRUE(ask_with(known + other).starts_with(status)) << name;
        EXPECT_TRUE(ask_with(other + known).starts_with(status)) << name;
    }
    EXPECT_TRUE(ask_with("Range: bytes=0-0\r\nRange: bytes=1-1\r\n", "body{}")
                    .starts_with("HTTP/1.1 200 "));
    const std::string same = "If-Range: " + etag + "\r\n";
    EXPECT_TRUE(ask_with(same + "Range: bytes=0-0\r\n").starts_with("HTTP/1.1 206 "));
    for (const std::string& other : {std::string("If-Range: \"x\"\r\n"), same}) {
        EXPECT_TRUE(
            ask_with(other + same + "Range: bytes=0-0\r\n", "body{}").starts_with("HTTP/1.1 200 "));
    }
}

TEST_F(StaticTest, AnswersInTheOrderOfTheRequests) {
    start();
    const UniqueFd client = connect();
    send(client,
         "GET /static/app.css HTTP/1.1\r\nHost: h\r\n\r\n"
         "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
         "GET /static/none HTTP/1.1\r\nHost: h\r\n\r\n"
         "GET /static/dir/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string all = receive_until(client, "");
    const std::size_t first = all.find("body{}");
    const std::size_t second = all.find("the application");
    const std::size_t third = all.find("404");
    const std::size_t fourth = all.find("inner");
    EXPECT_TRUE(first < second && second < third && third < fourth && fourth < all.size()) << all;
}

TEST_F(StaticTest, NeedsNoCore) {
    application.on_start = nullptr;
    start();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return application.started.size() == 1; });
    EXPECT_TRUE(has(ask("GET /static/app.css", "body{}"), "200 OK"));
}

TEST_F(StaticTest, LeavesConnectionsToTheKernelWhereAFullWorkerHasNoFiles) {
    application.on_start = nullptr;
    settings.static_files[0].root.clear();
    settings.static_files[0].fallback = "application";
    start();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return application.started.size() == 1; });
    const UniqueFd waiting = connect();
    send(waiting, "GET /static/app.css HTTP/1.1\r\nHost: h\r\n\r\n");
    worker->turn();
    EXPECT_EQ(slot.connections.load(), 1u);
}

TEST_F(StaticTest, GoesOnSendingWithoutTurns) {
    start();
    const UniqueFd client = connect();
    send(client, "GET /static/large HTTP/1.1\r\nHost: h\r\n\r\n");
    turn_until([&] { return worker->files().transfers().count() == 1; });
    std::size_t got = 0;  // no turn from here on, as if the hub were blocked
    std::array<char, 65536> buffer{};
    while (got < kLarge) {
        const ssize_t more = ::recv(client.get(), buffer.data(), buffer.size(), 0);
        ASSERT_GT(more, 0);
        got += static_cast<std::size_t>(more);
    }
    turn_until([&] { return worker->files().transfers().count() == 0; });
    send(client, "GET /static/app.css HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(has(receive_until(client, "body{}"), "200 OK")) << "the connection is kept";
}

TEST_F(StaticTest, CutsAFileThatBecomesShorter) {
    start();
    const UniqueFd client = connect();
    send(client, "GET /static/large HTTP/1.1\r\nHost: h\r\n\r\n");
    turn_until([&] { return worker->files().transfers().count() == 1; });
    std::filesystem::resize_file(folder.path("large"), 6 << 20);
    auto got = std::async(std::launch::async, [&client] {
        std::array<char, 65536> buffer{};
        std::size_t count = 0;
        ssize_t more = 0;
        while ((more = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0) {
            count += static_cast<std::size_t>(more);
        }
        return count;
    });
    turn_until([&] { return worker->files().transfers().count() == 0; });
    EXPECT_LT(got.get(), kLarge);
}

TEST_F(StaticTest, TellsAFileThatCannotBeReadFromAClientThatLeaves) {
    // Its speed is a file that fails to be read.
    settings.static_files[0].root = "/sys/class/net/lo";
    if (!std::filesystem::exists("/sys/class/net/lo/speed")) {
        GTEST_SKIP() << "the kernel shows no network here";
    }
    start();
    const std::string answer = ask("GET /static/speed", "");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n")) << answer;
    EXPECT_EQ(slot.disconnects.load(), 0u);
}

TEST_F(StaticTest, SendsTheFileThatTheApplicationNames) {
    config::Sendfile door;
    door.root = folder.path();
    settings.sendfile = {door};
    application.on_start = [this](Request& request) {
        http::ResponseHead& head = request.answer.head();
        head.start(request.form.version, "200 OK");
        head.add("Content-Length", "0");
        head.add("X-Sendfile", folder.path(std::string(request.head.query)));
        head.add("Set-Cookie", "a=b");
        head.add("ETag", "\"of nothing\"");
        worker->files().named().take_name(request);
        request.exchange->finish(true);
    };
    start();
    const std::string answer = ask("GET /?app.css", "body{}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Set-Cookie: a=b\r\n") && has(answer, "Content-Length: 6\r\n"));
    EXPECT_FALSE(has(answer, "X-Sendfile") || has(answer, "of nothing")) << answer;
    EXPECT_EQ(slot.static_answers.load(), 1u);
    EXPECT_EQ(slot.cores_busy.load(), 0u);
    for (const char* field : {"If-Match: \"x\"", "Range: bytes=6-"}) {
        const std::string none =
            ask(std::string("GET /?app.css HTTP/1.1\r\n") + field + "\r\nX-Rest:");
        EXPECT_TRUE(none.starts_with("HTTP/1.1 41") && has(none, "\r\nSet-Cookie: a=b\r\n"))
            << none;
    }
    for (const char* name : {"none", "../x", "dir"}) {
        const std::string missing = ask(std::string("GET /?") + name);
        EXPECT_TRUE(missing.starts_with("HTTP/1.1 404 ") && !has(missing, "Set-Cookie")) << missing;
    }
}

}  // namespace
}  // namespace geventd::worker
