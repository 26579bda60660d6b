// SPDX-License-Identifier: LGPL-2.1-or-later
// Keepers: what they are ordered to do, and what happens when anybody goes away at any step.
#include "server/keeper.h"

#include "server/passing_test_support.h"

namespace ntalpc::server {
namespace {

class KeeperTest : public PassingTest {
  protected:
    KeeperTest() : pair_(passing_pair(new_windows_process(), new_windows_process())) {}

    FakeThread& new_keeper() {
        FakeThread& keeper = new_windows_process();
        start_keeping(keeper);
        EXPECT_TRUE(keeper.waiting());
        return keeper;
    }
    // One event on its way to the server, which has received the message.
    std::uint32_t pass_event(FakeThread& keeper, std::uint64_t value) {
        attach_event(*pair_.client, keeper, pair_.client_port, value);
        EXPECT_EQ(send_attached(*pair_.client, pair_.client_port).status, STATUS_SUCCESS);
        return receive(*pair_.server, pair_.listener).body.message.message_id;
    }
    // What the keeper, which waits, is told to close now.
    std::vector<std::uint64_t> closed(FakeThread& keeper) {
        if (keeper.answers() == 0) return {};
        const auto order = keeper.take<wire::KeepHandles>();
        start_keeping(keeper, order.body.order);
        return closed_by(order);
    }

    const Pair pair_;
};

using Values = std::vector<std::uint64_t>;

TEST_F(KeeperTest, TheSenderIsAskedToStartOne) {
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)});
    const auto answer = pair_.client->take<wire::AttachHandles>();
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.body.need, static_cast<std::uint32_t>(AttachNeed::keeper));
}

TEST_F(KeeperTest, TheSenderWaitsForTheOneItStarted) {
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)}, true);
    EXPECT_TRUE(pair_.client->waiting());
    FakeThread& keeper = new_windows_process();
    start_keeping(keeper);
    const auto order = keeper.take<wire::KeepHandles>();
    EXPECT_EQ(order.body.process_id, pair_.client->process().facts().id);
    EXPECT_EQ(order.body.objects_size, sizeof(wire::PassedHandle));
    start_keeping(keeper, order.body.order, {kept(0x88)});
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_SUCCESS);
}

TEST_F(KeeperTest, AKeeperThatDoesNotComeIsGivenUp) {
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)}, true);
    pass(31 * kSecond);
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_IO_TIMEOUT);
}

TEST_F(KeeperTest, ThereIsOneForEachWorld) {
    FakeThread& first = new_keeper();
    FakeThread& second = new_windows_process();
    start_keeping(second);
    EXPECT_EQ(second.take<wire::KeepHandles>().status, STATUS_OBJECT_NAME_COLLISION);
    FakeThread& elsewhere = new_windows_process(kWorld + 1);
    start_keeping(elsewhere);
    EXPECT_TRUE(elsewhere.waiting());
    EXPECT_TRUE(first.waiting());
    EXPECT_TRUE(first.process().is_keeper());
}

TEST_F(KeeperTest, ANativeProcessIsNone) {
    FakeThread& native = new_process();
    start_keeping(native);
    EXPECT_EQ(native.take<wire::KeepHandles>().status, STATUS_INVALID_PARAMETER);
}

TEST_F(KeeperTest, OneThreadOfItKeeps) {
    FakeThread& keeper = new_keeper();
    FakeThread& another = new_thread(keeper);
    start_keeping(another);
    EXPECT_EQ(another.take<wire::KeepHandles>().status, STATUS_INVALID_PARAMETER);
}

TEST_F(KeeperTest, TheObjectIsClosedWhenTheMessageIsGivenBack) {
    FakeThread& keeper = new_keeper();
    const std::uint32_t message = pass_event(keeper, 0x88);
    const auto answer = query(*pair_.server, pair_.listener, message);
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.body.object.value, 0x88u);
    EXPECT_EQ(answer.body.object.type, std::uint32_t{ALPC_PORFLG_OBJECT_TYPE_EVENT});
    EXPECT_EQ(answer.body.object.access, 0x1F0003u);
    EXPECT_EQ(answer.body.keeper_process_id, keeper.process().facts().id);
    EXPECT_EQ(answer.descriptors, 0u);
    taken(*pair_.server);
    EXPECT_EQ(closed(keeper), Values{});
    give_back(*pair_.server, pair_.listener, message);
    EXPECT_EQ(closed(keeper), Values{0x88});
}

