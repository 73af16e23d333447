// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// What of a wrapped file can be sent without reading it.
struct SendableFile {
    int fd = -1;
    off_t offset = 0;         ///< where the file stands now
    std::uint64_t count = 0;  ///< from there to its end
};

/// The type that is wsgi.file_wrapper: file_wrapper(file, block_size=8192) yields the file's
/// blocks, and its close() is the file's.
/// Lives in: worker, Python side. GIL held.
class FileWrapperType {
  public:
    /// Throws PythonError.
    FileWrapperType();

    /// What the application calls; borrowed.
    [[nodiscard]] PyObject* object() const { return type_.get(); }

    /// The regular file behind a file wrapper; nothing when `object` is no wrapper, or wraps
    /// something that must be read (a pipe, a BytesIO, a compressed file).
    [[nodiscard]] std::optional<SendableFile> sendable(PyObject* object) const;

  private:
    Ref type_;
};

}  // namespace geventd::py
