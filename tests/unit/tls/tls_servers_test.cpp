// SPDX-License-Identifier: MIT
#include "worker/tls/tls_servers.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/sealed_memory.h"
#include "peer.h"
#include "tls/ticket_keys.h"

namespace geventd::worker {
namespace {

class TlsServersTest : public testing::Test {
  protected:
    TlsServersTest() {
        material.edition = 1;
        material.endpoints.resize(2);  // the first one has no TLS
        material.endpoints[1].pairs = {tls::make_pair_for({"one.test"})};
        tls::turn(material.tickets);
    }

    void renew() { servers.renew(make_sealed_memory("material", tls::encode(material)).get()); }

    tls::Material material;
    shm::WorkerSlot slot{};
    TlsServers servers{slot};
};

TEST_F(TlsServersTest, HasTransportsForItsAddressesOnly) {
    EXPECT_EQ(servers.accept(1, "", ""), nullptr);
    renew();
    EXPECT_EQ(servers.accept(0, "", ""), nullptr);
    EXPECT_NE(servers.accept(1, "", ""), nullptr);
    EXPECT_EQ(servers.accept(2, "", ""), nullptr);
}

TEST_F(TlsServersTest, ReadsCertificatesAgainOnlyWhenTheyAreOthers) {
    renew();
    material.endpoints[1].pairs[0].key = "nothing";
    tls::turn(material.tickets);
    EXPECT_NO_THROW(renew());
    ++material.edition;
    EXPECT_THROW(renew(), std::runtime_error);
    EXPECT_NE(servers.accept(1, "", ""), nullptr);
}

}  // namespace
}  // namespace geventd::worker
