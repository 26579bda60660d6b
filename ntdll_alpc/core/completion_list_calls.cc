// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls on completion lists, with their exported names. Four go to the kernel; the rest work on memory of
// the caller and fault on bad pointers like any function of a program.
#include <atomic>

#include "core/completion_list.h"
#include "core/completion_list_room.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

using Header = ALPC_COMPLETION_LIST_HEADER;

// The program's own memory, which it shares with the writer.
class OwnWords {
  public:
    explicit OwnWords(void* list) : base_(static_cast<unsigned char*>(list)) {}

    std::uint64_t load64(std::uint32_t offset) const { return at<std::uint64_t>(offset).load(); }
    std::uint32_t load32(std::uint32_t offset) const { return at<std::uint32_t>(offset).load(); }
    void store32(std::uint32_t offset, std::uint32_t value) const { at<std::uint32_t>(offset).store(value); }
    bool exchange64(std::uint32_t offset, std::uint64_t& expected, std::uint64_t desired) const {
        return at<std::uint64_t>(offset).compare_exchange_strong(expected, desired);
    }
    // Returns the sum.
    std::uint32_t add32(std::uint32_t offset, std::uint32_t value) const {
        return at<std::uint32_t>(offset).fetch_add(value) + value;
    }

    template <class T>
    T* pointer(std::uint32_t offset) const {
        return reinterpret_cast<T*>(base_ + offset);
    }

  private:
    template <class T>
    std::atomic_ref<T> at(std::uint32_t offset) const {
        return std::atomic_ref<T>(*pointer<T>(offset));
    }
    unsigned char* base_;
};

using CompletionList = BasicCompletionList<OwnWords>;

CompletionList list_at(void* list) {
    return CompletionList(OwnWords(list), ListLayout::stated_by(*static_cast<const Header*>(list)));
}

}  // namespace

}  // namespace ntalpc::core

using ntalpc::core::list_at;

NTSTATUS NTAPI AlpcRegisterCompletionList(HANDLE PortHandle, PALPC_COMPLETION_LIST_HEADER Buffer, ULONG Size,
                                          ULONG ConcurrencyCount, ULONG AttributeFlags) {
    ALPC_PORT_COMPLETION_LIST_INFORMATION information{};
    information.Buffer = Buffer;
    information.Size = Size;
    information.ConcurrencyCount = ConcurrencyCount;
    information.AttributeFlags = AttributeFlags;
    return NtAlpcSetInformation(PortHandle, AlpcRegisterCompletionListInformation, &information,
                                sizeof(information));
}

NTSTATUS NTAPI AlpcUnregisterCompletionList(HANDLE PortHandle) {
    return NtAlpcSetInformation(PortHandle, AlpcUnregisterCompletionListInformation, nullptr, 0);
}

NTSTATUS NTAPI AlpcRundownCompletionList(HANDLE PortHandle) {
    return NtAlpcSetInformation(PortHandle, AlpcCompletionListRundownInformation, nullptr, 0);
}

NTSTATUS NTAPI AlpcAdjustCompletionListConcurrencyCount(HANDLE PortHandle, ULONG ConcurrencyCount) {
    return NtAlpcSetInformation(PortHandle, AlpcAdjustCompletionListConcurrencyCountInformation,
                                &ConcurrencyCount, sizeof(ConcurrencyCount));
}

BOOLEAN NTAPI AlpcRegisterCompletionListWorkerThread(PVOID CompletionList) {
    return list_at(CompletionList).join();
}

BOOLEAN NTAPI AlpcUnregisterCompletionListWorkerThread(PVOID CompletionList) {
    return list_at(CompletionList).leave();
}

// The two ids are one word, so they are always those of one message.
VOID NTAPI AlpcGetCompletionListLastMessageInformation(PVOID CompletionList, PULONG LastMessageId,
                                                       PULONG LastCallbackId) {
    static_assert(offsetof(ALPC_COMPLETION_LIST_HEADER, LastCallbackId) ==
                  offsetof(ALPC_COMPLETION_LIST_HEADER, LastMessageId) + 4);
    const std::uint64_t ids =
        list_at(CompletionList).words().load64(offsetof(ALPC_COMPLETION_LIST_HEADER, LastMessageId));
    *LastMessageId = static_cast<ULONG>(ids);
    *LastCallbackId = static_cast<ULONG>(ids >> 32);
}

// The messages freed are read first: those posted meanwhile make the difference too large for an instant,
// never negative.
ULONG NTAPI AlpcGetOutstandingCompletionListMessageCount(PVOID CompletionList) {
    auto list = list_at(CompletionList);
    const ULONG returned = list.words().load32(offsetof(ALPC_COMPLETION_LIST_HEADER, ReturnCount));
    return list.words().load32(offsetof(ALPC_COMPLETION_LIST_HEADER, PostCount)) - returned;
}

PPORT_MESSAGE NTAPI AlpcGetMessageFromCompletionList(PVOID CompletionList,
                                                     PALPC_MESSAGE_ATTRIBUTES* MessageAttributes) {
    auto list = list_at(CompletionList);
    const std::uint32_t offset = list.take();
    auto* const message = offset == list.kNoMessage
                              ? nullptr
                              : list.words().pointer<PORT_MESSAGE>(list.layout().data_offset + offset);
    if (MessageAttributes) {
        *MessageAttributes =
            message ? AlpcGetCompletionListMessageAttributes(CompletionList, message) : nullptr;
    }
    return message;
}

VOID NTAPI AlpcFreeCompletionListMessage(PVOID CompletionList, PPORT_MESSAGE Message) {
    auto list = list_at(CompletionList);
    const auto offset = reinterpret_cast<ULONG_PTR>(Message) -
                        reinterpret_cast<ULONG_PTR>(list.words().pointer<void>(list.layout().data_offset));
    if (offset >= list.layout().data_size() || !list.release(static_cast<std::uint32_t>(offset))) return;
    if (list.count_freed()) ntalpc::core::room_freed(CompletionList);
}

// Behind the message as it was received: once the program has changed its length, this cannot be told any
// more.
PALPC_MESSAGE_ATTRIBUTES NTAPI AlpcGetCompletionListMessageAttributes(PVOID CompletionList,
                                                                      PPORT_MESSAGE Message) {
    if (static_cast<const ALPC_COMPLETION_LIST_HEADER*>(CompletionList)->AttributeFlags == 0) return nullptr;
    const auto total_length = static_cast<USHORT>(Message->u1.s1.TotalLength);
    return reinterpret_cast<PALPC_MESSAGE_ATTRIBUTES>(reinterpret_cast<unsigned char*>(Message) +
                                                      ntalpc::core::attributes_offset(total_length));
}
