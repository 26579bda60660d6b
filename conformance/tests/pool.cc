// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports tied to the thread pool.
#include <atomic>
#include <vector>

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

#ifndef _WIN32

// There is no Windows thread pool in a native process; ports have events to wait on instead.
ALPC_TEST(Pool, IsNotSupportedNatively, "16", "this project", high) {
    Port port = create_port(port_name());
    PTP_ALPC object = nullptr;
    EXPECT_STATUS(STATUS_NOT_SUPPORTED, api().TpAllocAlpcCompletion(&object, port.get(), PTP_ALPC_CALLBACK{},
                                                                    PVOID{}, PTP_CALLBACK_ENVIRON{}));
    EXPECT_STATUS(STATUS_NOT_SUPPORTED,
                  api().TpAllocAlpcCompletionEx(&object, port.get(), PTP_ALPC_CALLBACK_EX{}, PVOID{},
                                                PTP_CALLBACK_ENVIRON{}));
    EXPECT_EQ(object, nullptr);
}

#else

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr DWORD long_time = static_cast<DWORD>(long_wait.count());
constexpr DWORD short_time = static_cast<DWORD>(short_wait.count());

class Semaphore {
  public:
    Semaphore() : handle_(CreateSemaphoreW(nullptr, 0, 1000, nullptr)) {}
    ~Semaphore() { CloseHandle(handle_); }
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;
    void post() { ReleaseSemaphore(handle_, 1, nullptr); }
    bool take(DWORD time = long_time) { return WaitForSingleObject(handle_, time) == WAIT_OBJECT_0; }
    HANDLE get() const { return handle_; }

  private:
    HANDLE handle_;
};

// What the callbacks of a test see and do.
struct Scene {
    Connection connection;
    PTP_ALPC object = nullptr;
    Semaphore entered, go_on, left;
    std::atomic<int> callbacks{0};
    std::atomic<int> received{0};
    std::atomic<int> others{0};  // callbacks with arguments that are not as given
    std::atomic<int> finalized{0}, cancelled{0};
    bool holds_first = false;  // the first callback waits for go_on
    Message<> answer{"when it returns"};
    bool sends_at_once = false;

    void make() { ASSERT_NO_FATAL_FAILURE(make_connection(connection)); }
    NTSTATUS allocate(PTP_ALPC_CALLBACK callback, TP_CALLBACK_ENVIRON* environment = nullptr) {
        return api().TpAllocAlpcCompletion(&object, connection.listener.get(), callback, PVOID{this},
                                           environment);
    }
    void receive_one() {
        Message<> message;
        if (receive(connection.listener, message, nullptr, at_once) == STATUS_SUCCESS) ++received;
    }
    void send(std::string_view data = "one") {
        Message<> message(data);
        EXPECT_STATUS(STATUS_SUCCESS, conformance::send(connection.client, message.get(), release));
    }
    void drop() { api().TpReleaseAlpcCompletion(object); }
};

void NTAPI on_message(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_ALPC object) {
    auto* const scene = static_cast<Scene*>(context);
    if (!instance || object != scene->object) ++scene->others;
    const bool first = scene->callbacks++ == 0;
    scene->entered.post();
    if (first && scene->holds_first) scene->go_on.take();
    scene->receive_one();
    scene->left.post();
}

ALPC_TEST(Pool, OneCallbackPerMessageWhichFindsIt, "T01, T02", "PHNT, ReactOS fork", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    constexpr int count = 5;
    for (int i = 0; i < count; ++i) scene.send();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(scene.left.take());
    EXPECT_FALSE(scene.left.take(short_time));
    EXPECT_EQ(scene.received, count);
    EXPECT_EQ(scene.callbacks, count);
    EXPECT_EQ(scene.others, 0);
    scene.drop();
}

void NTAPI on_message_ex(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_ALPC object, PVOID apc_context) {
    if (apc_context) ++static_cast<Scene*>(context)->others;
    on_message(instance, context, object);
}

ALPC_TEST(Pool, TheExtendedCallbackGetsAFourthArgument, "T03", "PHNT; its value is inferred", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().TpAllocAlpcCompletionEx(&scene.object, scene.connection.listener.get(),
                                                &on_message_ex, PVOID{&scene}, PTP_CALLBACK_ENVIRON{}));
    scene.send();
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 1);
    EXPECT_EQ(scene.others, 0);
    scene.drop();
}

ALPC_TEST(Pool, MessagesThatWereThereBeforeHaveCallbacks, "14", "unknown", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    scene.send();
    scene.send();
    // The object is known to the callbacks when the call has returned.
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.go_on.post();
    ASSERT_TRUE(scene.left.take());
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 2);
    scene.drop();
}

ALPC_TEST(Pool, ASlowCallbackDoesNotStopTheOthers, "T01", "PHNT", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    constexpr int count = 4;
    for (int i = 0; i < count; ++i) scene.send();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(scene.left.take()) << "while the first one is busy";
    EXPECT_EQ(scene.received, count);
    scene.go_on.post();
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, count + 1);
    scene.drop();
}

