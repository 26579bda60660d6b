// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/keeper.h"

#include <cstring>
#include <map>
#include <vector>

#include "core/call_scope.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "wine/handle_facts.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

HANDLE handle_of(std::uint64_t value) {
    return reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(value));
}

// The processes that things are duplicated from, as long as they live.
class Sources {
  public:
    NTSTATUS find(std::uint64_t process_id, HANDLE* process) {
        const auto known = processes_.find(process_id);
        if (known != processes_.end()) {
            *process = known->second;
            return STATUS_SUCCESS;
        }
        const NTSTATUS status = open_process_for_duplication(process_id, process);
        if (status == STATUS_SUCCESS) processes_.emplace(process_id, *process);
        return status;
    }
    void forget(std::uint64_t process_id) {
        const auto known = processes_.find(process_id);
        if (known == processes_.end()) return;
        nt_close(known->second);
        processes_.erase(known);
    }

  private:
    std::map<std::uint64_t, HANDLE> processes_;
};

// The receiver's rights and the type are looked up here, where no sender can lie about them.
wire::KeptHandle keep(HANDLE source, const wire::PassedHandle& object) {
    wire::KeptHandle kept;
    HANDLE handle = nullptr;
    const ULONG options = object.flags & ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS ? kDuplicateSameAccess : 0;
    kept.status = nt_duplicate_object(source, handle_of(object.value), kCurrentProcess, &handle,
                                      object.access, 0, options);
    if (kept.status != STATUS_SUCCESS) return kept;
    HandleFacts facts;
    kept.status = query_handle(handle, &facts);
    // What has no code does not pass (alpc-abi 3.2).
    if (kept.status == STATUS_SUCCESS && facts.type == 0) kept.status = STATUS_NOT_SUPPORTED;
    if (kept.status != STATUS_SUCCESS) {
        nt_close(handle);
        return kept;
    }
    kept.value = reinterpret_cast<std::uintptr_t>(handle);
    kept.type = facts.type;
    kept.access = facts.access;
    return kept;
}

std::vector<wire::KeptHandle> carry_out(Sources& sources, const wire::KeepHandles::Reply& order,
                                        const wire::KeepHandles::ReplyBlobs& blobs) {
    for (const std::uint64_t value : wire::items_of<std::uint64_t>(blobs.closed)) nt_close(handle_of(value));
    for (const std::uint64_t process : wire::items_of<std::uint64_t>(blobs.gone)) sources.forget(process);
    std::vector<wire::KeptHandle> results;
    const auto objects = wire::items_of<wire::PassedHandle>(blobs.objects);
    if (objects.empty()) return results;
    HANDLE source = nullptr;
    const NTSTATUS found = sources.find(order.process_id, &source);
    for (const wire::PassedHandle& object : objects) {
        wire::KeptHandle kept;
        kept.status = found;
        results.push_back(found == STATUS_SUCCESS ? keep(source, object) : kept);
    }
    return results;
}

}  // namespace

NTSTATUS keep_handles() {
    Sources sources;
    std::vector<wire::KeptHandle> results;
    wire::KeepHandles::Request request;
    for (;;) {
        core::CallScope scope;
        NTSTATUS status = scope.connect();
        if (status != STATUS_SUCCESS) return status;
        wire::KeepHandles::Reply order;
        wire::KeepHandles::ReplyBlobs blobs;
        status = scope.call<wire::KeepHandles>(
            core::Blocking::yes, request, {.results = std::as_bytes(std::span(results))}, &order, &blobs);
        if (status != STATUS_SUCCESS) return status;
        results = carry_out(sources, order, blobs);
        request.order = order.order;
    }
}

}  // namespace ntalpc::wine
