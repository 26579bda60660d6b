// SPDX-License-Identifier: LGPL-2.1-or-later
// Arbitrary bytes as a token and a descriptor: whatever they are, they are refused, or can be checked,
// inherited from, queried, set and encoded, and what is encoded is read back as the same.
//
// Built from: security_sources
#include <cstdint>
#include <cstdlib>

#include "fuzz/input.h"
#include "ntalpc/status.h"
#include "server/security/access_check.h"
#include "server/security/new_descriptor.h"
#include "server/security/security_information.h"

namespace {

using namespace ntalpc::security;

constexpr GenericMapping kMapping = {0x20001, 0x10001, 0, 0x1F0001};

void require(bool condition) {
    ntalpc::fuzz::require(condition, "what has been understood can be used");
}

Token default_token() {
    Token token;
    token.user = Sid(5, {21, 1, 2, 3, 1000});
    token.groups = {{sids::kEveryone, group::kEnabled}, {sids::kAdministrators, group::kUseForDenyOnly}};
    return token;
}

void use(const SecurityDescriptor& descriptor, const Token& token) {
    for (const std::uint32_t desired :
         {1u, access::kMaximumAllowed, access::kGenericAll, access::kSystemSecurity}) {
        const auto decision = check_access(descriptor, token, kMapping, desired);
        require(decision.status == STATUS_SUCCESS || decision.granted == 0);
    }
    for (const bool container : {false, true}) {
        SecurityDescriptor made;
        if (make_descriptor(
                {.parent = &descriptor, .token = token, .mapping = kMapping, .container = container},
                &made) == STATUS_SUCCESS) {
            require(made.owner && (made.dacl.empty() || made.dacl_view()));
        }
    }
    SecurityDescriptor changed;
    for (const std::uint32_t information : {0x1Fu, information::kSacl, information::kLabel}) {
        set_descriptor(&changed, query_descriptor(descriptor, information), information, token, kMapping);
        require(changed.sacl.empty() || changed.sacl_view());
    }
}

}  // namespace

// The first two bytes say how many of the rest are the token.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(2);
    const std::size_t token_size = std::min<std::size_t>(data[0] | data[1] << 8, bytes.size());
    const auto token = decode(bytes.first(token_size));
    if (token) require(decode(encode(*token)) == token);
    SecurityDescriptor descriptor;
    if (SecurityDescriptor::parse(bytes.subspan(token_size), &descriptor) != STATUS_SUCCESS) return 0;
    SecurityDescriptor again;
    require(SecurityDescriptor::parse(descriptor.encode(), &again) == STATUS_SUCCESS && again == descriptor);
    use(descriptor, token ? *token : default_token());
    return 0;
}