ALPC_TEST(Pool, WaitingEndsAfterTheCallback, "T04", "PHNT", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    Thread waiter([&] {
        api().TpWaitForAlpcCompletion(scene.object);
        return scene.received.load();
    });
    EXPECT_FALSE(waiter.done(short_wait));
    scene.go_on.post();
    EXPECT_EQ(waiter.join(), 1);
    scene.drop();
}

ALPC_TEST(Pool, NoCallbacksAfterRelease, "T05", "inferred", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.send();
    ASSERT_TRUE(scene.left.take());
    scene.drop();
    scene.send();
    EXPECT_FALSE(scene.entered.take(short_time) && scene.entered.take(short_time));
    EXPECT_EQ(scene.callbacks, 1);
}

ALPC_TEST(Pool, ReleaseLetsARunningCallbackFinish, "16", "PHNT", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    scene.drop();
    scene.go_on.post();
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 1);
    EXPECT_EQ(scene.others, 0);
}

void NTAPI release_itself(PTP_CALLBACK_INSTANCE, PVOID context, PTP_ALPC object) {
    auto* const scene = static_cast<Scene*>(context);
    scene->receive_one();
    api().TpReleaseAlpcCompletion(object);
    scene->left.post();
}

ALPC_TEST(Pool, ACallbackMayReleaseItsObject, "16", "documentation of the thread pool", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&release_itself));
    scene.send();
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 1);
}

ALPC_TEST(Pool, APortHasOneObject, "16", "inferred", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    PTP_ALPC second = nullptr;
    EXPECT_STATUS(STATUS_PORT_ALREADY_SET,
                  api().TpAllocAlpcCompletion(&second, scene.connection.listener.get(), &on_message,
                                              PVOID{&scene}, PTP_CALLBACK_ENVIRON{}));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, api().TpAllocAlpcCompletion(&second, HANDLE{}, &on_message,
                                                                     PVOID{&scene}, PTP_CALLBACK_ENVIRON{}));
    scene.send();
    EXPECT_TRUE(scene.left.take());
    EXPECT_EQ(scene.others, 0);
    scene.drop();
}

ALPC_TEST(Pool, AReleasedPortMayBeTiedAgain, "16", "unknown", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.drop();
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    scene.send();
    EXPECT_TRUE(scene.left.take());
    scene.drop();
}

ALPC_TEST(Pool, TheEndOfTheClientHasACallback, "T01", "inferred", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    ASSERT_STATUS(STATUS_SUCCESS, scene.connection.client.close());
    ASSERT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 1);
    scene.drop();
}

// Without a list there is nothing to couple; the calls have no result and may be repeated.
ALPC_TEST(Pool, CouplingAListKeepsTheObjectWorking, "16", "ReactOS fork", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message));
    api().TpAlpcRegisterCompletionList(scene.object);
    api().TpAlpcRegisterCompletionList(scene.object);
    scene.send();
    EXPECT_TRUE(scene.left.take());
    for (int i = 0; i < 3; ++i) api().TpAlpcUnregisterCompletionList(scene.object);
    scene.send();
    EXPECT_TRUE(scene.left.take());
    EXPECT_EQ(scene.received, 2);
    scene.drop();
}

// ---- Sending on completion ----

void NTAPI send_when_done(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_ALPC) {
    auto* const scene = static_cast<Scene*>(context);
    Message<> request;
    receive(scene->connection.listener, request, nullptr, at_once);
    Message<> answer("on completion");
    api().TpCallbackSendAlpcMessageOnCompletion(instance, scene->connection.server.get(), release,
                                                answer.get());
    if (scene->sends_at_once) api().TpCallbackSendPendingAlpcMessage(instance);
    scene->entered.post();
    scene->go_on.take();
}

ALPC_TEST(Pool, AMessageIsSentWhenTheCallbackReturns, "16", "PFW, name", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&send_when_done));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    Message<> message;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(scene.connection.client, message, nullptr, short_wait));
    scene.go_on.post();
    EXPECT_STATUS(STATUS_SUCCESS, receive(scene.connection.client, message));
    EXPECT_EQ(message.data(), "on completion");
    scene.drop();
}

ALPC_TEST(Pool, APendingMessageCanBeSentAtOnce, "16", "PFW, name", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    scene.sends_at_once = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&send_when_done));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    Message<> message;
    EXPECT_STATUS(STATUS_SUCCESS, receive(scene.connection.client, message));
    scene.go_on.post();
    EXPECT_STATUS(STATUS_TIMEOUT, receive(scene.connection.client, message, nullptr, short_wait))
        << "it is sent once";
    scene.drop();
}

// ---- Environments ----

