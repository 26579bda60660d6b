// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose identity a message shows, and how far its receiver may act with it.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "generated/protocol.h"
#include "server/client_token.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

class Thread;

// SECURITY_QUALITY_OF_SERVICE.
struct QualityOfService {
    std::uint32_t level = 0;  // security::ImpersonationLevel, or what a client says it is
    bool dynamic = false;
    bool effective_only = false;
    bool operator==(const QualityOfService&) const = default;
};

// Whether a thread may let others act as itself: not at a level that there is none of, and not at one that it
// does not have itself (what SeCreateClientSecurity documents). STATUS_INVALID_PARAMETER,
// STATUS_BAD_IMPERSONATION_LEVEL.
std::int32_t check_quality(const Thread& caller, const QualityOfService& quality);

// NtAlpcCreateSecurityContext: the caller's identity, to be attached to messages.
class SecurityContext final : public RefCounted {
  public:
    // Looks at the thread now (static tracking) or whenever it is used (dynamic).
    static std::int32_t make(const Thread& caller, const QualityOfService& quality,
                             Ref<SecurityContext>* made);

    const QualityOfService& quality() const { return quality_; }
    // The token for a message sent by the thread. STATUS_BAD_IMPERSONATION_LEVEL.
    std::int32_t token_for(const Thread& sender, TokenRef* token) const;
    // Messages that carry it cannot be impersonated any more, nor can it be attached to new ones.
    void revoke() { revoked_ = true; }
    bool revoked() const { return revoked_; }

  private:
    SecurityContext(TokenRef token, const QualityOfService& quality)
        : token_(std::move(token)), quality_(quality) {}
    const TokenRef token_;  // empty when dynamic
    const QualityOfService quality_;
    bool revoked_ = false;
};

// The security contexts of a port by their handles, which are good at that port only.
class SecurityContexts {
  public:
    std::int32_t create(const Thread& caller, const QualityOfService& quality, std::uint64_t* handle);
    SecurityContext* find(std::uint64_t handle) const;
    bool remove(std::uint64_t handle);

  private:
    struct Entry {
        Ref<SecurityContext> context;
        ObjectCharge charge;
    };
    std::map<std::uint64_t, Entry> contexts_;
    std::uint64_t last_ = 0;
};

// Part of each step of a message.
struct MessageSecurity {
    TokenRef token;             // empty for what nobody sent
    bool impersonable = false;  // without a context: the client's port allows it
    QualityOfService quality;
    Ref<SecurityContext> context;  // that the sender attached
    std::uint64_t context_handle = 0;

    // The security and token attributes of a received message. The server always sees its client's token, a
    // client its server's only with a security context (csandker).
    void show(bool to_server, wire::MessageAttributes* out) const;
    // The sender wants to stay anonymous.
    bool hides_token() const;
    // STATUS_ACCESS_DENIED when the sender has not allowed it.
    std::int32_t check_impersonation() const;
};

// Puts the context that the security attribute names, or has made, on a message. `contexts` are the tables in
// which its handle is looked up; a new one goes into the first.
std::int32_t attach_context(const Thread& sender, const wire::MessageAttributes& attributes,
                            std::span<SecurityContexts* const> contexts, MessageSecurity* security);

}  // namespace ntalpc::server
