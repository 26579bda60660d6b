// SPDX-License-Identifier: LGPL-2.1-or-later
// Event pairs: two auto-reset events, high and low, and the two calls that set one and wait for the other.
// Sources: ROS is ReactOS's implementation, NTI the NTInternals pages, OM what holds for every named object.
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <vector>

#ifndef _WIN32
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

#define EVENT_PAIR_ENTRY_POINTS(X) \
    X(NtCreateEventPair)           \
    X(NtOpenEventPair)             \
    X(NtSetHighEventPair)          \
    X(NtSetLowEventPair)           \
    X(NtSetHighWaitLowEventPair)   \
    X(NtSetLowWaitHighEventPair)   \
    X(NtWaitHighEventPair)         \
    X(NtWaitLowEventPair)

struct Calls {
#define X(name) EntryPoint<decltype(&::name)> name;
    EVENT_PAIR_ENTRY_POINTS(X)
#undef X
};

const Calls& calls() {
#ifdef _WIN32
#define X(name) {#name, find_entry_point(#name)},
#else
#define X(name) {#name, &::name},
#endif
    static const Calls table = {EVENT_PAIR_ENTRY_POINTS(X)};
#undef X
    return table;
}

constexpr ACCESS_MASK all_access = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE;

// Any handle that closes itself.
using Handle = Port;

Handle unnamed_pair(ACCESS_MASK access = all_access) {
    Handle pair;
    EXPECT_STATUS(STATUS_SUCCESS, calls().NtCreateEventPair(pair.put(), access, POBJECT_ATTRIBUTES{}));
    return pair;
}

NTSTATUS create(Handle& pair, const std::string& path, ULONG flags = 0) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.Attributes = flags;
    return calls().NtCreateEventPair(pair.put(), all_access, &attributes);
}

NTSTATUS open(Handle& pair, const std::string& path, ULONG flags = 0) {
    Name name(path);
    OBJECT_ATTRIBUTES attributes = name.attributes();
    attributes.Attributes = flags;
    return calls().NtOpenEventPair(pair.put(), all_access, &attributes);
}

NTSTATUS set_high(const Handle& pair) {
    return calls().NtSetHighEventPair(pair.get());
}
NTSTATUS set_low(const Handle& pair) {
    return calls().NtSetLowEventPair(pair.get());
}
NTSTATUS wait_high(const Handle& pair) {
    return calls().NtWaitHighEventPair(pair.get());
}
NTSTATUS wait_low(const Handle& pair) {
    return calls().NtWaitLowEventPair(pair.get());
}

// A thread that waits for the high event, and whether it has returned.
class HighWaiter {
  public:
    explicit HighWaiter(const Handle& pair) : pair_(pair) {}
    ~HighWaiter() {
        if (!returned_within(at_once)) set_high(pair_);  // a failed test must not hang
    }
    bool returned_within(std::chrono::milliseconds time) {
        return status_.wait_for(time) == std::future_status::ready;
    }
    NTSTATUS status() { return status_.get(); }

  private:
    const Handle& pair_;
    std::shared_future<NTSTATUS> status_ =
        std::async(std::launch::async, [this] { return wait_high(pair_); });
};

