// SPDX-License-Identifier: MIT
// Lets each allocation of a request's life fail, one after the other: this may end the connection,
// but never the worker. A separate program, because its allocator fails on demand.
#include <cstdlib>
#include <new>

#include "file_folder.h"
#include "worker_fixture.h"

namespace {

long allocations_left = -1;  // how many succeed before one fails; -1: none fails
bool has_failed = false;

void* allocate(std::size_t size) {
    if (allocations_left == 0) {
        has_failed = true;
    }
    if (allocations_left >= 0 && allocations_left-- == 0) {
        throw std::bad_alloc();
    }
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size);
}

// std::stable_sort() asks so. Without this one it would get the sanitizer's, and give it back here.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace geventd::worker {
namespace {

class Echo : public Application {
  public:
    void start(Request& request) noexcept override {
        char buffer[4096];
        std::size_t got = 1;
        auto state = Exchange::IoState::Done;
        while (state == Exchange::IoState::Done && got > 0) {
            state = request.exchange->read_body(buffer, sizeof buffer, got);
        }
        bool out = false;
        try {
            out = state == Exchange::IoState::Done &&
                  send_answer(request, "ok") == Exchange::IoState::Done;
        } catch (const std::bad_alloc&) {  // the test's own allocations for the head may fail, too
        }
        request.exchange->finish(out);
    }

    void cancel(Request&) noexcept override {}

    void resume(Waiter&) noexcept override {}

    void interrupt(Greenlet*, Interruption) noexcept override {}

    std::string stack_of(Greenlet*) noexcept override { return ""; }
};

class Memory : public WorkerTest {
  protected:
    void SetUp() override {
        const std::vector<std::string> entries{"127.0.0.1"};
        trusted = *http::TrustedProxies::parse(entries);
        settings.log.access = "combined";
        start();
        worker->serve(echo);
    }

    // Runs all turns that the client's bytes cause, while the allocation number `failing` fails.
    void serve(const UniqueFd& client, std::string_view bytes, long failing) {
        const std::size_t half = bytes.size() / 2;
        has_failed = false;
        send(client, bytes.substr(0, half));
        allocations_left = failing;
        worker->turn();
        const bool sent =
            ::send(client.get(), bytes.data() + half, bytes.size() - half, MSG_NOSIGNAL) > 0;
        for (int turns = 0; sent && turns < 4; ++turns) {
            worker->turn();
        }
        allocations_left = -1;
    }

    // Lets each allocation fail once; returns how many there are.
    long fail_each(std::string_view bytes) {
        for (long failing = 0;; ++failing) {
            SCOPED_TRACE(fmt::format("allocation {}", failing));
            UniqueFd client = connect();
            serve(client, bytes, failing);
            client.reset();
            turn_until([&] { return slot.connections.load() == 0; });
            EXPECT_EQ(worker->connections().neglect(), "");
            EXPECT_EQ(slot.cores_busy.load(), 0u);
            EXPECT_EQ(slot.queued.load(), 0u);
            client = connect();
            send(client, kGet);
            EXPECT_NE(receive_until(client, "ok").find("200 OK"), std::string::npos);
            client.reset();
            turn_until([&] { return slot.connections.load() == 0; });
            if (!has_failed || HasFailure()) {
                return failing;
            }
        }
    }

    Echo echo;
};

TEST_F(Memory, MayEndAnywhereInPipelinedRequests) {
    EXPECT_GT(fail_each("PROXY TCP4 192.0.2.1 192.0.2.2 1111 80\r\n"
                        "POST /a%20path HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n"
                        "GET /next HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"),
              3);
}

TEST_F(Memory, MayEndAnywhereInARefusal) {
    EXPECT_GT(fail_each("GET / HTTP/1.1\r\nno header\r\n\r\n"), 1);
}

TEST_F(Memory, MayEndAnywhereInARequestThatTheFileServerPassesOn) {
    FileFolder folder;
    config::StaticFiles files;
    files.path = "/static";
    files.root = folder.path();
    files.fallback = "application";
    settings.static_files = {files};
    settings.limits.request_time = std::chrono::hours(1);
    start();
    worker->serve(echo);
    EXPECT_GT(fail_each("GET /static/none HTTP/1.1\r\nHost: h\r\n\r\n"), 3);
}

}  // namespace
}  // namespace geventd::worker
