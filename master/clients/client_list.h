// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "master/clients/client.h"

namespace geventd::master {

/// The clients of one server by number, oldest first. A late answer finds its client by that
/// number, or finds that it is gone. `Kind` is a class derived from Client.
/// Lives in: master.
template <typename Kind>
class ClientList {
  public:
    template <typename... More>
    Kind& add(const Client::Context& context, UniqueFd fd, More&&... more) {
        const std::uint64_t id = next_id_++;
        auto client =
            std::make_unique<Kind>(context, id, std::move(fd), std::forward<More>(more)...);
        return *clients_.emplace(id, std::move(client)).first->second;
    }

    /// nullptr when it is gone.
    [[nodiscard]] Kind* find(std::uint64_t id) const {
        const auto found = clients_.find(id);
        return found == clients_.end() ? nullptr : found->second.get();
    }

    void remove(std::uint64_t id) noexcept { clients_.erase(id); }

    void remove_oldest() noexcept { clients_.erase(clients_.begin()); }

    [[nodiscard]] std::size_t size() const { return clients_.size(); }

  private:
    std::map<std::uint64_t, std::unique_ptr<Kind>> clients_;
    std::uint64_t next_id_ = 1;
};

}  // namespace geventd::master