ALPC_TEST(EventPairs, ASetWithoutWaitersStays, "EP1", "NTI, ROS", high) {
    const Handle pair = unnamed_pair();
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, set_low(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
}

ALPC_TEST(EventPairs, ASecondSetIsLost, "EP2", "ROS: synchronisation events", high) {
    const Handle pair = unnamed_pair();
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
    HighWaiter waiter(pair);
    EXPECT_FALSE(waiter.returned_within(short_wait));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    ASSERT_TRUE(waiter.returned_within(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, waiter.status());
}

ALPC_TEST(EventPairs, ANewPairIsReset, "EP3", "ROS", high) {
    const Handle pair = unnamed_pair();
    HighWaiter waiter(pair);
    EXPECT_FALSE(waiter.returned_within(short_wait));
}

ALPC_TEST(EventPairs, HighAndLowAreIndependent, "EP4", "NTI", high) {
    const Handle pair = unnamed_pair();
    HighWaiter waiter(pair);
    EXPECT_STATUS(STATUS_SUCCESS, set_low(pair));
    EXPECT_FALSE(waiter.returned_within(short_wait));
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
}

ALPC_TEST(EventPairs, SettingOneAndWaitingForTheOther, "EP5", "NTI, ROS", high) {
    constexpr int rounds = 500;
    const Handle pair = unnamed_pair();
    // Owned by whoever was handed the turn. Atomic all the same: the two threads may have mapped the pair's
    // page twice, and a race detector does not see that both meet in the same memory.
    std::atomic<int> turn = 0;
    Thread server([&] {
        NTSTATUS status = wait_high(pair);
        for (int i = 1; i < rounds && status == STATUS_SUCCESS; ++i) {
            ++turn;
            status = calls().NtSetLowWaitHighEventPair(pair.get());
        }
        ++turn;
        return status == STATUS_SUCCESS ? set_low(pair) : status;
    });
    for (int i = 0; i < rounds; ++i) {
        ++turn;
        ASSERT_STATUS(STATUS_SUCCESS, calls().NtSetHighWaitLowEventPair(pair.get()));
        EXPECT_EQ(turn.load(), 2 * (i + 1));
    }
    EXPECT_STATUS(STATUS_SUCCESS, server.join());
}

ALPC_TEST(EventPairs, SetAndWaitReturnsAtOnceWhenTheOtherIsSet, "EP5", "NTI", high) {
    const Handle pair = unnamed_pair();
    EXPECT_STATUS(STATUS_SUCCESS, set_low(pair));
    EXPECT_STATUS(STATUS_SUCCESS, calls().NtSetHighWaitLowEventPair(pair.get()));
    EXPECT_STATUS(STATUS_SUCCESS, calls().NtSetLowWaitHighEventPair(pair.get()));
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
}

ALPC_TEST(EventPairs, OneSetReleasesOneWaiter, "EP6", "ROS: synchronisation events", high) {
    constexpr int count = 3;
    const Handle pair = unnamed_pair();
    std::vector<std::unique_ptr<HighWaiter>> waiters;
    for (int i = 0; i < count; ++i) waiters.push_back(std::make_unique<HighWaiter>(pair));
    const auto returned = [&] {
        int result = 0;
        for (const auto& waiter : waiters) result += waiter->returned_within(at_once);
        return result;
    };
    for (int sets = 1; sets <= count; ++sets) {
        EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
        const auto limit = std::chrono::steady_clock::now() + long_wait;
        while (returned() < sets && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
        for (const auto& waiter : waiters) {
            if (sets < count && !waiter->returned_within(at_once)) waiter->returned_within(short_wait);
        }
        EXPECT_EQ(returned(), sets);
    }
}

ALPC_TEST(EventPairs, WhatIsNoHandle, "EP7", "OM", high) {
    Handle closed = unnamed_pair();
    const HANDLE stale = closed.get();
    ASSERT_STATUS(STATUS_SUCCESS, closed.close());
    for (const HANDLE wrong : {HANDLE{}, reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF4})}) {
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtSetHighEventPair(wrong));
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtSetLowEventPair(wrong));
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtWaitHighEventPair(wrong));
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtWaitLowEventPair(wrong));
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtSetHighWaitLowEventPair(wrong));
        EXPECT_STATUS(STATUS_INVALID_HANDLE, calls().NtSetLowWaitHighEventPair(wrong));
    }
    // Another thread's object, of another type, may have got the value meanwhile.
    EXPECT_FAILURE(calls().NtSetHighEventPair(stale));
}

ALPC_TEST(EventPairs, AHandleToSomethingElse, "EP8", "OM", high) {
    const Port port = create_port(port_name());
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, set_high(port));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, wait_low(port));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, calls().NtSetHighWaitLowEventPair(port.get()));
    const Handle pair = unnamed_pair();
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, api().NtAlpcDisconnectPort(pair.get(), ULONG{0}));
}

ALPC_TEST(EventPairs, EveryUseNeedsSynchronize, "EP9", "ROS", medium) {
    constexpr ACCESS_MASK read_control = 0x20000;
    const Handle pair = unnamed_pair(read_control);
    EXPECT_STATUS(STATUS_ACCESS_DENIED, set_high(pair));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, wait_high(pair));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, calls().NtSetLowWaitHighEventPair(pair.get()));
}

ALPC_TEST(EventPairs, SynchronizeIsEnough, "EP9", "ROS", medium) {
    const Handle pair = unnamed_pair(SYNCHRONIZE);
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
}

ALPC_TEST(EventPairs, GenericAccess, "EP10", "ROS", low) {
    for (const ACCESS_MASK access :
         {ACCESS_MASK{GENERIC_READ}, ACCESS_MASK{GENERIC_WRITE}, ACCESS_MASK{GENERIC_EXECUTE},
          ACCESS_MASK{GENERIC_ALL}, ACCESS_MASK{MAXIMUM_ALLOWED}}) {
        const Handle pair = unnamed_pair(access);
        EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
        EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
    }
}