TEST_F(KeeperTest, WhoIsJustTakingKeepsTheObject) {
    FakeThread& keeper = new_keeper();
    const std::uint32_t message = pass_event(keeper, 0x88);
    FakeThread& other = new_thread(*pair_.server);
    EXPECT_EQ(query(*pair_.server, pair_.listener, message).status, STATUS_SUCCESS);
    give_back(other, pair_.listener, message);
    EXPECT_EQ(closed(keeper), Values{}) << "the first thread has not taken it yet";
    taken(*pair_.server);
    EXPECT_EQ(closed(keeper), Values{0x88});
}

TEST_F(KeeperTest, AReceiverKilledWhileTakingLetsGo) {
    FakeThread& keeper = new_keeper();
    const std::uint32_t message = pass_event(keeper, 0x88);
    FakeThread& taker = new_thread(*pair_.server);
    EXPECT_EQ(query(taker, pair_.listener, message).status, STATUS_SUCCESS);
    give_back(*pair_.server, pair_.listener, message);
    EXPECT_EQ(closed(keeper), Values{});
    taker.kill();
    EXPECT_EQ(closed(keeper), Values{0x88});
}

TEST_F(KeeperTest, ASenderKilledWhileItWaitsLeavesNothing) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44), object_of(0, 0x48)});
    const auto order = keeper.take<wire::KeepHandles>();
    pair_.client->kill();
    start_keeping(keeper, order.body.order, {kept(0x88), kept(0, 0, STATUS_INVALID_HANDLE)});
    EXPECT_EQ(closed(keeper), Values{0x88});
}

TEST_F(KeeperTest, ASenderKilledBeforeItsTurnIsSkipped) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)});
    FakeThread& second = new_thread(*pair_.client);
    start_attach(second, pair_.client_port, {object_of(0, 0x48)});
    second.kill();
    start_keeping(keeper, keeper.take<wire::KeepHandles>().body.order, {kept(0x88)});
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_SUCCESS);
    EXPECT_EQ(keeper.answers(), 0u);
}

TEST_F(KeeperTest, WhatIsNotSentIsClosed) {
    FakeThread& keeper = new_keeper();
    attach_event(*pair_.client, keeper, pair_.client_port, 0x88);
    pair_.client->call<wire::ServerStatus>({});
    EXPECT_EQ(closed(keeper), Values{0x88});
    attach_event(*pair_.client, keeper, pair_.client_port, 0x8C);
    EXPECT_EQ(send_attached(*pair_.client, 0xBAD).status, STATUS_INVALID_HANDLE);
    EXPECT_EQ(closed(keeper), Values{0x8C});
}

// What it says of objects that nobody asked for is no reason to keep numbers of handles for it.
TEST_F(KeeperTest, CannotReportMoreThanItWasAskedFor) {
    FakeThread& keeper = new_keeper();
    FakeThread& sender = new_thread(*pair_.client);
    start_attach(sender, pair_.client_port, {object_of(0, 0x44)});
    const auto order = keeper.take<wire::KeepHandles>();
    sender.kill();
    start_keeping(keeper, order.body.order, std::vector(1000, kept(0x88)));
    EXPECT_TRUE(keeper.waiting()) << "there is nothing to close";
}

TEST_F(KeeperTest, OneFailureSpoilsAll) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port,
                 {object_of(0, 0x44), object_of(0, 0x48), object_of(0, 0x4C)});
    start_keeping(keeper, keeper.take<wire::KeepHandles>().body.order,
                  {kept(0x88), kept(0, 0, STATUS_INVALID_HANDLE), kept(0x8C)});
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_INVALID_HANDLE);
    auto values = closed(keeper);
    for (const std::uint64_t value : closed(keeper)) values.push_back(value);
    std::ranges::sort(values);
    EXPECT_EQ(values, (Values{0x88, 0x8C}));
    EXPECT_EQ(send_attached(*pair_.client, pair_.client_port).status, STATUS_SUCCESS);
    EXPECT_EQ(receive(*pair_.server, pair_.listener).body.attributes.handle_count, 0u);
}

