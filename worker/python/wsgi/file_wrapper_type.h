// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// The part of a wrapped file that can be sent without reading it.
struct SendableFile {
    int fd = -1;
    off_t offset = 0;         ///< the file's current position
    std::uint64_t count = 0;  ///< bytes from there to its end
};

/// The type wsgi.file_wrapper: file_wrapper(file, block_size=8192) yields the file's blocks, and
/// its close() closes the file.
/// Lives in: worker, Python side. GIL held.
class FileWrapperType {
  public:
    /// Throws PythonError.
    FileWrapperType();

    /// The type, which the application calls; borrowed.
    [[nodiscard]] PyObject* object() const { return type_.get(); }

    /// The regular file behind a file wrapper, if its bytes are certain to be those that read()
    /// returns. nullopt when `object` is no wrapper, or wraps something that must be read: a pipe,
    /// a BytesIO, a compressed file, any object with a read() of its own.
    [[nodiscard]] std::optional<SendableFile> sendable(PyObject* object) const;

  private:
    [[nodiscard]] bool is_plain(PyObject* file) const;
    [[nodiscard]] Ref plain_file(PyObject* file) const;

    Ref type_;
    Ref file_io_;          ///< io.FileIO
    Ref buffered_reader_;  ///< io.BufferedReader
    Ref buffered_random_;  ///< io.BufferedRandom
};

}  // namespace geventd::py
