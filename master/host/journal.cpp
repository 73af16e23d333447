// SPDX-License-Identifier: MIT
#include "master/host/journal.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "base/errno_error.h"
#include "net/unix_socket.h"

namespace geventd::master {

namespace {

// As sd_journal_stream_fd(3) sends it: the name, the unit (which the journal finds itself), the
// usual severity (info), that lines may begin with another, and that they go nowhere else.
constexpr std::string_view kHeader = "geventd\n\n6\n1\n0\n0\n0\n";

}  // namespace

UniqueFd open_journal(const std::string& path) {
    const std::string deed = "log.file journald: connect to " + path;
    const auto where = net::make_unix_sockaddr(path, false);
    if (!where) {
        throw ErrnoError(ENAMETOOLONG, deed);
    }
    // Without blocking: a journal that stands still must not hold the master.
    UniqueFd stream =
        UniqueFd::adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* raw = reinterpret_cast<const sockaddr*>(&where->address);
    if (!stream || ::connect(stream.get(), raw, where->length) != 0 ||
        ::send(stream.get(), kHeader.data(), kHeader.size(), MSG_NOSIGNAL) < 0) {
        throw_errno(deed);
    }
    ::fcntl(stream.get(), F_SETFL, 0);  // as the application's print() expects it
    ::shutdown(stream.get(), SHUT_RD);
    return stream;
}

}  // namespace geventd::master