TEST_F(KeeperTest, AStatedTypeMustBeTrue) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port, {object_of(ALPC_PORFLG_OBJECT_TYPE_FILE, 0x44)});
    start_keeping(keeper, keeper.take<wire::KeepHandles>().body.order, {kept(0x88)});
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(closed(keeper), Values{0x88});
}

TEST_F(KeeperTest, AKilledKeeperIsReplaced) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)});
    FakeThread& waiting = new_thread(*pair_.client);
    start_attach(waiting, pair_.client_port, {object_of(0, 0x48)});
    kill_process(keeper);
    for (FakeThread* sender : {pair_.client, &waiting}) {
        EXPECT_EQ(sender->take<wire::AttachHandles>().body.need,
                  static_cast<std::uint32_t>(AttachNeed::keeper));
    }
    EXPECT_NE(pass_event(new_keeper(), 0x88), 0u);
}

TEST_F(KeeperTest, WhatAKilledKeeperHeldIsLost) {
    FakeThread& keeper = new_keeper();
    const std::uint32_t message = pass_event(keeper, 0x88);
    kill_process(keeper);
    EXPECT_EQ(query(*pair_.server, pair_.listener, message).status, STATUS_INVALID_HANDLE);
    FakeThread& next = new_keeper();
    give_back(*pair_.server, pair_.listener, message);
    EXPECT_EQ(next.answers(), 0u) << "the value means nothing to the new one";
}

TEST_F(KeeperTest, ProcessesThatAreGoneAreForgotten) {
    FakeThread& keeper = new_keeper();
    FakeThread& stranger = new_windows_process();
    kill_process(stranger);
    EXPECT_EQ(keeper.answers(), 0u) << "nothing was ever duplicated from it";
    attach_event(*pair_.client, keeper, pair_.client_port, 0x88);
    kill_process(*pair_.client);
    bool told = false;
    while (keeper.answers() != 0) {
        const auto order = keeper.take<wire::KeepHandles>();
        told |= order.body.gone_size == sizeof(std::uint64_t);
        start_keeping(keeper, order.body.order);
    }
    EXPECT_TRUE(told);
}

TEST_F(KeeperTest, AReportThatFitsNoOrderFails) {
    FakeThread& keeper = new_keeper();
    start_attach(*pair_.client, pair_.client_port, {object_of(0, 0x44)});
    const auto order = keeper.take<wire::KeepHandles>();
    start_keeping(keeper, order.body.order + 1, {kept(0x88)});
    EXPECT_EQ(pair_.client->take<wire::AttachHandles>().status, STATUS_UNSUCCESSFUL);
    EXPECT_TRUE(keeper.waiting());
}

TEST_F(KeeperTest, AReceiverOfAnotherWorldNeedsDescriptors) {
    FakeThread& native = new_process();
    wire::CreatePort::Request create;
    create.port = letting_in(kTakesMany);
    native.call<wire::CreatePort>(create, {.name = bytes_of(u"\\native"), .security_descriptor = {}});
    const wire::PassedHandle object = object_of(0, 0x44);
    const auto answer = pair_.client->call<wire::AttachHandles>(
        by_value(0), {.name = bytes_of(u"\\native"), .objects = std::as_bytes(std::span(&object, 1))});
    EXPECT_EQ(answer.body.need, static_cast<std::uint32_t>(AttachNeed::descriptors));
}

TEST_F(KeeperTest, NativeHandlesMeanNothing) {
    FakeThread& native = new_process();
    const wire::PassedHandle object = object_of(0, 0x44);
    EXPECT_EQ(native
                  .call<wire::AttachHandles>(by_value(0),
                                             {.name = {}, .objects = std::as_bytes(std::span(&object, 1))})
                  .status,
              STATUS_INVALID_PARAMETER);
}

}  // namespace
}  // namespace ntalpc::server
