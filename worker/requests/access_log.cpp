// SPDX-License-Identifier: MIT
#include "worker/requests/access_log.h"

#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "http/octets.h"
#include "log/logger.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request_fields.h"

namespace geventd::worker {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// nginx's number for a client that closed before its answer was complete.
constexpr int kClientClosed = 499;

// Finds ${var.NAME}: a header by its environ name, or a uwsgi variable.
class Lookup : public log::AccessLookup {
  public:
    explicit Lookup(const Request& request) : request_(request) {}

    [[nodiscard]] std::string_view var(std::string_view name) const override {
        std::string header(name.substr(0, 5) == "HTTP_" ? name.substr(5) : name);
        for (char& c : header) {
            c = c == '_' ? '-' : http::to_lower(c);
        }
        return field_of(request_, header, name);
    }

    [[nodiscard]] std::string_view logvar(std::string_view name) const override {
        const std::string* value = request_.log_var(name);
        return value == nullptr ? std::string_view() : *value;
    }

  private:
    const Request& request_;
};

std::int64_t wall_clock_at(TimePoint moment) {
    const auto ago = Clock::now() - moment;
    const auto then =
        std::chrono::system_clock::now() - duration_cast<std::chrono::system_clock::duration>(ago);
    return duration_cast<microseconds>(then.time_since_epoch()).count();
}

log::AccessTemplate compile(const std::string& format, bool json) {
    auto compiled =
        log::AccessTemplate::compile(format, json ? log::Escape::Json : log::Escape::Text);
    if (!compiled) {
        throw std::runtime_error("log.access: " + compiled.error().message);
    }
    return std::move(*compiled);
}

}  // namespace

AccessLog::AccessLog(const std::string& format, const shm::WorkerSlot& slot, int worker, bool json,
                     const config::AccessWhen& when)
    : template_(compile(format, json)), filter_(when), slot_(slot), worker_(worker) {}

void AccessLog::fill(log::AccessRecord& record, const Request& request) {
    const http::RequestHead& head = request.head;
    record.method = head.method;
    record.uri = head.target;
    record.path = request.path_info;
    record.query = head.query;
    record.protocol = request.version;
    record.scheme = request.client.scheme.empty() ? "http" : request.client.scheme;
    record.host = field_of(request, "host", "HTTP_HOST");
    record.user = field_of(request, "", "REMOTE_USER");
    record.client = request.client.address;
    record.user_agent = field_of(request, "user-agent", "HTTP_USER_AGENT");
    record.referer = field_of(request, "referer", "HTTP_REFERER");
    record.request_id = request.id;
    record.content_length = head.content_length;
    record.vars = static_cast<unsigned>(request.vars.environ.size() + head.headers.size());
    record.request_bytes = request.head_bytes.size();
    record.core = request.core;
}

void AccessLog::write(const Request& request, const Exchange& exchange) {
    const int status = exchange.broken() ? kClientClosed : request.sent.status;
    const Duration duration = Clock::now() - request.times.received;
    if (!request.log.wanted && !filter_.passes(status, duration)) {
        return;
    }
    log::AccessRecord record;
    const Lookup lookup(request);
    fill(record, request);
    if (request.client.scheme.empty() && exchange.client().secured != nullptr) {
        record.scheme = "https";
    }
    if (request.id.empty()) {
        names_.make(name_);
        record.request_id = name_;
    }
    const std::string host = exchange.client().host();
    record.addr = request.has_environ ? request.vars.remote_addr : std::string_view(host);
    record.lookup = &lookup;
    record.client_gone = exchange.broken();
    record.status = status;
    record.body_bytes = request.sent.body;
    record.head_bytes = request.sent.head;
    record.response_headers = request.sent.headers;
    record.messages_in = request.traffic.messages_in;
    record.messages_out = request.traffic.messages_out;
    record.bytes_in = request.traffic.bytes_in;
    record.start = wall_clock_at(request.times.received);
    record.duration = duration_cast<microseconds>(duration).count();
    if (request.times.first_byte != TimePoint()) {
        record.time_to_first_byte =
            duration_cast<microseconds>(request.times.first_byte - request.times.received).count();
    }
    record.queue_time =
        duration_cast<microseconds>(request.times.started - request.times.received).count();
    emit(record);
}

void AccessLog::write_refused(const Request* request, const Exchange& exchange, int status,
                              const http::AnswerParts& answer) {
    const bool has_begun = request != nullptr && request->times.received != TimePoint();
    const TimePoint now = Clock::now();
    const TimePoint start = has_begun ? request->times.received : now;
    if (!filter_.passes(status, now - start)) {
        return;
    }
    log::AccessRecord record;
    if (request != nullptr) {
        fill(record, *request);
    }
    if (record.request_id.empty()) {
        names_.make(name_);
        record.request_id = name_;
    }
    const std::string host = exchange.client().host();
    const bool is_told = request != nullptr && request->has_environ;
    record.addr = is_told && !request->vars.remote_addr.empty() ? request->vars.remote_addr
                                                                : std::string_view(host);
    record.status = status;
    record.response_headers = answer.fields;
    record.head_bytes = answer.head;
    record.body_bytes = answer.body;
    record.start = wall_clock_at(start);
    record.duration = duration_cast<microseconds>(now - start).count();
    emit(record);
}

void AccessLog::emit(const log::AccessRecord& record) {
    log::AccessRecord line = record;
    line.pid = ::getpid();
    line.worker = worker_;
    line.worker_requests = line.all_requests = slot_.requests.load(std::memory_order_relaxed);
    line_.clear();
    template_.format_line(line, line_);
    log::write_access(line_);
}

}  // namespace geventd::worker
