// SPDX-License-Identifier: MIT
#include "worker/python/process/worker_title.h"

#include <fmt/core.h>

namespace geventd::py {

namespace {

// The module without the callable, or the file without its folders.
std::string name_of_application(const config::App& app) {
    std::string name = app.module.empty() ? app.mounts.begin()->second : app.module;
    name = name.substr(0, name.rfind(':'));
    return name.substr(name.rfind('/') + 1);
}

std::string child_title(const worker::BootInfo& boot) {
    const std::string name = name_of_application(boot.settings.app);
    return boot.worker == 0 ? "geventd: child of the template of " + name
                            : fmt::format("geventd: child of worker {} of {}", boot.worker, name);
}

std::string title_start(const worker::BootInfo& boot) {
    const std::string name = name_of_application(boot.settings.app);
    return boot.worker == 0
               ? fmt::format("geventd: template {} (gen {}", name, boot.generation)
               : fmt::format("geventd: worker {} {} (gen {}", boot.worker, name, boot.generation);
}

}  // namespace

WorkerTitle::WorkerTitle(const worker::BootInfo& boot, worker::Worker& worker, ProcessTitle& title)
    : worker_(worker), title_(title), start_(title_start(boot)) {
    title.name_children(child_title(boot));
    worker.admission().on_busy_change([this] { show(); });
    show();
}

WorkerTitle::~WorkerTitle() {
    worker_.admission().on_busy_change(nullptr);
}

void WorkerTitle::show() {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const shm::WorkerSlot& slot = worker_.accounts().slot();
    title_.show(fmt::format("{}, {}/{} cores)", start_, slot.cores_busy.load(kRelaxed),
                            slot.cores.load(kRelaxed)));
}

void show_role_title(const worker::BootInfo& boot, ProcessTitle& title) {
    title.name_children(child_title(boot));
    title.show(title_start(boot) + ")");
}

}  // namespace geventd::py
