// SPDX-License-Identifier: MIT
#include "worker/request.h"

#include <vector>

namespace geventd::worker {

namespace {

constexpr std::size_t kMostKept = 256;
constexpr std::size_t kKeptCapacity = 4096;

}  // namespace

/// The unused requests of a pool; none are kept once the pool has gone.
struct RequestStock {
    std::vector<std::unique_ptr<Request>> unused;
    bool open = true;

    void put_back(std::unique_ptr<Request> request) {
        if (open && unused.size() < kMostKept) {
            request->clear();
            unused.push_back(std::move(request));
        }
    }
};

void Request::release() {
    if (--references_ == 0) {
        const std::shared_ptr<RequestStock> stock = stock_;
        stock->put_back(std::unique_ptr<Request>(this));
    }
}

void Request::clear() {
    if (head_bytes.capacity() > kKeptCapacity) {
        std::string().swap(head_bytes);
    }
    body.clear();
    connection = nullptr;
    reader = writer = {};
    runner = nullptr;
    keep_alive = true;
    continue_sent = false;
    client = {};
    id.clear();
    first_byte = {};
    status = 0;
    answer_headers = 0;
    answer_head = answer_body = 0;
}

RequestPool::RequestPool() : stock_(std::make_shared<RequestStock>()) {}

RequestPool::~RequestPool() {
    stock_->open = false;
    stock_->unused.clear();
}

RequestRef RequestPool::take() {
    if (stock_->unused.empty()) {
        // The last RequestRef gives it back to the stock.
        return RequestRef(*std::make_unique<Request>(stock_).release());
    }
    Request* request = stock_->unused.back().release();
    stock_->unused.pop_back();
    return RequestRef(*request);
}

}  // namespace geventd::worker
