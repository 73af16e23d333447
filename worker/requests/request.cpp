// SPDX-License-Identifier: MIT
#include "worker/requests/request.h"

#include <algorithm>
#include <vector>

namespace geventd::worker {

namespace {

constexpr std::size_t kMostKept = 256;
constexpr std::size_t kKeptCapacity = 4096;

}  // namespace

/// The unused requests of a pool; keeps none once the pool is destroyed.
struct RequestStock {
    std::vector<InCorner<Request>> unused;
    bool open = true;

    [[nodiscard]] bool has_room() const { return open && unused.size() < kMostKept; }
};

void Request::release() {
    if (--references_ > 0) {
        return;
    }
    InCorner<Request> request(this, place_);
    if (stock_->has_room()) {
        clear();
        stock_->unused.push_back(std::move(request));
    }
}

void Request::set_log_var(std::string_view name, std::string_view value) {
    const auto same = std::find_if(log.vars.begin(), log.vars.end(),
                                   [name](const Log::Var& var) { return var.name == name; });
    if (same != log.vars.end()) {
        same->value = value;
    } else {
        log.vars.push_back({std::string(name), std::string(value)});
    }
}

const std::string* Request::log_var(std::string_view name) const {
    const auto found = std::find_if(log.vars.begin(), log.vars.end(),
                                    [name](const Log::Var& var) { return var.name == name; });
    return found == log.vars.end() ? nullptr : &found->value;
}

void Request::clear() {
    if (head_bytes.capacity() > kKeptCapacity) {
        std::string().swap(head_bytes);
    }
    body.clear();
    if (has_environ) {
        vars.clear();
        has_environ = false;
    }
    exchange = nullptr;
    if (upgraded) {
        upgraded.reset();
        left_core = false;
        traffic = {};
        no_upgrade = {};
        was_refused_upgrade = false;
    }
    answer.reset();
    reader = writer = {};
    runner = nullptr;
    limit.reset();
    client = {};
    id.clear();
    named_file.clear();
    log.wanted = false;
    log.vars.clear();
    form = {};
    sent = {};
    times = {};
    core = 0;
    ordinal = 0;
}

// Reserves room for all, so that giving a request back cannot fail.
RequestPool::RequestPool() : stock_(std::make_shared<RequestStock>()) {
    stock_->unused.reserve(kMostKept);
}

RequestPool::~RequestPool() {
    stock_->open = false;
    stock_->unused.clear();
}

RequestRef RequestPool::take() {
    if (stock_->unused.empty()) {
        // The last RequestRef returns the request to the stock.
        static_assert(sizeof(Request) > SharedPages::kCorners[0]);  // which is a connection's
        auto request = make_in_corner<Request>(stock_);
        request->place_ = request.get_deleter();
        return RequestRef(*request.release());
    }
    Request* request = stock_->unused.back().release();
    stock_->unused.pop_back();
    return RequestRef(*request);
}

}  // namespace geventd::worker
