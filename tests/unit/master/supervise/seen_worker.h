// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "master/supervise/worker_handle.h"
#include "shm/request_table.h"
#include "shm/web_socket_table.h"
#include "unit/master/supervise/fake_processes.h"

namespace geventd::master {

inline UniqueFd memory_file(std::string_view text) {
    UniqueFd file = UniqueFd::adopt(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return file;
}

/// A worker that is ready, with the worker's end of the observer's channel.
class SeenWorker {
  public:
    static constexpr pid_t kPid = 77;

    SeenWorker(FakeWorld& world, std::uint32_t number)
        : region(shm::Region::create("test", shm::RequestTable::size_for(4))),
          requests(region.data(), region.size()),
          websockets(shm::Region::create("test", shm::WebSocketTable::size_for(10))) {
        auto [ours, theirs] = ipc::Channel::make_pair();
        channel.emplace(std::move(theirs));
        handle.emplace(world.services, number, *world.slots.take(1), std::move(ours),
                       WorkerHandle::Terms{{}, WorkerInsight::Room{4, 10}, 0});
        handle->set_pid(kPid);
        auto [masters, observers] = ipc::Channel::make_pair();
        observer.emplace(std::move(observers));
        ipc::Message stacks;
        stacks.type = ipc::MessageType::Stacks;
        stacks.fds.push_back(memory_file(""));
        EXPECT_TRUE(channel->send(stacks));
        ipc::Message ready;
        ready.type = ipc::MessageType::Ready;
        ready.fds.push_back(duplicate(region.fd()));
        ready.fds.push_back(masters.release());
        ready.fds.push_back(duplicate(websockets.fd()));
        EXPECT_TRUE(channel->send(ready));
        handle->receive();
    }

    /// Answers the next question to the observer; returns the question.
    ipc::Message answer(UniqueFd report) {
        ipc::Message question = hear(*observer);
        EXPECT_EQ(question.type, ipc::MessageType::Look);
        if (question.fds.size() == 1) {
            ipc::Message answer;
            answer.type = ipc::MessageType::Look;
            answer.fds.push_back(std::move(report));
            EXPECT_TRUE(ipc::Channel(std::move(question.fds[0])).send(answer));
        }
        return question;
    }

    StackCollector::Target stack_target(std::uint32_t generation) {
        return handle->insight()->stack_target(generation, handle->number());
    }

    shm::Region region;
    shm::RequestTable requests;
    shm::Region websockets;
    std::optional<ipc::Channel> channel;
    std::optional<ipc::Channel> observer;
    std::optional<WorkerHandle> handle;
};

}  // namespace geventd::master
