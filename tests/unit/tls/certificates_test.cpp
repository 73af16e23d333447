// SPDX-License-Identifier: MIT
#include "master/certificates/certificates.h"

#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/sealed_memory.h"
#include "peer.h"

namespace geventd::master {
namespace {

// What it throws; "": nothing.
std::string fault_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class CertificatesTest : public testing::Test {
  protected:
    CertificatesTest() {
        std::string name = (std::filesystem::temp_directory_path() / "certXXXXXX").string();
        folder = ::mkdtemp(name.data());
        add("one");
    }

    ~CertificatesTest() override { std::filesystem::remove_all(folder); }

    void add(const std::string& name) {
        config::Listen listen;
        listen.address.tls = true;
        listen.tls.certificates = {
            {.certificate = file(name + ".pem"), .key = file(name + ".key")}};
        settings.listen = {listen};
    }

    [[nodiscard]] std::string file(const std::string& name) const { return folder / name; }

    void write(const std::string& name, const tls::Validity& validity = {}) const {
        const tls::Pair pair = tls::make_pair_for({name}, "EC", validity);
        std::ofstream(file(name + ".pem")) << std::string_view(pair.chain);
        std::ofstream(file(name + ".key")) << std::string_view(pair.key);
    }

    static void wait_for_expiry() {
        const std::time_t now = std::time(nullptr);
        while (std::time(nullptr) < now + 3) {
            ::poll(nullptr, 0, 100);
        }
    }

    static tls::Material read(const UniqueFd& memory) {
        return tls::decode_material(read_whole(memory.get(), "the material"));
    }

    std::filesystem::path folder;
    config::Settings settings;
    Certificates certificates;
};

TEST_F(CertificatesTest, AreInTheMemoryThatAGenerationGets) {
    write("one");
    certificates.prepare(settings);
    const tls::Material material = read(certificates.memory());
    ASSERT_EQ(material.endpoints.size(), 1U);
    EXPECT_TRUE(has(std::string(material.endpoints[0].pairs.at(0).key), "PRIVATE KEY"));
    EXPECT_EQ(material.tickets.size(), 1U);
}

TEST_F(CertificatesTest, HaveAnotherEditionOnlyWhenTheyAreOthers) {
    write("one");
    certificates.prepare(settings);
    const tls::Material first = read(certificates.memory());
    certificates.commit();
    EXPECT_FALSE(certificates.renew());
    const tls::Material turned = read(certificates.turn_tickets());
    EXPECT_EQ(turned.edition, first.edition);
    EXPECT_EQ(turned.tickets.size(), 2U);
    EXPECT_EQ(turned.tickets[1], first.tickets[0]);
    write("one");
    const tls::Material renewed = read(certificates.renew());
    EXPECT_NE(renewed.edition, first.edition);
    EXPECT_EQ(renewed.tickets, turned.tickets);
}

TEST_F(CertificatesTest, StayWhileTheNewKeyIsMissing) {
    write("one");
    certificates.prepare(settings);
    certificates.commit();
    std::filesystem::rename(file("one.key"), file("former.key"));
    write("one");
    std::filesystem::rename(file("one.key"), file("newer.key"));
    std::filesystem::copy(file("former.key"), file("one.key"));
    EXPECT_TRUE(has(fault_of([this] { certificates.renew(); }), "is no certificate of this key"));
    std::filesystem::rename(file("newer.key"), file("one.key"));
    EXPECT_TRUE(certificates.renew());
}

TEST_F(CertificatesTest, AreRefusedBeforeTheyAreValid) {
    write("one", {.from = 1000, .until = 2000});
    EXPECT_TRUE(has(fault_of([this] { certificates.prepare(settings); }),
                    "listen[0].certificates[0]: " + file("one.pem") + " is not valid before 20"));
}

TEST_F(CertificatesTest, HandOverTheKeysOfTicketsWithTheirAge) {
    write("one");
    certificates.prepare(settings);
    certificates.commit();
    const std::vector<tls::TicketKey> tickets = read(certificates.turn_tickets()).tickets;
    Certificates successor;
    successor.take_over(certificates.hand_over());
    successor.prepare(settings);
    EXPECT_EQ(read(successor.memory()).tickets, tickets);
    EXPECT_LE(successor.turned(), certificates.turned());
    EXPECT_GT(successor.turned(), certificates.turned() - std::chrono::seconds(2));
}

TEST_F(CertificatesTest, MayExpireWhereTheyServeAlreadyWhateverTheirPlace) {
    write("one", {.until = 2});
    certificates.prepare(settings);
    certificates.commit();
    wait_for_expiry();
    const config::Listen before;
    settings.listen.insert(settings.listen.begin(), before);
    EXPECT_EQ(fault_of([this] { certificates.prepare(settings); }), "");
    Certificates successor;
    successor.take_over(certificates.hand_over());
    EXPECT_EQ(fault_of([&] { successor.prepare(settings); }), "");
    Certificates fresh;
    EXPECT_TRUE(has(fault_of([&] { fresh.prepare(settings); }), "one.pem has expired at 20"));
}

}  // namespace
}  // namespace geventd::master
