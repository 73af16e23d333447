// SPDX-License-Identifier: MIT
#include "tls/staple.h"

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "tls/identity.h"

namespace geventd::tls {

namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Freer<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Freer<OCSP_BASICRESP_free>>;

// By how many seconds the clocks of the responder and of this host may differ.
constexpr int kClocks = 300;

ResponsePtr parse(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<int>(der.size())));
    if (!response) {
        throw std::runtime_error("is no OCSP response, expected DER");
    }
    const int status = OCSP_response_status(response.get());
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        throw std::runtime_error(std::string("is a refusal of the responder: ") +
                                 OCSP_response_status_str(status));
    }
    return response;
}

bool is_of(const OCSP_SINGLERESP* answer, const X509* certificate) {
    ASN1_INTEGER* serial = nullptr;
    // It is only read: OpenSSL's function takes no const.
    auto* const id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(answer));  // NOLINT
    return OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id) == 1 &&
           ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0;
}

}  // namespace

void examine_staple(const Pair& pair) {
    ERR_clear_error();
    const ResponsePtr response = parse(pair.ocsp);
    const BasicPtr basic(OCSP_response_get1_basic(response.get()));
    OCSP_SINGLERESP* const answer = basic ? OCSP_resp_get0(basic.get(), 0) : nullptr;
    const std::vector<X509Ptr> chain = parse_certificates(pair.chain);
    if (answer == nullptr || chain.empty() || !is_of(answer, chain.front().get())) {
        throw std::runtime_error("is for another certificate");
    }
    ASN1_GENERALIZEDTIME* from = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    OCSP_single_get0_status(answer, nullptr, nullptr, &from, &until);
    const bool is_timely = OCSP_check_validity(from, until, kClocks, -1) == 1;
    ERR_clear_error();
    if (!is_timely) {
        throw std::runtime_error("is too old");
    }
}

}  // namespace geventd::tls
