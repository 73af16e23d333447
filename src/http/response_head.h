// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace geventd::http {

/// The status line and header fields of an application's response, checked one by one and kept as
/// the bytes to be sent. The ResponseWriter adds the server's own fields and the empty line that
/// ends the head.
class ResponseHead {
  public:
    /// Why a field was refused.
    enum class Fault : std::uint8_t {
        None,
        Name,              ///< the name is no token
        ControlCharacter,  ///< the value contains one
        HopByHop,          ///< Connection, Transfer-Encoding, ...: the server's; it was left out
        ContentLength,     ///< not a number, or not the same as before
    };

    /// Starts a new head. `protocol`: "HTTP/1.1". `status_line`: "404 Not Found", or "404", to
    /// which the reason is added. Returns false, and sets nothing, if it does not begin with a
    /// status.
    bool start(std::string_view protocol, std::string_view status_line);

    /// Adds a field, or says why not; the head is then unusable, except after HopByHop. Obeys
    /// `Connection: close` instead of adding it, and leaves out a Content-Length with a status that
    /// forbids it (RFC 9110 8.6).
    Fault add(std::string_view name, std::string_view value);

    /// Adds whole header lines, each with its CRLF, which decide no framing.
    void add_lines(std::string_view lines);

    /// Removes all fields of that name, and returns the value of the last; without a value if there
    /// are none. REQUIRES: `lower` is in lower case.
    std::optional<std::string> take(std::string_view lower);

    /// Whether there is a field of that name. REQUIRES: `lower` is in lower case.
    [[nodiscard]] bool has(std::string_view lower) const;

    /// Changes the status, with the standard reason, and keeps the fields.
    void change_status(int status);

    /// It is not set any more. Keeps the memory of a head of a usual size, for the next one.
    void clear();

    /// Replaces the head by a whole response of the server's own; `bytes` are sent as they are.
    void replace(int status, std::string bytes);

    [[nodiscard]] bool is_set() const { return !text_.empty(); }

    [[nodiscard]] int status() const { return status_; }

    /// How many fields were added.
    [[nodiscard]] unsigned count() const { return count_; }

    [[nodiscard]] bool has_date() const { return has_date_; }

    /// The value of Content-Length, if it was given.
    [[nodiscard]] const std::optional<std::uint64_t>& length() const { return length_; }

    /// The application has said `Connection: close`.
    [[nodiscard]] bool ends_connection() const { return ends_connection_; }

    /// The bytes to be sent.
    std::string& text() { return text_; }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void append(std::string_view name, std::string_view value);
    [[nodiscard]] std::size_t find(std::string_view lower) const;
    Fault add_length(std::string_view name, std::string_view value);
    Fault leave_out(std::string_view name, std::string_view value);

    std::string text_;
    std::optional<std::uint64_t> length_;
    unsigned count_ = 0;
    int status_ = 0;
    bool has_date_ = false;
    bool ends_connection_ = false;
};

}  // namespace geventd::http
