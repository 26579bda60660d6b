// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/targets.h"

#include <algorithm>
#include <string>

#include "ntalpc/status.h"
#include "wine/hints.h"
#include "wine/imports.h"
#include "wine/noted_handles.h"
#include "wine/object_names.h"

namespace ntalpc::wine {

NTALPC_IMPORT(nt_set_io_completion, "NtSetIoCompletion", NTSTATUS,
              (HANDLE completion_port, ULONG_PTR key, ULONG_PTR context, NTSTATUS status,
               SIZE_T information));

namespace {

constexpr ACCESS_MASK kIoCompletionModifyState = 2;

NTSTATUS duplicate_completion_port(HANDLE handle, HANDLE* own) {
    std::u16string type;
    NTSTATUS status = object_type_name(handle, &type);
    if (status == STATUS_SUCCESS && type != u"IoCompletion") status = STATUS_OBJECT_TYPE_MISMATCH;
    if (status != STATUS_SUCCESS) return status;
    return nt_duplicate_object(kCurrentProcess, handle, kCurrentProcess, own, kIoCompletionModifyState, 0, 0);
}

// How many handles there are to an object, in all processes; 0 if that cannot be found out.
ULONG handle_count(HANDLE handle) {
    struct {
        ULONG attributes, access, handle_count, pointer_count, rest[10];
    } basic{};  // OBJECT_BASIC_INFORMATION
    constexpr ULONG object_basic_information = 0;
    const NTSTATUS status = nt_query_object(handle, object_basic_information, &basic, sizeof(basic), nullptr);
    return status == STATUS_SUCCESS ? basic.handle_count : 0;
}

}  // namespace

Targets& Targets::instance() {
    static Targets* const targets = new Targets;  // threads may call while the process exits
    return *targets;
}

NTSTATUS Targets::find_or_add(HANDLE given, CompletionPorts::iterator* found) {
    const auto is_given = [given](const CompletionPort& port) { return port.given == given; };
    *found = std::ranges::find_if(completion_ports_, is_given);
    if (*found != completion_ports_.end()) return STATUS_SUCCESS;
    HANDLE own = nullptr;
    const NTSTATUS status = duplicate_completion_port(given, &own);
    if (status != STATUS_SUCCESS) return status;
    *found = completion_ports_.insert(completion_ports_.end(), {given, own, 0});
    note_handle(given, HandleKind::watched);
    return STATUS_SUCCESS;
}

NTSTATUS Targets::add_completion_port(HANDLE completion_port, void* key, host::Target* target) {
    if (!completion_port) return STATUS_INVALID_HANDLE;
    const std::lock_guard lock(mutex_);
    Destination destination;
    const NTSTATUS status = find_or_add(completion_port, &destination.completion_port);
    if (status != STATUS_SUCCESS) return status;
    ++destination.completion_port->users;
    destination.key = key;
    *target = ++last_target_;
    targets_.emplace(*target, destination);
    return STATUS_SUCCESS;
}

host::Target Targets::add_pool_object() {
    const std::lock_guard lock(mutex_);
    targets_.emplace(++last_target_, Destination{.pool_object = true});
    return last_target_;
}

void Targets::let_go(const Destination& destination) {
    if (destination.pool_object || --destination.completion_port->users != 0) return;
    if (const HANDLE own = destination.completion_port->own) nt_close(own);
    completion_ports_.erase(destination.completion_port);
}

void Targets::remove(host::Target target) {
    const std::lock_guard lock(mutex_);
    const auto found = targets_.find(target);
    if (found == targets_.end()) return;
    let_go(found->second);
    targets_.erase(found);
}

bool Targets::empty() {
    const std::lock_guard lock(mutex_);
    return targets_.empty();
}

// The packet has a key and nothing else: what Windows puts into the other values is not documented, and a
// consumer finds out by receiving (alpc-semantics 14).
void Targets::post(host::Target target, const Destination& destination, std::uint32_t count) {
    if (destination.pool_object) {
        if (count != 0) pool_posts_.push_back({target, count});
        return;
    }
    const HANDLE own = destination.completion_port->own;
    for (; own && count != 0; --count) {
        nt_set_io_completion(own, reinterpret_cast<ULONG_PTR>(destination.key), ULONG_PTR{0},
                             NTSTATUS{STATUS_SUCCESS}, SIZE_T{0});
    }
}

bool Targets::take_pool_post(PoolPost* post) {
    const std::lock_guard lock(mutex_);
    if (pool_posts_.empty()) return false;
    *post = pool_posts_.back();
    pool_posts_.pop_back();
    return true;
}

void Targets::announce(const wire::Note& note) {
    const std::lock_guard lock(mutex_);
    const auto found = targets_.find(note.cookie);
    if (found == targets_.end()) return;
    post(found->first, found->second, note.count);
    if (!note.ended) return;
    let_go(found->second);
    targets_.erase(found);
}

void Targets::announce_end() {
    const std::lock_guard lock(mutex_);
    for (const auto& [target, destination] : targets_) {
        post(target, destination, 1);
        let_go(destination);
    }
    targets_.clear();
}

void Targets::handle_closes(HANDLE handle) {
    const std::lock_guard lock(mutex_);
    for (CompletionPort& port : completion_ports_) {
        if (port.given != handle) continue;
        port.given = nullptr;  // the value may come to stand for another one
        constexpr ULONG this_one_and_ours = 2;
        if (handle_count(port.own) > this_one_and_ours) continue;
        nt_close(port.own);
        port.own = nullptr;
    }
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

NtStatus keep_completion_port(NtHandle completion_port, void* key, Target* target) {
    const CallGuard guard;
    return wine::Targets::instance().add_completion_port(completion_port, key, target);
}

void forget_target(Target target) {
    const CallGuard guard;
    wine::Targets::instance().remove(target);
    wine::Hints::instance().look_around();
}

NtStatus begin_announcing() {
    const CallGuard guard;
    return wine::Hints::instance().begin_announcing();
}

}  // namespace ntalpc::host
