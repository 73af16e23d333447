// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "worker/request.h"

namespace geventd::py {

/// The status line and header fields that an application gave to start_response, checked (PEP
/// 3333: Latin-1 text without control characters, no hop-by-hop fields) and as they will be sent.
/// The server's own fields and the empty line are appended by the Response.
/// Lives in: worker, Python side. GIL held.
class ResponseHead {
  public:
    /// False with a Python exception set; nothing is kept then.
    bool set(const worker::Request& request, PyObject* status, PyObject* headers);

    [[nodiscard]] bool is_set() const { return !text_.empty(); }

    [[nodiscard]] int status() const { return status_; }

    [[nodiscard]] unsigned count() const { return count_; }

    [[nodiscard]] bool has_date() const { return has_date_; }

    /// Content-Length was given; length() is its value.
    [[nodiscard]] bool has_length() const { return has_length_; }

    [[nodiscard]] std::uint64_t length() const { return length_; }

    /// What is sent; the Response completes it.
    std::string& text() { return text_; }

    /// Replaces all of it by an answer of the server's own.
    void replace(int status, std::string text) {
        status_ = status;
        text_ = std::move(text);
    }

  private:
    bool add_header(PyObject* name, PyObject* value);
    bool note_header(std::string_view name, std::string_view value);

    std::string text_;
    std::uint64_t length_ = 0;
    unsigned count_ = 0;
    int status_ = 0;
    bool has_length_ = false;
    bool has_date_ = false;
};

/// The number of a status line ("404 Not Found"), or 0 with ValueError set.
int parse_status(std::string_view text);

}  // namespace geventd::py
