// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/pending_sends.h"

#include "ntalpc/status.h"
#include "pe/heap.h"
#include "pe/slim_lock.h"

extern "C" NTSTATUS NTAPI NtReadVirtualMemory(HANDLE process, const void* address, PVOID buffer, SIZE_T size,
                                              PSIZE_T done);

namespace ntalpc {
namespace {

SlimLock lock;           // guards the list
RunningCallback* first;  // of all callbacks that are running

void send_now(HANDLE port, ULONG flags, PPORT_MESSAGE message) {
    NtAlpcSendWaitReceivePort(port, flags, message, nullptr, nullptr, nullptr, nullptr, nullptr);
}

bool read(const void* from, void* to, SIZE_T size) {
    const HANDLE current_process = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));
    SIZE_T done = 0;
    return NT_SUCCESS(NtReadVirtualMemory(current_process, from, to, size, &done)) && done == size;
}

// The callback may have the message on its stack, which is gone when it returns. Memory that cannot be read,
// or a message that is too short for its header, gives nullptr.
PPORT_MESSAGE copy_of(const PORT_MESSAGE* message) {
    PORT_MESSAGE header;
    if (!read(message, &header, sizeof(header))) return nullptr;
    const SIZE_T size = static_cast<USHORT>(header.u1.s1.TotalLength);
    if (size < sizeof(header)) return nullptr;
    auto* const copy = static_cast<PPORT_MESSAGE>(allocate_memory(size));
    if (copy && read(message, copy, size)) return copy;
    if (copy) free_memory(copy);
    return nullptr;
}

}  // namespace

RunningCallback::RunningCallback(PTP_CALLBACK_INSTANCE instance) : instance_(instance) {
    const SlimGuard guard(lock);
    next_ = first;
    first = this;
}

RunningCallback::~RunningCallback() {
    {
        const SlimGuard guard(lock);
        RunningCallback** place = &first;
        while (*place != this) place = &(*place)->next_;
        *place = next_;
    }
    send();
}

RunningCallback* RunningCallback::find(PTP_CALLBACK_INSTANCE instance) {
    const SlimGuard guard(lock);
    RunningCallback* running = first;
    while (running && running->instance_ != instance) running = running->next_;
    return running;
}

void RunningCallback::send() {
    if (!message_) return;
    send_now(port_, flags_, message_);
    free_memory(message_);
    message_ = nullptr;
}

void send_on_completion(PTP_CALLBACK_INSTANCE instance, HANDLE port, ULONG flags, PPORT_MESSAGE message) {
    RunningCallback* const running = RunningCallback::find(instance);
    const PPORT_MESSAGE copy = running ? copy_of(message) : nullptr;
    if (!copy) return send_now(port, flags, message);
    running->send();
    running->port_ = port;
    running->flags_ = flags;
    running->message_ = copy;
}

void send_pending(PTP_CALLBACK_INSTANCE instance) {
    if (RunningCallback* const running = RunningCallback::find(instance)) running->send();
}

}  // namespace ntalpc
