// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "worker/files/area.h"
#include "worker/files/asked.h"
#include "worker/files/closing.h"
#include "worker/files/disk_pool.h"
#include "worker/files/file_cache.h"
#include "worker/files/mailbox.h"
#include "worker/files/named_files.h"
#include "worker/files/transfers.h"
#include "worker/requests/accounts.h"
#include "worker/requests/exchange.h"

namespace geventd::worker {

/// Answers requests with files, without the application and without a core: those below the paths
/// of `static`, and those that the application has named. What was asked for a moment ago is
/// answered at once; for everything else a thread waits for the disk, and the request for that.
/// Lives in: worker, loop side.
class FileServer {
  public:
    /// `warns`: tells the log of folders that cannot be opened. Throws std::runtime_error where the
    /// kernel cannot open files safely.
    FileServer(event::Loop& loop, event::DeadlineClock& clock, Accounts& accounts,
               const config::Settings& settings, bool warns);
    FileServer(const FileServer&) = delete;
    FileServer& operator=(const FileServer&) = delete;
    ~FileServer();

    /// There are paths whose requests it may answer.
    [[nodiscard]] bool has_paths() const { return !areas_.empty(); }

    /// The application may name files.
    [[nodiscard]] bool takes_names() const { return !named_.empty(); }

    [[nodiscard]] const NamedFiles& named() const { return named_; }

    /// Answers the request, at once or later, if it is for a file: then true. A request for which
    /// there is none may be passed on later.
    bool answer(Exchange& exchange) noexcept;

    /// Answers the request, which the application has ended, with the file that it has named.
    void answer_named(Exchange& exchange) noexcept;

    /// In each turn of the loop: goes on with what threads have done. May switch greenlets.
    void collect() {
        mail_.open();
        transfers_.collect();
    }

    /// Threads have done something since collect(). Their call may be gone: the loop has read it.
    [[nodiscard]] bool has_more() const { return mail_.has_mail() || transfers_.has_ended(); }

    Transfers& transfers() { return transfers_; }

    /// Closes a file without waiting for the disk.
    void close(UniqueFd file) noexcept { close_in(pool_, std::move(file)); }

  private:
    // Cache and answers share what was found.
    using Shared = std::shared_ptr<const Found>;

    /// What a request wants.
    struct Order {
        const Area& area;
        std::string_view key;    ///< for the cache
        std::string_view rest;   ///< the path behind the area's prefix
        bool stands_in = false;  ///< the area's fallback, for a path that leads to nothing
        std::string_view accept_encoding = {};  ///< of the client for whom a thread looks
    };

    // Requests for a path that is being looked up. They have no other owner meanwhile.
    struct Waiting {
        const Area& area;
        bool stands_in;
        std::vector<Exchange*> exchanges;
        TimePoint since;
    };

    class LookUp;
    class Parts;

    void begin(Exchange& exchange) noexcept;
    void send(std::shared_ptr<Errand> errand);
    void answer_order(Exchange& exchange, const Order& order);
    void answer_fallback(Exchange& exchange, const Area& area);
    void look_up_later(Exchange& exchange, const Order& order);
    void on_looked_up(const Order& order, const Shared& found) noexcept;
    void end_overdue() noexcept;
    void answer_or_break(Exchange& exchange, const Order& order, const Shared& found) noexcept;
    void answer_with(Exchange& exchange, const Order& order, const Shared& found);
    void answer_with_file(Exchange& exchange, const Shared& found);
    void refuse_with(Exchange& exchange, const Found& found);
    void refuse(Exchange& exchange, int status, std::string_view text, std::string_view lines = {});
    void tell_of_failure(const Request& request, int error);
    void break_off(Exchange& exchange) noexcept;
    void on_time() noexcept;

    event::Loop& loop_;
    Accounts& accounts_;
    std::vector<Area> areas_;
    NamedFiles named_;
    FileCache cache_;
    event::Timer timer_;  ///< drops what the cache has for too long, and ends what waits too long
    std::unordered_map<std::string, Waiting> waiting_;  ///< by key
    std::string tidied_;
    TimePoint next_telling_;
    std::size_t bodies_of_parts_ = 0;  ///< being made
    Mailbox mail_;
    Transfers transfers_;  ///< outlives the pool, whose tasks call it
    DiskPool pool_;
};

}  // namespace geventd::worker
