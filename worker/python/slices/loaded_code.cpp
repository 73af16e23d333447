// SPDX-License-Identifier: MIT
#include "worker/python/slices/loaded_code.h"

#include <Python.h>

#include <algorithm>
#include <new>
#include <utility>

#include <dlfcn.h>
#include <greenlet.h>
#include <link.h>

#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

std::uintptr_t address_in(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

// In the object that defines the type.
std::uintptr_t code_of_type(PyObject* type) {
    const destructor deallocator = reinterpret_cast<PyTypeObject*>(type)->tp_dealloc;
    return address_in(reinterpret_cast<const void*>(deallocator));
}

std::uint64_t changes_so_far() {
    std::uint64_t changes = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* out) {
            *static_cast<std::uint64_t*>(out) = object->dlpi_adds + object->dlpi_subs;
            return 1;
        },
        &changes);
    return changes;
}

// Beside os.py.
std::string folder_of_extensions() {
    const Ref file = imported("os", "__file__");
    const char* const path = PyUnicode_AsUTF8(file.get());
    if (path == nullptr) {
        throw_pending();
    }
    const std::string_view text(path);
    return std::string(text.substr(0, text.rfind('/') + 1)) + "lib-dynload/";
}

}  // namespace

std::uintptr_t address_of(const char* function) {
    return address_in(::dlsym(RTLD_DEFAULT, function));
}

LoadedCode::LoadedCode() : extensions_(folder_of_extensions()) {
    PyGreenlet_Import();
    if (_PyGreenlet_API == nullptr) {
        throw_pending();
    }
    // What starts a gevent.Greenlet, and what calls that: Cython's functions, the code of whose
    // type can be in another module.
    const Ref type = imported("gevent", "Greenlet");
    const Ref run = checked(PyObject_GetAttrString(type.get(), "run"));
    marks_ = {
        {address_in(reinterpret_cast<const void*>(&address_of)), Owner::Geventd},
        {address_in(_PyGreenlet_API[PyGreenlet_Switch_NUM]), Owner::Greenlet},
        {address_of("_PyEval_EvalFrameDefault"), Owner::Python},
        {code_of_type(type.get()), Owner::Python},
        {code_of_type(reinterpret_cast<PyObject*>(Py_TYPE(run.get()))), Owner::Python},
    };
    renew();
}

void LoadedCode::renew() noexcept {
    const std::uint64_t changes = changes_so_far();
    if (changes == changes_) {
        return;
    }
    ranges_.clear();
    const int failed = ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* self) noexcept {
            try {
                static_cast<LoadedCode*>(self)->add(object->dlpi_name, parts_of(*object));
                return 0;
            } catch (const std::bad_alloc&) {
                return 1;
            }
        },
        this);
    if (failed != 0) {
        ranges_.clear();
    }
    changes_ = failed == 0 ? changes : 0;
}

std::vector<LoadedCode::Range> LoadedCode::parts_of(const dl_phdr_info& object) {
    std::vector<Range> parts;
    for (int i = 0; i < object.dlpi_phnum; ++i) {
        const auto& part = object.dlpi_phdr[i];
        if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
            const std::uintptr_t begin = object.dlpi_addr + part.p_vaddr;
            parts.push_back({begin, begin + part.p_memsz, Owner::Other});
        }
    }
    return parts;
}

void LoadedCode::add(std::string_view path, std::vector<Range> parts) {
    const Owner owner = owner_of_object(path, parts);
    if (owner == Owner::Other) {
        return;
    }
    for (Range& part : parts) {
        part.owner = owner;
        ranges_.push_back(part);
    }
}

LoadedCode::Owner LoadedCode::owner_of_object(std::string_view path,
                                              const std::vector<Range>& parts) const {
    for (const Mark& mark : marks_) {
        for (const Range& part : parts) {
            if (mark.address >= part.begin && mark.address < part.end) {
                return mark.owner;
            }
        }
    }
    return path.substr(0, extensions_.size()) == extensions_ ? Owner::Python : Owner::Other;
}

LoadedCode::Owner LoadedCode::owner_of(std::uintptr_t address) const {
    const auto found = std::find_if(ranges_.begin(), ranges_.end(), [address](const Range& part) {
        return address >= part.begin && address < part.end;
    });
    return found == ranges_.end() ? Owner::Other : found->owner;
}

}  // namespace geventd::py
