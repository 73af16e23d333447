// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/head_parser.h"
#include "master/clients/client.h"
#include "master/metrics/host_rule.h"
#include "master/metrics/page.h"

namespace geventd::master {

/// A client of `metrics`: Reading (a request head) → Waiting (only for a page that has to be asked
/// for) → Writing → Closing (until the client has received everything) → gone; each step but
/// Waiting within the deadline. One request per connection; a body is ignored. A client of
/// uwsgi-stats sends no request: it begins with Writing and gets no HTTP. Lives in: master, owned
/// by the MetricsServer.
class MetricsConnection final : public Client {
  public:
    /// Returns the page for a path and its query.
    using Pages = std::function<Page(std::string_view path, std::string_view query)>;

    /// `hosts` may change while the connection lives.
    MetricsConnection(const Context& context, std::uint64_t id, UniqueFd fd, const Pages& pages,
                      const HostRule& hosts)
        : Client(context, id, std::move(fd)), pages_(pages), hosts_(hosts) {}

    /// Sends only this text, without HTTP. May destroy the connection.
    void tell(std::string text) noexcept { begin_writing(std::move(text)); }

  private:
    void on_readable() noexcept override;
    void on_written() noexcept override;
    void read_more();
    void respond(std::string_view bytes);
    void await(const Page& page, bool with_body);
    void begin_writing(std::string answer) noexcept;
    void read_away() noexcept;

    const Pages& pages_;
    const HostRule& hosts_;
    enum class State { Reading, Waiting, Writing, Closing } state_ = State::Reading;
    http::HeadScanner scanner_;
    std::string input_;

    /// Owned by the connection alone: by it a late page finds out whether the client is still
    /// there.
    std::shared_ptr<MetricsConnection*> self_;
};

}  // namespace geventd::master
