// SPDX-License-Identifier: MIT
// What the machine and its control groups allow, and numbers of processes made of that.
#include "config/host.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "config/control_groups.h"
#include "config/text/formula.h"
#include "load_text.h"

namespace geventd::config {
namespace {

const std::string kSmallest = "listen: http://127.0.0.1:8000\napp: myapp:application\n";

/// A folder with proc and sys that stands for /.
class Machine {
  public:
    Machine() {
        char name[] = "/tmp/geventd-host-XXXXXX";
        root_ = ::mkdtemp(name);
    }

    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    ~Machine() { std::filesystem::remove_all(root_); }

    Machine& file(const std::string& path, const std::string& text) {
        const std::filesystem::path whole = root_ + path;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole) << text;
        return *this;
    }

    /// Version 2 at /sys/fs/cgroup, with `top` mounted there.
    Machine& unified(const std::string& group, const std::string& top) {
        file("/proc/self/cgroup", "0::" + group + "\n");
        return file("/proc/self/mountinfo",
                    "24 1 0:5 / /proc rw - proc proc rw\n30 24 0:26 " + top +
                        " /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
    }

    /// Version 1, with `top` of each hierarchy mounted.
    Machine& separate(const std::string& group, const std::string& top) {
        file("/proc/self/cgroup", "5:memory:" + group + "\n4:cpu,cpuacct:" + group + "\n1:x:/\n");
        return file(
            "/proc/self/mountinfo",
            "31 30 0:27 " + top +
                " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 30 0:28 " + top +
                " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    }

    [[nodiscard]] ControlGroups groups() const { return ControlGroups(root_); }

  private:
    std::string root_;
};

TEST(UsableCpus, AreAtLeastOne) {
    EXPECT_GE(usable_cpus(), 1);
}

TEST(UsableMemory, IsThere) {
    EXPECT_GT(usable_memory(), 1U << 20);
}

TEST(CpusOfQuota, ReadsTheKernelsFormat) {
    EXPECT_EQ(cpus_of_quota("max 100000"), 0);
    EXPECT_EQ(cpus_of_quota("200000 100000"), 2);
    EXPECT_EQ(cpus_of_quota("250000 100000"), 2);
    EXPECT_EQ(cpus_of_quota("50000 100000"), 1);
    for (const char* text : {"", "1", "x y", "100000 0", "100000 x", "-1 100000"}) {
        EXPECT_EQ(cpus_of_quota(text), 0) << text;
    }
}

TEST(ControlGroups, LimitNothingWhereThereAreNone) {
    const Machine machine;
    EXPECT_EQ(machine.groups().cpus(), 0);
    EXPECT_EQ(machine.groups().memory(), 0U);
}

TEST(ControlGroups, HaveTheLeastLimitOfTheGroupAndThoseAboveIt) {
    Machine machine;
    machine.unified("/a/b", "/")
        .file("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
        .file("/sys/fs/cgroup/a/cpu.max", "300000 100000\n")
        .file("/sys/fs/cgroup/a/b/memory.max", "max\n")
        .file("/sys/fs/cgroup/a/memory.max", "1073741824\n");
    EXPECT_EQ(machine.groups().cpus(), 3);
    EXPECT_EQ(machine.groups().memory(), 1U << 30);
}

TEST(ControlGroups, AreThoseOfAContainerInItsOwnNamespace) {
    Machine machine;
    machine.unified("/", "/").file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_EQ(machine.groups().cpus(), 2);
}

TEST(ControlGroups, AreThoseOfAContainerInTheHostsNamespace) {
    Machine whole;  // all of the host's hierarchy is mounted
    whole.unified("/docker/abc", "/")
        .file("/sys/fs/cgroup/cpu.max", "max 100000\n")
        .file("/sys/fs/cgroup/docker/abc/cpu.max", "200000 100000\n");
    EXPECT_EQ(whole.groups().cpus(), 2);
    Machine own;  // only the container's group is
    own.unified("/docker/abc", "/docker/abc")
        .file("/sys/fs/cgroup/cpu.max", "200000 100000\n")
        .file("/sys/fs/cgroup/docker/abc/cpu.max", "100000 100000\n");
    EXPECT_EQ(own.groups().cpus(), 2);
    Machine elsewhere;  // the path is outside of the namespace
    elsewhere.unified("/../abc", "/").file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    EXPECT_EQ(elsewhere.groups().cpus(), 2);
}

TEST(ControlGroups, AreReadInVersionOneToo) {
    Machine machine;
    machine.separate("/docker/abc", "/docker/abc")
        .file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n")
        .file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
        .file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    EXPECT_EQ(machine.groups().cpus(), 1);
    EXPECT_EQ(machine.groups().memory(), 512U << 20);
    machine.file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(machine.groups().cpus(), 0);
}

TEST(Formula, CountsByTheNumberOfCpus) {
    for (const auto& [text, value] : std::map<std::string, int>{{"cpus", 4},
                                                                {"2*cpus+1", 9},
                                                                {"1 + 2 * cpus", 9},
                                                                {"cpus/3", 1},
                                                                {"10-cpus-1", 5},
                                                                {"cpus*cpus/8", 2},
                                                                {"cpus-9", -5},
                                                                {"7", 7}}) {
        const auto result = evaluate(text, 4);
        ASSERT_TRUE(result) << text;
        EXPECT_EQ(*result, value) << text;
    }
}

TEST(Formula, IsRefusedWhenItIsNone) {
    for (const char* text : {"", "cpus+", "*cpus", "2 cpus", "2cpus", "cpus/0", "cpus%2", "-cpus",
                             "(cpus)", "1.5*cpus", "cpus--1", "cpusx"}) {
        EXPECT_FALSE(evaluate(text, 4)) << text;
    }
}

TEST(Formula, NeverOverflows) {
    std::string text = "cpus";
    for (int i = 0; i < 100; ++i) {
        text += "*999999999";
    }
    EXPECT_EQ(*evaluate(text, 4), 1'000'000'000);
}

TEST(Processes, TakeAFormula) {
    const auto processes = [](const std::string& text) {
        return load_text(kSmallest + "workers: {processes: " + text + "}\n").workers.processes;
    };
    EXPECT_EQ(processes("2*cpus+1"), std::min(2 * usable_cpus() + 1, kMostProcesses));
    EXPECT_EQ(processes("cpus - 100000"), 1);
    EXPECT_EQ(processes("cpus * 1000"), kMostProcesses);
    EXPECT_EQ(faults_of(kSmallest + "workers: {processes: 2 cpus}\n"),
              std::vector<std::string>{"F:3:22: workers.processes: '2 cpus' is no formula such as "
                                       "2*cpus+1"});
}

TEST(MemoryShare, BoundsTheNumberOfProcesses) {
    const auto workers = [](const std::string& text) {
        return load_text(kSmallest + "workers: {" + text + "}\n").workers;
    };
    EXPECT_EQ(workers("processes: 9, memory-share: 1KiB").processes, 9);
    EXPECT_EQ(workers("processes: 9, memory-share: 1024GiB").processes, 1);
    EXPECT_EQ(workers("processes: 9, cheaper: 4, memory-share: 1024GiB").cheaper, 1);
    const std::uint64_t half = usable_memory() / 2;
    EXPECT_EQ(workers("processes: 9, memory-share: " + std::to_string(half)).processes, 2);
}

}  // namespace
}  // namespace geventd::config
