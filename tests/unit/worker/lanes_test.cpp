// SPDX-License-Identifier: MIT
// Several exchanges on one connection, each with its own flow control window, as in HTTP/2.
#include <algorithm>
#include <map>

#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using IoState = Exchange::IoState;

// A connection that carries several requests at once. It sends "a:bytes" for the request named a.
struct Carrier {
    std::vector<std::string> sent;
    std::map<std::string, std::size_t> windows;
};

class Lane : public Exchange {
  public:
    Lane(Worker& worker, Carrier& carrier, std::string name)
        : worker_(worker), carrier_(carrier), name_(std::move(name)) {
        request_ = worker.connections().requests().take();
        request_->exchange = this;
        request_->times.received = worker.loop().now();
        request_->head.method = "GET";
        request_->head.path = name_;
        request_->form.version = "HTTP/2";
    }

    void run() override {
        request_->times.started = worker_.loop().now();
        worker_.admission().application().start(*request_);
    }

    void pass_on() override { worker_.admission().admit(*this); }

    void queue_timed_out() override { told = "overdue"; }

    void request_timed_out() override { told = "out of time"; }

    void reset() noexcept override { broken_ = true; }

    IoState read_body(char*, std::size_t, std::size_t& got) override {
        got = 0;
        return IoState::Done;
    }

    [[nodiscard]] bool is_readable() const noexcept override { return false; }

    void await_readable() override {}

    void stop_awaiting_readable() noexcept override {}

    IoState send_whole(std::span<iovec> parts) noexcept override {
        emit("head");
        for (const iovec& part : parts.subspan(1)) {
            unsent_.append(static_cast<const char*>(part.iov_base), part.iov_len);
        }
        ended_ = true;
        return flush();
    }

    IoState send_interim(std::string_view) noexcept override { return IoState::Done; }

    IoState send_head(std::uint64_t) noexcept override {
        emit("head");
        return IoState::Done;
    }

    IoState send_piece(std::string_view bytes) noexcept override {
        unsent_.append(bytes);
        return flush();
    }

    IoState send_file(int, off_t&) noexcept override { return IoState::Done; }

    IoState end_answer() noexcept override {
        ended_ = true;
        return flush();
    }

    IoState send_error(int, std::string_view) noexcept override { return end_answer(); }

    IoState upgrade(std::string_view) noexcept override { return IoState::Failed; }

    IoState send_bytes(std::string_view) noexcept override { return IoState::Failed; }

    [[nodiscard]] bool is_sending() const override { return !unsent_.empty(); }

    bool keep(KeptRest) noexcept override { return false; }

    void await_writable() override {}

    void abandon_write() noexcept override { unsent_.clear(); }

    [[nodiscard]] bool broken() const override { return broken_; }

    [[nodiscard]] bool client_has_left() const noexcept override { return false; }

    void disconnect() noexcept override { broken_ = true; }

    void finish(bool complete) noexcept override {
        const RequestRef request = std::move(request_);
        request->exchange = nullptr;
        worker_.admission().ended(*request);
        emit(complete ? "end" : "reset");
    }

    [[nodiscard]] const Client& client() const override { return client_; }

    // The client takes `bytes` more.
    void grant(std::size_t bytes) {
        carrier_.windows[name_] += bytes;
        if (is_sending() && flush() == IoState::Done && request_->writer) {
            worker_.admission().application().resume(request_->writer);
        }
    }

    std::string told;

  protected:
    void on_out_of_memory() noexcept override { broken_ = true; }

  private:
    void emit(std::string_view bytes) { carrier_.sent.push_back(name_ + ":" + std::string(bytes)); }

    IoState flush() {
        std::size_t& window = carrier_.windows[name_];
        const std::size_t count = std::min(window, unsent_.size());
        if (count > 0) {
            emit(unsent_.substr(0, count));
            unsent_.erase(0, count);
            window -= count;
        }
        return unsent_.empty() ? IoState::Done : IoState::Wait;
    }

    Worker& worker_;
    Carrier& carrier_;
    std::string name_;
    std::string unsent_;
    bool ended_ = false;
    bool broken_ = false;
    Listening listening_;
    Client client_{.listener = listening_, .peer = {}};
};

class LanesTest : public WorkerTest {
  protected:
    Lane& open(const std::string& name, std::size_t window) {
        carrier.windows[name] = window;
        lanes.push_back(std::make_unique<Lane>(*worker, carrier, name));
        worker->admission().admit(*lanes.back());
        return *lanes.back();
    }

    Carrier carrier;
    std::vector<std::unique_ptr<Lane>> lanes;
};

TEST_F(LanesTest, RunAtOnceAndEachWaitsForItsOwnWindow) {
    start();
    Lane& first = open("a", 3);
    open("b", 100);
    ASSERT_EQ(application.started.size(), 2u);
    EXPECT_EQ(slot.cores_busy.load(), 2);
    Request& slow = *application.started[0];
    ASSERT_EQ(send_answer(slow, "longer"), IoState::Wait);
    slow.writer.greenlet = as_greenlet(this);
    answer(*application.started[1], "short");
    EXPECT_EQ(slot.cores_busy.load(), 1);
    first.grant(100);
    EXPECT_EQ(application.resumed, 1);
    slow.exchange->finish(true);
    EXPECT_EQ(carrier.sent, (std::vector<std::string>{"a:head", "a:lon", "b:head", "b:short",
                                                      "b:end", "a:ger", "a:end"}));
    EXPECT_EQ(slot.requests.load(), 2u);
}

TEST_F(LanesTest, WaitForACoreInTheirTurn) {
    settings.workers.cores = 1;
    start();
    open("a", 100);
    Lane& second = open("b", 100);
    Lane& third = open("c", 100);
    EXPECT_EQ(slot.queued.load(), 2u);
    worker->admission().leave(third);
    answer(*application.started[0], "done");
    turn_until([this] { return application.started.size() == 2; });
    EXPECT_EQ(&application.started[1]->exchange->request(), &second.request());
    EXPECT_EQ(slot.queued.load(), 0u);
    answer(*application.started[1], "done");
}

}  // namespace
}  // namespace geventd::worker
