// SPDX-License-Identifier: MIT
#include "worker/python/api/signal_book.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "schedule/plan.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

std::string name_of(const shm::SignalTarget& target) {
    switch (target.kind) {
        case shm::TargetKind::Worker:
            return "worker" + std::to_string(target.worker);
        case shm::TargetKind::All:
            return "workers";
        default:
            return "worker";
    }
}

void refuse(const std::string& why) {
    PyErr_SetString(PyExc_ValueError, why.c_str());
}

void refuse_conflict(std::uint8_t number, const shm::SignalTarget& there,
                     const shm::SignalTarget& wanted) {
    refuse("signal " + std::to_string(number) + " has the target '" + name_of(there) +
           "' already, '" + name_of(wanted) + "' conflicts with it");
}

}  // namespace

void SignalBook::reserve(std::uint8_t number, std::string key) {
    reserved_[number] = std::move(key);
}

unsigned SignalBook::workers() const {
    const auto configured = static_cast<unsigned>(settings_.workers.processes);
    return port_ == nullptr ? configured : std::max(configured, port_->worker());
}

bool SignalBook::add(std::uint8_t number, std::string_view target, PyObject* handler,
                     worker::Overlap overlap) {
    const auto wanted = shm::parse_signal_target(target, workers());
    if (!wanted) {
        refuse(wanted.error().message);
        return false;
    }
    if (!reserved_[number].empty()) {
        refuse("signal " + std::to_string(number) + " belongs to " + reserved_[number] +
               " of the configuration");
        return false;
    }
    Registration& entry = registrations_[number];
    if (entry.handler) {
        const auto there = shm::parse_signal_target(entry.target, workers());
        if (there && !(*there == *wanted)) {
            refuse_conflict(number, *there, *wanted);
            return false;
        }
    }
    if (port_ != nullptr && !publish(number, target)) {
        return false;
    }
    entry.target = target;
    entry.overlap = overlap;
    entry.handler = Ref::borrow(handler);
    if (signals_ != nullptr) {
        signals_->look_again();
    }
    return true;
}

void SignalBook::fulfil(std::uint8_t number, PyObject* handler) {
    const std::string key = std::exchange(reserved_[number], {});
    if (!add(number, "", handler, worker::Overlap::Allow)) {
        throw_pending();
    }
    reserved_[number] = key;
}

bool SignalBook::publish(std::uint8_t number, std::string_view target) {
    const shm::SignalTarget wanted =
        shm::parse_signal_target(target, workers()).value_or(shm::SignalTarget{});
    if (port_->add(number, wanted) == shm::SignalRegistry::Outcome::Conflict) {
        refuse_conflict(number, port_->target(number).value_or(shm::SignalTarget{}), wanted);
        return false;
    }
    return true;
}

bool SignalBook::add_plan(std::uint8_t number, const std::string& plan) {
    const auto checked =
        schedule::parse_plan(plan).and_then([](const schedule::SchedulePlan& parsed) {
            return schedule::check_plan(parsed, std::time(nullptr));
        });
    if (!checked) {
        refuse(checked.error().message);
        return false;
    }
    plans_.push_back({number, plan});
    return port_ == nullptr || send(plans_.back());
}

bool SignalBook::send(const Plan& plan) {
    ipc::Message message;
    message.type = ipc::MessageType::Schedule;
    message.value = plan.number;
    message.text = plan.text;
    const auto sent = channel_->send_within(ipc::kMasterPatience, message);
    if (!sent) {
        PyErr_Format(PyExc_RuntimeError, "the master cannot be told of it: %s",
                     sent.error().message.c_str());
    }
    return sent.has_value();
}

void SignalBook::open(worker::SignalPort& port, ipc::Channel& channel) {
    port_ = &port;
    channel_ = &channel;
    for (unsigned number = 0; number < registrations_.size(); ++number) {
        const Registration& entry = registrations_[number];
        if (entry.handler && !publish(static_cast<std::uint8_t>(number), entry.target)) {
            throw_pending();
        }
    }
    for (const Plan& plan : plans_) {
        if (!send(plan)) {
            throw_pending();
        }
    }
}

}  // namespace geventd::py
