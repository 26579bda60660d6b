// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/object_security.h"

#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/security/access_check.h"
#include "server/security/new_descriptor.h"
#include "server/security/security_information.h"

namespace ntalpc::server {

namespace access = security::access;
namespace information = security::information;
using security::SecurityDescriptor;

namespace {

// As it is, or as it follows from who made the object.
SecurityDescriptor descriptor_of(const Object& object) {
    SecurityDescriptor descriptor;
    if (object.descriptor()) return *object.descriptor();
    if (const security::Token* const creator = object.creator_token())
        security::make_descriptor({.token = *creator, .mapping = object.type().mapping}, &descriptor);
    return descriptor;
}

std::int32_t keep_descriptor(Object& object, SecurityDescriptor descriptor, const Ref<QuotaAccount>& payer) {
    MessageCharge charge;
    const std::size_t size = descriptor.encoded_size();
    if (size > SecurityDescriptor::kMaxSize || !charge.charge(payer, size)) return STATUS_QUOTA_EXCEEDED;
    object.set_descriptor(std::make_unique<const SecurityDescriptor>(std::move(descriptor)),
                          std::move(charge));
    return STATUS_SUCCESS;
}

}  // namespace

std::int32_t check_object_access(const Object& object, const security::Token& token, std::uint32_t desired,
                                 std::uint32_t* granted) {
    const SecurityDescriptor* const own = object.descriptor();
    const auto decision =
        security::check_access(own ? *own : descriptor_of(object), token, object.type().mapping, desired);
    *granted = decision.granted & (object.type().valid_access | access::kSystemSecurity);
    return decision.status;
}

std::int32_t grant_to_creator(const ObjectType& type, const security::Token& token, std::uint32_t desired,
                              std::uint32_t* granted) {
    if ((desired & access::kSystemSecurity) != 0 && !token.has_privilege(security::privilege::kSecurity))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (desired & access::kMaximumAllowed) desired |= access::kGenericAll;
    *granted = security::map_generic(desired, type.mapping) & (type.valid_access | access::kSystemSecurity);
    return STATUS_SUCCESS;
}

bool may_traverse(const Directory& directory, const security::Token& token) {
    std::uint32_t granted = 0;
    return token.has_privilege(security::privilege::kChangeNotify) ||
           check_object_access(directory, token, kDirectoryTraverse, &granted) == STATUS_SUCCESS;
}

std::int32_t assign_descriptor(Object& object, security::Bytes given, const security::Token& token,
                               const Ref<QuotaAccount>& payer) {
    SecurityDescriptor wanted, made;
    if (!given.empty()) {
        if (const auto status = SecurityDescriptor::parse(given, &wanted)) return status;
    }
    const Directory* const parent = object.parent();
    const auto status = security::make_descriptor({.parent = parent ? parent->descriptor() : nullptr,
                                                   .given = given.empty() ? nullptr : &wanted,
                                                   .token = token,
                                                   .mapping = object.type().mapping},
                                                  &made);
    return status == STATUS_SUCCESS ? keep_descriptor(object, std::move(made), payer) : status;
}

std::int32_t check_permanent(std::uint32_t attributes, const security::Token& token) {
    const bool refused =
        (attributes & OBJ_PERMANENT) != 0 && !token.has_privilege(security::privilege::kCreatePermanent);
    return refused ? STATUS_PRIVILEGE_NOT_HELD : STATUS_SUCCESS;
}

void handle(Call& call, const wire::QuerySecurity::Request& request,
            const wire::QuerySecurity::RequestBlobs&) {
    const Handle* const handle = call.process().find(request.handle);
    if (!handle) return call.finish(STATUS_INVALID_HANDLE);
    const std::uint32_t needed = security::access_to_query(request.information);
    if ((needed & ~handle->access()) != 0) return call.finish(STATUS_ACCESS_DENIED);
    const auto descriptor =
        security::query_descriptor(descriptor_of(handle->object()), request.information).encode();
    wire::QuerySecurity::Reply reply;
    call.reply<wire::QuerySecurity>(STATUS_SUCCESS, reply, {.security_descriptor = descriptor});
}

void handle(Call& call, const wire::SetSecurity::Request& request,
            const wire::SetSecurity::RequestBlobs& blobs) {
    const Handle* const handle = call.process().find(request.handle);
    if (!handle) return call.finish(STATUS_INVALID_HANDLE);
    const std::uint32_t needed = security::access_to_set(request.information);
    if ((needed & ~handle->access()) != 0) return call.finish(STATUS_ACCESS_DENIED);
    SecurityDescriptor changes;
    if (const auto status = SecurityDescriptor::parse(blobs.security_descriptor, &changes))
        return call.finish(status);
    const bool lacks_owner = (request.information & information::kOwner) != 0 && !changes.owner;
    const bool lacks_group = (request.information & information::kGroup) != 0 && !changes.group;
    if (lacks_owner || lacks_group) return call.finish(STATUS_INVALID_SECURITY_DESCR);
    Object& object = handle->object();
    SecurityDescriptor descriptor = descriptor_of(object);
    const auto status = security::set_descriptor(&descriptor, changes, request.information,
                                                 call.thread.effective_token(), object.type().mapping);
    if (status != STATUS_SUCCESS) return call.finish(status);
    call.finish(keep_descriptor(object, std::move(descriptor), call.process().account()));
}

}  // namespace ntalpc::server
