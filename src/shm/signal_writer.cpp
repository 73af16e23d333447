// SPDX-License-Identifier: MIT
#include "shm/signal_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace geventd::shm {

namespace {

/// No writer ever gets this far; a head past it is damaged.
constexpr std::uint64_t kMostPosition = std::uint64_t{1} << 62;

SignalExtent payload_of(const SignalBody& body) {
    return SignalExtent::unpack(body.payload.load_relaxed());
}

/// Copies in two halves with a step between them, so that the kill tests see a torn payload.
void copy_payload(std::byte* to, std::span<const std::byte> from) {
    const std::size_t half = from.size() / 2;
    if (!from.empty()) {
        std::memcpy(to, from.data(), half);
        step();
        std::memcpy(to + half, from.data() + half, from.size() - half);
    }
}

}  // namespace

SignalWriter::SignalWriter(const SignalTable& table, unsigned process, SignalWaker& waker)
    : table_(table),
      registry_(table),
      waker_(waker),
      process_(process),
      pid_(::getpid()),
      queue_(table.queue(process)),
      arena_(table.shape().payload_bytes) {
    held_.reserve(table.shape().slots);
    recipients_.reserve(table.processes());
    reserved_.reserve(table.processes());
    take_over();
}

/// A predecessor that was killed between publishing a slot and moving the head left one signal
/// beyond the head. Moving the head by one includes it, and the rescan makes the workers look. This
/// also helps signals before a head that was damaged.
void SignalWriter::take_over() {
    const std::uint32_t written = queue_.written();
    for (std::uint32_t slot = 0; slot < written; ++slot) {
        const std::uint64_t word = queue_.states[slot].load();
        const SignalBody& body = queue_.bodies[slot];
        if (SignalState::unpack(word).writable()) {
            continue;
        }
        if (const SignalExtent payload = payload_of(body); payload.size != 0) {
            arena_.hold(payload.offset, payload.size);
            hold(slot, payload);
        }
        const SignalRouting routing = SignalRouting::unpack(body.routing.load_relaxed());
        if (routing.tick) {
            ticks_.push_back({routing, slot, word});
        }
    }
    const std::uint64_t head = queue_.ends->head.load();
    position_ = std::max<std::uint64_t>(head < kMostPosition ? head + 1 : 0, written);
    queue_.ends->head.store_ordered(position_);
    queue_.ends->rescans.add(1);
}

bool SignalWriter::reassert() const noexcept {
    if (queue_.ends->head.load() == position_) {
        return false;
    }
    queue_.ends->head.store_ordered(position_);
    queue_.ends->rescans.add(1);
    return true;
}

/// The constructor reserved all of held_, so this cannot fail.
void SignalWriter::hold(std::uint32_t slot, SignalExtent payload) {
    if (slot >= held_.size()) {
        held_.resize(slot + 1);
    }
    held_[slot] = payload;
}

/// During the first lap every 64th signal would touch a fresh page, and reach its handler 30 us
/// late. So processes that send, and only these, make an eighth of a MiB resident at a time.
void SignalWriter::prepare_memory() {
    constexpr std::uint32_t kSlots = 2048;
    const std::uint32_t slot = queue_.slot(position_);
    const std::uint32_t count = std::min(kSlots, queue_.mask + 1 - slot);
    queue_.populate(slot, count);
    prepared_slots_ += count;
    const bool whole = prepared_slots_ > queue_.mask + kSlots;
    prepared_ = whole ? std::numeric_limits<std::uint64_t>::max() : position_ + count;
}

SignalCounters::Number& SignalWriter::counters(std::uint8_t number) const {
    return table_.counters(process_).numbers[number];
}

SendResult SignalWriter::send(const OutgoingSignal& signal, std::int64_t now) noexcept {
    if (signal.payload.size() > std::min(kMaxSignalPayload, table_.shape().payload_bytes)) {
        return SendResult::PayloadTooLarge;
    }
    const std::optional<SignalTarget> target = registry_.route(signal.number);
    if (!target) {
        counters(signal.number).unregistered.count();
        return SendResult::Unregistered;
    }
    const auto worker = static_cast<std::uint16_t>(table_.process(process_).worker.load_relaxed());
    find_recipients({signal.number, signal.tick, *target, worker});
    const auto bytes = static_cast<std::uint32_t>(signal.payload.size());
    if (!reserve(recipients_.size(), bytes)) {
        counters(signal.number).refused.count();
        return SendResult::QueueFull;
    }
    for (std::size_t index = 0; index < recipients_.size(); ++index) {
        const Draft draft{recipients_[index], 0, 0, now, pid_, signal.payload};
        publish(draft, reserved_[index]);
        waker_.published(recipients_[index]);
    }
    counters(signal.number).accepted.count(recipients_.size());
    return SendResult::Accepted;
}

bool SignalWriter::forward(const SignalClaim& signal) noexcept {
    if (!reserve(1, static_cast<std::uint32_t>(signal.payload.size()))) {
        return false;
    }
    const Draft draft{signal.routing, signal.attempts,   signal.repeats,
                      signal.sent_at, signal.sender_pid, signal.payload};
    publish(draft, reserved_.front());
    waker_.published(signal.routing);
    counters(signal.routing.number).accepted.count();
    return true;
}

