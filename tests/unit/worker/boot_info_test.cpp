// SPDX-License-Identifier: MIT
#include "worker/process/boot_info.h"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "config/loader.h"
#include "ipc/named_fds.h"
#include "shm/layout.h"

namespace geventd::worker {
namespace {

class BootInfoTest : public testing::Test {
  protected:
    BootInfoTest() {
        settings_.app.module = "app";
        fds_.add(ipc::kBootConfig, file(config::dump(settings_)));
        fds_.add(ipc::kBootScoreboard, duplicate(scoreboard_.fd()));
        fds_.add(ipc::kBootSignals, duplicate(signals_.fd()));
        fds_.add(ipc::kBootEventfd, file(""));
        fds_.add(ipc::kBootEventfd, file(""));
    }

    static UniqueFd file(const std::string& text) {
        UniqueFd fd = UniqueFd::adopt(::memfd_create("test", MFD_CLOEXEC));
        EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
        return fd;
    }

    ipc::Message boot(const std::string& layout = shm::layout()) {
        ipc::Message message;
        message.type = ipc::MessageType::Boot;
        message.role = ipc::Role::Template;
        message.generation = 3;
        message.text = layout + '\n' + fds_.names();
        message.fds = fds_.release();
        return message;
    }

    config::Settings settings_;
    shm::Region scoreboard_ = shm::Region::create("test", sizeof(shm::Scoreboard));
    shm::SignalRegion signals_ =
        shm::SignalRegion::create({static_cast<std::uint32_t>(settings_.signals.queue),
                                   static_cast<std::uint32_t>(settings_.signals.payloads),
                                   static_cast<std::uint32_t>(settings_.signals.locks)});
    ipc::NamedFds fds_;
};

TEST_F(BootInfoTest, HasWhatTheMasterShares) {
    shm::Scoreboard::format(scoreboard_.data(), scoreboard_.size()).serving = 42;
    const BootInfo info = unpack(boot());
    EXPECT_EQ(info.generation, 3U);
    EXPECT_EQ(info.settings.app.module, "app");
    EXPECT_EQ(info.scoreboard->serving.load(), 42U);
    EXPECT_EQ(info.eventfds.size(), 2U);
    EXPECT_TRUE(info.listeners.empty());
}

TEST_F(BootInfoTest, RefusesAMasterOfAnotherVersionWhateverItShares) {
    fds_.add("unheard-of", file(""));
    try {
        unpack(boot("geventd 9.9"));
        FAIL() << "it was taken";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("the master is geventd 9.9, and this worker is "),
                  std::string::npos);
    }
}

TEST_F(BootInfoTest, RefusesWhatItDoesNotKnowAndWhatIsMissing) {
    fds_.add("unheard-of", file(""));
    EXPECT_THROW(unpack(boot()), std::runtime_error);
    EXPECT_THROW(unpack(boot()), std::runtime_error) << "nothing is left to be sent";
}

TEST_F(BootInfoTest, RefusesDescriptorsThatWereLostOnTheWay) {
    ipc::Message message = boot();
    message.fds.pop_back();
    EXPECT_THROW(unpack(std::move(message)), std::runtime_error);
}

}  // namespace
}  // namespace geventd::worker