class Environment {
  public:
    Environment() { InitializeThreadpoolEnvironment(&value_); }
    ~Environment() {
        if (group_) CloseThreadpoolCleanupGroup(group_);
        if (pool_) CloseThreadpool(pool_);
        DestroyThreadpoolEnvironment(&value_);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    TP_CALLBACK_ENVIRON* get() { return &value_; }
    void use_group(PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancelled) {
        group_ = CreateThreadpoolCleanupGroup();
        SetThreadpoolCallbackCleanupGroup(&value_, group_, cancelled);
    }
    void use_pool(DWORD threads) {
        pool_ = CreateThreadpool(nullptr);
        SetThreadpoolThreadMaximum(pool_, threads);
        SetThreadpoolCallbackPool(&value_, pool_);
    }
    void close_members(bool cancel, void* context) {
        CloseThreadpoolCleanupGroupMembers(group_, cancel, context);
    }

  private:
    TP_CALLBACK_ENVIRON value_;
    PTP_CLEANUP_GROUP group_ = nullptr;
    PTP_POOL pool_ = nullptr;
};

ALPC_TEST(PoolEnvironment, APrivatePoolLimitsTheThreads, "16", "documentation of the thread pool", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    Environment environment;
    environment.use_pool(1);
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message, environment.get()));
    scene.send();
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    EXPECT_FALSE(scene.entered.take(short_time)) << "one thread runs one callback";
    scene.go_on.post();
    ASSERT_TRUE(scene.left.take());
    ASSERT_TRUE(scene.left.take());
    api().TpWaitForAlpcCompletion(scene.object);
    scene.drop();
}

ALPC_TEST(PoolEnvironment, PriorityAndLongFunctionsAreAccepted, "16", "documentation of the thread pool",
          medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    Environment environment;
    SetThreadpoolCallbackPriority(environment.get(), TP_CALLBACK_PRIORITY_HIGH);
    SetThreadpoolCallbackRunsLong(environment.get());
    SetThreadpoolCallbackLibrary(environment.get(), GetModuleHandleW(nullptr));
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message, environment.get()));
    scene.send();
    EXPECT_TRUE(scene.left.take());
    scene.drop();
}

void NTAPI on_finalized(PTP_CALLBACK_INSTANCE, PVOID context) {
    auto* const scene = static_cast<Scene*>(context);
    ++scene->finalized;
    scene->go_on.post();
}

ALPC_TEST(PoolEnvironment, TheFinalizationCallbackFollowsTheCallback, "16", "Wine", low) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    Environment environment;
    environment.get()->FinalizationCallback = &on_finalized;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message, environment.get()));
    scene.send();
    EXPECT_TRUE(scene.go_on.take());
    EXPECT_EQ(scene.received, 1);
    EXPECT_EQ(scene.finalized, 1);
    scene.drop();
}

void NTAPI on_cancelled(PVOID object_context, PVOID cleanup_context) {
    auto* const scene = static_cast<Scene*>(object_context);
    if (cleanup_context != &scene->cancelled) ++scene->others;
    ++scene->cancelled;
}

ALPC_TEST(PoolEnvironment, ClosingAGroupWaitsAndReleases, "16", "documentation of the thread pool", medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    Environment environment;
    environment.use_group(&on_cancelled);
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message, environment.get()));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    Thread closer([&] {
        environment.close_members(false, &scene.cancelled);
        return scene.received.load();
    });
    EXPECT_FALSE(closer.done(short_wait));
    scene.go_on.post();
    EXPECT_EQ(closer.join(), 1);
    EXPECT_EQ(scene.cancelled, 0);
    // The object has gone with the group, and the port is free.
    scene.send();
    EXPECT_FALSE(scene.entered.take(short_time));
    Scene second;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().TpAllocAlpcCompletion(&second.object, scene.connection.listener.get(), &on_message,
                                              PVOID{&second}, PTP_CALLBACK_ENVIRON{}));
    EXPECT_TRUE(second.entered.take()) << "of the message that nobody has taken";
    api().TpWaitForAlpcCompletion(second.object);
    second.drop();
}

ALPC_TEST(PoolEnvironment, CancellingAGroupDropsWhatHasNotBegun, "16", "documentation of the thread pool",
          medium) {
    Scene scene;
    ASSERT_NO_FATAL_FAILURE(scene.make());
    Environment environment;
    environment.use_group(&on_cancelled);
    environment.use_pool(1);
    scene.holds_first = true;
    ASSERT_STATUS(STATUS_SUCCESS, scene.allocate(&on_message, environment.get()));
    scene.send();
    ASSERT_TRUE(scene.entered.take());
    scene.send();
    scene.send();
    EXPECT_FALSE(scene.entered.take(short_time));
    Thread closer([&] {
        environment.close_members(true, &scene.cancelled);
        return scene.cancelled.load();
    });
    EXPECT_FALSE(closer.done(short_wait));
    scene.go_on.post();
    EXPECT_EQ(closer.join(), 1);
    EXPECT_EQ(scene.callbacks, 1);
    EXPECT_EQ(scene.others, 0);
}

ALPC_TEST(PoolEnvironment, OtherGroupsAreLeftAlone, "16", "documentation of the thread pool", medium) {
    Scene one;
    ASSERT_NO_FATAL_FAILURE(one.make());
    Environment first, second;
    first.use_group(nullptr);
    second.use_group(nullptr);
    ASSERT_STATUS(STATUS_SUCCESS, one.allocate(&on_message, first.get()));
    second.close_members(true, nullptr);
    one.send();
    EXPECT_TRUE(one.left.take());
    one.drop();
    first.close_members(true, nullptr);
}

#endif

}  // namespace
}  // namespace ntalpc::conformance