ALPC_TEST(EventPairs, OpeningByNameGivesTheSameEvents, "EP11", "OM", high) {
    Handle created, opened;
    ASSERT_STATUS(STATUS_SUCCESS, create(created, port_name()));
    ASSERT_STATUS(STATUS_SUCCESS, open(opened, port_name()));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(created));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(opened));
    HighWaiter waiter(opened);
    EXPECT_FALSE(waiter.returned_within(short_wait));
}

ALPC_TEST(EventPairs, ANameLivesAsLongAsAHandle, "EP12", "OM", high) {
    Handle created, opened, again;
    ASSERT_STATUS(STATUS_SUCCESS, create(created, port_name()));
    ASSERT_STATUS(STATUS_SUCCESS, open(opened, port_name()));
    EXPECT_STATUS(STATUS_SUCCESS, created.close());
    EXPECT_STATUS(STATUS_SUCCESS, open(again, port_name()));
    EXPECT_STATUS(STATUS_SUCCESS, again.close());
    EXPECT_STATUS(STATUS_SUCCESS, opened.close());
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, open(again, port_name()));
}

ALPC_TEST(EventPairs, ANameInUse, "EP13", "OM", high) {
    Handle first, second, third;
    ASSERT_STATUS(STATUS_SUCCESS, create(first, port_name()));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(second, port_name()));
    ASSERT_STATUS(STATUS_OBJECT_NAME_EXISTS, create(third, port_name(), OBJ_OPENIF));
    EXPECT_STATUS(STATUS_SUCCESS, set_low(third));
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(first));
}

ALPC_TEST(EventPairs, ANameOfAnotherType, "EP14", "OM", medium) {
    const Port port = create_port(port_name());
    Handle pair;
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, open(pair, port_name()));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, create(pair, port_name(), OBJ_OPENIF));
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(pair, port_name()));
}

ALPC_TEST(EventPairs, CaseOfNames, "EP15", "OM", medium) {
    Handle lower, other;
    ASSERT_STATUS(STATUS_SUCCESS, create(lower, port_name("-x")));
    EXPECT_STATUS(STATUS_SUCCESS, open(other, port_name("-X"), OBJ_CASE_INSENSITIVE));
    EXPECT_STATUS(STATUS_SUCCESS, other.close());
    EXPECT_STATUS(STATUS_OBJECT_NAME_COLLISION, create(other, port_name("-X"), OBJ_CASE_INSENSITIVE));
}

ALPC_TEST(EventPairs, NamesThatCannotBe, "EP16", "OM", medium) {
    Handle pair;
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, create(pair, "not-absolute"));
    EXPECT_STATUS(STATUS_OBJECT_PATH_NOT_FOUND, create(pair, "\\ntalpc-no-such-directory\\pair"));
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, open(pair, port_name()));
    EXPECT_STATUS(STATUS_OBJECT_PATH_SYNTAX_BAD, open(pair, ""));
    EXPECT_EQ(pair.get(), nullptr);
}

ALPC_TEST(EventPairs, OpeningNeedsAttributes, "EP16", "OM", medium) {
    Handle pair;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  calls().NtOpenEventPair(pair.put(), all_access, POBJECT_ATTRIBUTES{}));
}

ALPC_TEST(EventPairs, NowhereToPutTheHandle, "EP17", "OM", high) {
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  calls().NtCreateEventPair(PHANDLE{}, all_access, POBJECT_ATTRIBUTES{}));
}

// Far more pairs than any cache of open ones may hold.
constexpr int many_pairs = 4'000;

void use_many_pairs() {
    for (int i = 0; i < many_pairs; ++i) {
        const Handle pair = unnamed_pair();
        ASSERT_STATUS(STATUS_SUCCESS, set_high(pair));
        ASSERT_STATUS(STATUS_SUCCESS, wait_high(pair));
    }
}

#ifndef _WIN32

ALPC_TEST(EventPairs, ClosedPairsDoNotStayMapped, "EP18", "inference", high) {
    ASSERT_NO_FATAL_FAILURE(use_many_pairs());
    std::ifstream maps("/proc/self/maps");
    int mapped = 0;
    for (std::string line; std::getline(maps, line);) mapped += line.find("memfd:event pair") != line.npos;
    EXPECT_LT(mapped, many_pairs / 4);
}

// The child says through the low event that it is about to wait, and is killed there.
ALPC_TEST(EventPairs, AKilledWaiterConsumesNothing, "EP19", "inference", high) {
    const std::string name = port_name();
    Handle pair;
    ASSERT_STATUS(STATUS_SUCCESS, create(pair, name));
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        HANDLE own = nullptr;
        Name own_name(name);
        OBJECT_ATTRIBUTES attributes = own_name.attributes();
        if (NtOpenEventPair(&own, all_access, &attributes) == STATUS_SUCCESS) NtSetLowWaitHighEventPair(own);
        _exit(1);
    }
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
    EXPECT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, set_low(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
}

