// SPDX-License-Identifier: MIT
#include "tls/staple.h"

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include "peer.h"
#include "tls/identity.h"

namespace geventd::tls {
namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Freer<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Freer<OCSP_BASICRESP_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>>;

std::string der_of(OCSP_RESPONSE* response) {
    std::string der(static_cast<std::size_t>(i2d_OCSP_RESPONSE(response, nullptr)), '\0');
    auto* into = reinterpret_cast<unsigned char*>(der.data());
    i2d_OCSP_RESPONSE(response, &into);
    return der;
}

// A certificate says that it is good itself.
std::string response_for(const Pair& pair, std::int64_t from, std::int64_t until) {
    const Identity identity = Identity::parse(pair);
    X509* const certificate = identity.certificate.get();
    const TimePtr begin(X509_gmtime_adj(nullptr, from));
    const TimePtr end(X509_gmtime_adj(nullptr, until));
    const BasicPtr basic(OCSP_BASICRESP_new());
    OCSP_CERTID* const id = OCSP_cert_to_id(EVP_sha1(), certificate, certificate);
    OCSP_basic_add1_status(basic.get(), id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, begin.get(),
                           end.get());
    OCSP_CERTID_free(id);
    EXPECT_EQ(
        OCSP_basic_sign(basic.get(), certificate, identity.key.get(), EVP_sha256(), nullptr, 0), 1);
    const ResponsePtr response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
    return der_of(response.get());
}

class StapleTest : public testing::Test {
  protected:
    // Why it is not used; "": it is.
    std::string fault(const std::string& response) {
        pair.ocsp = response;
        try {
            examine_staple(pair);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    }

    Pair pair = make_pair_for({"one.test"});
};

TEST_F(StapleTest, IsGoodForItsTime) {
    EXPECT_EQ(fault(response_for(pair, -100, 100)), "");
    EXPECT_EQ(fault(response_for(pair, -2000, -1000)), "is too old");
}

TEST_F(StapleTest, IsForItsCertificate) {
    const Pair other = make_pair_for({"two.test"});
    EXPECT_EQ(fault(response_for(other, -100, 100)), "is for another certificate");
}

TEST_F(StapleTest, IsAResponse) {
    EXPECT_EQ(fault("nothing"), "is no OCSP response, expected DER");
    const ResponsePtr refusal(OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr));
    EXPECT_EQ(fault(der_of(refusal.get())), "is a refusal of the responder: trylater");
}

}  // namespace
}  // namespace geventd::tls