/// A signal to All becomes one copy for each worker that is ready; if none is, one signal for
/// whichever comes first, so that it is not lost. Ticks skip workers whose last tick still waits.
void SignalWriter::find_recipients(const SignalRouting& routing) {
    recipients_.clear();
    SignalRouting each = routing;
    if (routing.target.kind != TargetKind::All) {
        recipients_.push_back(each);
    } else {
        const unsigned end = table_.in_use();
        for (unsigned process = kMasterProcess + 1; process < end; ++process) {
            if (registry_.takes_signals(process) && registry_.holds(process, routing.number)) {
                each.target = {TargetKind::Copy,
                               static_cast<std::uint16_t>(table_.process(process).worker.load())};
                add_recipient(each);
            }
        }
        if (recipients_.empty()) {
            each.target = {};
            recipients_.push_back(each);
        }
    }
    if (routing.tick) {
        std::erase_if(recipients_, [this](const SignalRouting& one) { return absorb_tick(one); });
    }
}

/// A worker that is being replaced and its successor share a number and get one copy.
void SignalWriter::add_recipient(const SignalRouting& one) {
    const auto same = [&](const SignalRouting& other) { return other.target == one.target; };
    if (std::none_of(recipients_.begin(), recipients_.end(), same)) {
        recipients_.push_back(one);
    }
}

/// True if an undelivered tick now stands for this one too. Reads the state again after counting: a
/// tick that was claimed in between may not have included this one.
bool SignalWriter::absorb_tick(const SignalRouting& routing) {
    for (auto tick = ticks_.begin(); tick != ticks_.end();) {
        Word<std::uint64_t>& state = queue_.states[tick->slot];
        if (SignalState::unpack(tick->state).phase != SignalPhase::Ready ||
            state.load() != tick->state) {
            tick = ticks_.erase(tick);
            continue;
        }
        if (tick->routing.number == routing.number && tick->routing.target == routing.target) {
            queue_.bodies[tick->slot].repeats.add(1);
            if (state.load_ordered() == tick->state) {
                counters(routing.number).coalesced.count();
                return true;
            }
        }
        ++tick;
    }
    return false;
}

/// Finds that many writable slots, in order of positions from the head on, and room for a payload
/// for each.
bool SignalWriter::reserve(std::size_t slots, std::uint32_t payload_bytes) {
    if (position_ >= prepared_) {
        prepare_memory();
    }
    reserved_.clear();
    const std::uint64_t end = position_ + table_.shape().slots;
    for (std::uint64_t at = position_; at < end && reserved_.size() < slots; ++at) {
        const std::uint32_t slot = queue_.slot(at);
        if (SignalState::unpack(queue_.states[slot].load()).writable()) {
            collect(slot);
            reserved_.push_back({at, 0});
        }
    }
    if (reserved_.size() < slots) {
        return false;
    }
    if (payload_bytes == 0) {
        return true;
    }
    for (Room& room : reserved_) {
        std::optional<std::uint32_t> offset = arena_.take(payload_bytes);
        if (!offset) {
            collect_all();
            offset = arena_.take(payload_bytes);
        }
        if (!offset) {
            undo_reservation(payload_bytes);
            return false;
        }
        room.offset = *offset + 1;
    }
    return true;
}

void SignalWriter::undo_reservation(std::uint32_t payload_bytes) {
    for (const Room& room : reserved_) {
        if (room.offset != 0) {
            arena_.give(room.offset - 1, payload_bytes);
        }
    }
}

void SignalWriter::collect(std::uint32_t slot) {
    if (slot < held_.size()) {
        const SignalExtent payload = std::exchange(held_[slot], {});
        arena_.give(payload.offset, payload.size);
    }
}

void SignalWriter::collect_all() {
    for (std::uint32_t slot = 0; slot < held_.size(); ++slot) {
        if (held_[slot].size != 0 && SignalState::unpack(queue_.states[slot].load()).writable()) {
            collect(slot);
        }
    }
}

void SignalWriter::publish(const Draft& draft, const Room& room) noexcept {
    const std::uint32_t slot = queue_.slot(room.position);
    SignalBody& body = queue_.bodies[slot];
    SignalState state = SignalState::unpack(queue_.states[slot].load());
    const auto size = static_cast<std::uint32_t>(draft.payload.size());
    const std::uint32_t offset = size == 0 ? 0 : room.offset - 1;
    copy_payload(queue_.payloads + offset, draft.payload);
    body.sequence.store_relaxed(room.position);
    body.sent_at.store_relaxed(draft.sent_at);
    body.routing.store_relaxed(draft.routing.pack());
    body.payload.store_relaxed(SignalExtent{offset, size}.pack());
    body.repeats.store_relaxed(draft.repeats);
    body.sender_pid.store_relaxed(draft.sender_pid);
    hold(slot, {offset, size});
    state = {SignalPhase::Ready, draft.attempts, 0, 0, (state.tag + 1) & SignalState::kTagMask};
    const std::uint64_t word = state.pack();
    queue_.states[slot].store(word);  // from here on the signal is accepted
    position_ = room.position + 1;
    queue_.ends->head.store_ordered(position_);
    if (draft.routing.tick) {
        // If a process freed the slot that may not, its former tick is still in the list.
        std::erase_if(ticks_, [&](const Tick& tick) { return tick.slot == slot; });
        ticks_.push_back({draft.routing, slot, word});
    }
}

}  // namespace geventd::shm