#else

ALPC_TEST(EventPairs, ClosedPairsDoNotStayOpen, "EP18", "inference", high) {
    DWORD before = 0, after = 0;
    ASSERT_TRUE(GetProcessHandleCount(GetCurrentProcess(), &before));
    ASSERT_NO_FATAL_FAILURE(use_many_pairs());
    ASSERT_TRUE(GetProcessHandleCount(GetCurrentProcess(), &after));
    EXPECT_LT(after, before + many_pairs / 4);
}

// A thread of Windows that sets the low event and waits for the high one.
class RawThread {
  public:
    explicit RawThread(const Handle& pair)
        : pair_(pair.get()), thread_(CreateThread(nullptr, 0, run, this, 0, nullptr)) {}
    ~RawThread() { CloseHandle(thread_); }
    HANDLE get() const { return thread_; }
    bool ended_within(std::chrono::milliseconds time) const {
        return WaitForSingleObject(thread_, static_cast<DWORD>(time.count())) == WAIT_OBJECT_0;
    }

  private:
    static DWORD WINAPI run(void* self) {
        return static_cast<DWORD>(
            calls().NtSetLowWaitHighEventPair(static_cast<const RawThread*>(self)->pair_));
    }
    const HANDLE pair_;
    const HANDLE thread_;
};

ALPC_TEST(EventPairs, ATerminatedWaiterConsumesNothing, "EP19", "ROS: waits of the dispatcher", high) {
    const Handle pair = unnamed_pair();
    // A thread that is terminated while it starts takes the loader's lock with it.
    RawThread waiter(pair);
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
    RawThread survivor(pair);
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
    ASSERT_TRUE(TerminateThread(waiter.get(), 7));
    ASSERT_TRUE(waiter.ended_within(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_TRUE(survivor.ended_within(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(pair));
}

ALPC_TEST(EventPairs, ASuspendedWaiterGoesOnWhenItResumes, "EP20", "ROS: waits of the dispatcher", high) {
    const Handle pair = unnamed_pair();
    RawThread waiter(pair);
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
    ASSERT_EQ(SuspendThread(waiter.get()), 0u);
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_FALSE(waiter.ended_within(short_wait));
    ASSERT_EQ(ResumeThread(waiter.get()), 1u);
    EXPECT_TRUE(waiter.ended_within(long_wait));
}

void CALLBACK mark(ULONG_PTR flag) {
    *reinterpret_cast<volatile bool*>(flag) = true;
}

ALPC_TEST(EventPairs, AWaitIsNotAlertable, "EP21", "ROS", medium) {
    const Handle pair = unnamed_pair();
    volatile bool delivered = false;
    RawThread waiter(pair);
    EXPECT_STATUS(STATUS_SUCCESS, wait_low(pair));
    ASSERT_TRUE(QueueUserAPC(mark, waiter.get(), reinterpret_cast<ULONG_PTR>(&delivered)));
    EXPECT_FALSE(waiter.ended_within(short_wait));
    EXPECT_FALSE(delivered);
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_TRUE(waiter.ended_within(long_wait));
}

ALPC_TEST(EventPairs, DuplicatedHandle, "EP22", "OM", high) {
    Handle pair = unnamed_pair(), copy;
    ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), pair.get(), GetCurrentProcess(), copy.put(), 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    EXPECT_STATUS(STATUS_SUCCESS, set_high(pair));
    EXPECT_STATUS(STATUS_SUCCESS, pair.close());
    EXPECT_STATUS(STATUS_SUCCESS, wait_high(copy));
}

ALPC_TEST(EventPairs, InheritableHandle, "EP23", "OM", high) {
    for (const ULONG flags : {ULONG{0}, ULONG{OBJ_INHERIT}}) {
        OBJECT_ATTRIBUTES attributes{};
        attributes.Length = sizeof(attributes);
        attributes.Attributes = flags;
        Handle pair;
        ASSERT_STATUS(STATUS_SUCCESS, calls().NtCreateEventPair(pair.put(), all_access, &attributes));
        DWORD information = 0;
        ASSERT_TRUE(GetHandleInformation(pair.get(), &information));
        EXPECT_EQ(information & HANDLE_FLAG_INHERIT, flags ? DWORD{HANDLE_FLAG_INHERIT} : 0u);
    }
}

ALPC_TEST(EventPairs, AnOrdinaryEventIsNoPair, "EP8", "OM", high) {
    const Handle event(CreateEventW(nullptr, FALSE, FALSE, nullptr));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, set_high(event));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, wait_high(event));
}

#endif

}  // namespace
}  // namespace ntalpc::conformance
