// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections, regions and views: who gets which memory, who pays, when each ends and who is told.
#include "server/view.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "server/kernel_test_support.h"
#include "server/no_descriptors_test_support.h"

namespace ntalpc::server {
namespace {

constexpr std::uint32_t kAutoRelease = ALPC_VIEWFLG_AUTO_RELEASE;
constexpr std::uint32_t kSecured = ALPC_VIEWFLG_SECURED_ACCESS;
constexpr std::uint32_t kUnmap = ALPC_VIEWFLG_UNMAP_EXISTING;

class ViewTest : public KernelTest {
  protected:
    explicit ViewTest(const QuotaLimits& limits = {}) : KernelTest(limits) {}

    Answer<wire::CreateSection> try_create_section(FakeThread& owner, std::uint64_t port, std::uint64_t size,
                                                   bool secure = false) {
        wire::CreateSection::Request request;
        request.handle = port;
        request.secure = secure;
        request.size = size;
        return owner.call<wire::CreateSection>(request);
    }
    Answer<wire::CreateSection> wrap(FakeThread& owner, std::uint64_t port, UniqueFd memory,
                                     std::uint64_t size) {
        wire::CreateSection::Request request;
        request.handle = port;
        request.size = size;
        const auto body = FakeThread::encode<wire::CreateSection>(request);
        EXPECT_EQ(owner.send_packet(static_cast<std::uint16_t>(wire::Code::create_section), body,
                                    std::span(&memory, 1)),
                  nullptr);
        return owner.take<wire::CreateSection>();
    }
    Answer<wire::CreateView> try_create_view(FakeThread& owner, std::uint64_t port, std::uint64_t section,
                                             std::uint64_t size) {
        wire::CreateView::Request request;
        request.handle = port;
        request.section = section;
        request.size = size;
        return owner.call<wire::CreateView>(request);
    }
    // What a client library does before it sends a view in its secured form.
    void seal(FakeThread& owner, std::uint64_t view) {
        const auto answer = owner.call<wire::SecureView>({.view = view});
        ASSERT_EQ(answer.status, STATUS_SUCCESS);
        ASSERT_EQ(answer.files.size(), 2u);
        EXPECT_EQ(fcntl(answer.files[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
        EXPECT_EQ(fcntl(answer.files[1].get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    }

    struct Made {
        std::uint64_t section = 0, view = 0;
        UniqueFd memory;
    };
    Made make_view(FakeThread& owner, std::uint64_t port, bool secure = false) {
        Made made;
        made.section = try_create_section(owner, port, 0x10000, secure).body.section;
        auto answer = try_create_view(owner, port, made.section, 0x1000);
        EXPECT_EQ(answer.status, STATUS_SUCCESS);
        made.view = answer.body.view;
        if (answer.files.size() == 1) made.memory = std::move(answer.files[0]);
        return made;
    }
    MessageAnswer send_view(FakeThread& sender, std::uint64_t port, const Made& made, std::uint32_t flags,
                            const Sending& how = {}) {
        auto request = sending(port, 0, how);
        request.send_attributes.valid |= ALPC_MESSAGE_VIEW_ATTRIBUTE;
        request.send_attributes.view_flags = flags;
        request.send_attributes.view = made.view;
        request.send_attributes.view_section = made.section;
        request.send_attributes.view_base = 0x10000;
        request.send_attributes.view_size = 0x1000;
        return sender.call<wire::SendWaitReceive>(request);
    }
    MessageAnswer give_back(FakeThread& receiver, std::uint64_t port, const MessageAnswer& message,
                            std::uint32_t flags) {
        auto request = sending(port, 0, {.reply_to = message.body.message.message_id});
        request.send_attributes.valid |= ALPC_MESSAGE_VIEW_ATTRIBUTE;
        request.send_attributes.view_flags = flags;
        return receiver.call<wire::SendWaitReceive>(request);
    }
    static bool has_view(const MessageAnswer& answer) {
        return (answer.body.attributes.valid & ALPC_MESSAGE_VIEW_ATTRIBUTE) != 0;
    }
    static std::vector<std::uint64_t> unmapped(const Answer<wire::ServeViews>& order) {
        return wire::items_of<std::uint64_t>(order.blob);
    }
    static ino_t identity(const UniqueFd& memory) {
        struct stat found {};
        EXPECT_EQ(fstat(memory.get(), &found), 0);
        return found.st_ino;
    }
};

TEST_F(ViewTest, TheReceiverGetsTheMemoryOfTheRegion) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, 0).status, STATUS_SUCCESS);
    const auto received = receive(*pair.server, pair.listener);
    ASSERT_TRUE(has_view(received));
    ASSERT_EQ(received.files.size(), 1u);
    EXPECT_EQ(identity(received.files[0]), identity(made.memory));
    EXPECT_EQ(fcntl(received.files[0].get(), F_GETFL) & O_ACCMODE, O_RDWR);
    EXPECT_EQ(received.body.attributes.view_flags, 0u);
    EXPECT_EQ(received.body.attributes.view_size, 0x1000u);
    EXPECT_EQ(received.body.attributes.view_section, 0u);
    EXPECT_EQ(received.body.attributes.view_base, 0u);
    EXPECT_EQ(received.body.message.type, LPC_DATAGRAM | LPC_CONTINUATION_REQUIRED);
    EXPECT_EQ(View::alive(), 2u);
}

TEST_F(ViewTest, NobodyCanTakeTheMemoryAwayFromUnderAnother) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    EXPECT_NE(ftruncate(made.memory.get(), 0), 0);
    EXPECT_NE(ftruncate(made.memory.get(), 0x2000), 0);
}

TEST_F(ViewTest, RegionsOfOneSectionHaveNoMemoryInCommon) {
    const Pair pair = connected_pair();
    const auto section = try_create_section(*pair.client, pair.client_port, 0x20000).body.section;
    const auto one = try_create_view(*pair.client, pair.client_port, section, 0x1000);
    const auto other = try_create_view(*pair.client, pair.client_port, section, 0x1000);
    EXPECT_NE(identity(one.files.at(0)), identity(other.files.at(0)));
    EXPECT_EQ(try_create_view(*pair.client, pair.client_port, section, 1).status, STATUS_NO_MEMORY);
}

TEST_F(ViewTest, AutoReleaseTellsTheSender) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, kAutoRelease).status, STATUS_SUCCESS);
    ASSERT_EQ(pair.client->view_orders(), 1u);
    const auto order = pair.client->take_view_orders();
    EXPECT_EQ(unmapped(order), std::vector{made.view});
    // Until it is confirmed, every thread of the process hears of it before its answer.
    FakeThread& other = new_thread(*pair.client);
    other.call<wire::FlushViews>({});
    EXPECT_EQ(unmapped(other.take_view_orders()), std::vector{made.view});
    pair.client->confirm(order);
    other.call<wire::FlushViews>({});
    EXPECT_EQ(other.view_orders(), 0u);
}

TEST_F(ViewTest, AWaitingThreadIsToldWhenAnotherProcessClosesThePort) {
    const Pair pair = connected_pair();
    FakeThread& idle = new_thread(*pair.client);
    const auto waited_on = create(idle, u"");
    const Made made = make_view(*pair.client, pair.client_port);
    start_receive(idle, waited_on);
    close(*pair.client, pair.client_port);
    ASSERT_EQ(idle.view_orders(), 1u);
    EXPECT_EQ(unmapped(idle.take_view_orders()), std::vector{made.view});
    // No second packet before the first one has been confirmed.
    const auto another = create(*pair.client, u"");
    make_view(*pair.client, another);
    close(*pair.client, another);
    EXPECT_EQ(idle.view_orders(), 0u);
}

TEST_F(ViewTest, OrdersOfAThreadThatEndsGoToAnother) {
    const Pair pair = connected_pair();
    FakeThread& idle = new_thread(*pair.client);
    FakeThread& second = new_thread(*pair.client);
    const auto waited_on = create(idle, u"");
    start_receive(idle, waited_on);
    start_receive(second, waited_on);
    make_view(*pair.client, pair.client_port);
    close(*pair.client, pair.client_port);
    FakeThread& told = idle.view_orders() != 0 ? idle : second;
    FakeThread& untold = &told == &idle ? second : idle;
    ASSERT_EQ(told.view_orders(), 1u);
    ASSERT_EQ(untold.view_orders(), 0u);
    told.kill();
    EXPECT_EQ(untold.view_orders(), 1u);
}

TEST_F(ViewTest, TheSecuredFormNeedsTheSeal) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port, true);
    EXPECT_EQ(send_view(*pair.client, pair.client_port, made, kSecured).status, STATUS_INVALID_PARAMETER);
    seal(*pair.client, made.view);
    EXPECT_EQ(send_view(*pair.client, pair.client_port, made, kSecured).status, STATUS_SUCCESS);
    EXPECT_EQ(send_view(*pair.client, pair.client_port, made, kSecured).status, STATUS_RESOURCE_IN_USE);
    const auto received = receive(*pair.server, pair.listener);
    ASSERT_TRUE(has_view(received));
    EXPECT_EQ(received.body.attributes.view_flags, kSecured);
    // Neither side can write, whatever it does with what it has.
    ASSERT_EQ(received.files.size(), 1u);
    EXPECT_EQ(fcntl(received.files[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT_LT(pwrite(made.memory.get(), "x", 1, 0), 0);
    EXPECT_EQ(mmap(nullptr, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, made.memory.get(), 0), MAP_FAILED);
}

TEST_F(ViewTest, MemoryThatSomebodyCanWriteCannotBeSealed) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port, true);
    void* const mapping = mmap(nullptr, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED, made.memory.get(), 0);
    ASSERT_NE(mapping, MAP_FAILED);
    EXPECT_NE(fcntl(made.memory.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    munmap(mapping, 0x1000);
}

TEST_F(ViewTest, AfterTheSecuredFormTheSenderGetsFreshMemory) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port, true);
    seal(*pair.client, made.view);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, kSecured).status, STATUS_SUCCESS);
    const auto received = receive(*pair.server, pair.listener);
    EXPECT_EQ(give_back(*pair.server, pair.listener, received, kUnmap).status, STATUS_SUCCESS);
    pair.client->call<wire::FlushViews>({});
    const auto order = pair.client->take_view_orders();
    EXPECT_EQ(order.body.restored, made.view);
    ASSERT_EQ(order.files.size(), 1u);
    EXPECT_NE(identity(order.files[0]), identity(made.memory));
    EXPECT_EQ(pwrite(order.files[0].get(), "x", 1, 0), 1);
    // Asked again before it is confirmed, it is the same memory.
    pair.client->call<wire::FlushViews>({});
    EXPECT_EQ(identity(pair.client->take_view_orders().files.at(0)), identity(order.files[0]));
    pair.client->confirm(order);
    pair.client->call<wire::FlushViews>({});
    EXPECT_EQ(pair.client->view_orders(), 0u);
}

TEST_F(ViewTest, WhoNeverConfirmsIsOrderedEachViewOnce) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port, true);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(pair.client->call<wire::UnsecureView>({.view = made.view}).status, STATUS_SUCCESS);
    pair.client->forget_answers();
    pair.client->call<wire::FlushViews>({});
    EXPECT_EQ(pair.client->view_orders(), 1u);
}

TEST_F(ViewTest, EveryEndAtTheReceiverEndsTheSecuredForm) {
    const auto check = [&](std::u16string_view name, bool received, const auto& end) {
        const Pair pair = connected_pair(name);
        const Made made = make_view(*pair.client, pair.client_port, true);
        seal(*pair.client, made.view);
        const auto sent = send_view(*pair.client, pair.client_port, made, kSecured);
        ASSERT_EQ(sent.status, STATUS_SUCCESS);
        if (received) receive(*pair.server, pair.listener);
        pair.client->call<wire::FlushViews>({});
        EXPECT_EQ(pair.client->view_orders(), 0u);
        end(pair, sent.body.sent_attributes.message_id);
        pair.client->call<wire::FlushViews>({});
        EXPECT_EQ(pair.client->take_view_orders().body.restored, made.view);
    };
    const auto kill = [&](const Pair& pair, std::uint32_t) { kill_process(*pair.server); };
    const auto close_listener = [&](const Pair& pair, std::uint32_t) { close(*pair.server, pair.listener); };
    const auto cancel = [&](const Pair& pair, std::uint32_t id) {
        wire::CancelMessage::Request request;
        request.handle = pair.client_port;
        request.context.message_id = id;
        EXPECT_EQ(pair.client->call<wire::CancelMessage>(request).status, STATUS_SUCCESS);
    };
    check(u"\\RPC Control\\a", true, kill);
    check(u"\\RPC Control\\b", true, close_listener);
    check(u"\\RPC Control\\c", false, close_listener);
    check(u"\\RPC Control\\d", false, cancel);
}

TEST_F(ViewTest, AViewCannotBeNamedByAnotherProcess) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    const Made own = make_view(*pair.server, pair.server_port);
    const Made stolen{.section = own.section, .view = made.view + 1, .memory = {}};
    EXPECT_EQ(send_view(*pair.server, pair.server_port, stolen, 0).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(pair.server->call<wire::DeleteView>({.handle = 0, .view = made.view + 1}).status,
              STATUS_INVALID_PARAMETER);
    EXPECT_EQ(pair.server->call<wire::SecureView>({.view = made.view + 1}).status, STATUS_INVALID_PARAMETER);
    EXPECT_EQ(pair.server->call<wire::UnsecureView>({.view = made.view + 1}).status,
              STATUS_INVALID_PARAMETER);
}

TEST_F(ViewTest, WhatIsNoWritableMemoryIsNoSection) {
    const Pair pair = connected_pair();
    UniqueFd one(memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(ftruncate(one.get(), 0x2000), 0);
    UniqueFd read_only(open(("/proc/self/fd/" + std::to_string(one.get())).c_str(), O_RDONLY | O_CLOEXEC));
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const UniqueFd other_end(ends[1]);
    EXPECT_EQ(wrap(*pair.client, pair.client_port, UniqueFd(ends[0]), 0).status, STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(wrap(*pair.client, pair.client_port, std::move(read_only), 0).status, STATUS_ACCESS_DENIED);
    UniqueFd same(fcntl(one.get(), F_DUPFD_CLOEXEC, 0));
    EXPECT_EQ(wrap(*pair.client, pair.client_port, std::move(same), 0x2001).status, STATUS_SECTION_TOO_BIG);
    const auto wrapped = wrap(*pair.client, pair.client_port, std::move(one), 0);
    EXPECT_EQ(wrapped.status, STATUS_SUCCESS);
    EXPECT_EQ(wrapped.body.actual_size, 0x2000u);
}

TEST_F(ViewTest, ADeadSenderLeavesTheReceiversView) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, 0).status, STATUS_SUCCESS);
    const auto received = receive(*pair.server, pair.listener);
    kill_process(*pair.client);
    EXPECT_EQ(View::alive(), 1u);
    const auto view = received.body.attributes.view;
    EXPECT_EQ(pair.server->call<wire::DeleteView>({.handle = pair.listener, .view = view}).status,
              STATUS_SUCCESS);
    EXPECT_EQ(View::alive(), 0u);
}

TEST_F(ViewTest, AnUnreadMessageKeepsTheRegionOnlyAsLongAsItLives) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, kAutoRelease).status, STATUS_SUCCESS);
    const auto deleted =
        pair.client->call<wire::DeleteSection>({.handle = pair.client_port, .section = made.section});
    EXPECT_EQ(deleted.status, STATUS_SUCCESS);
    EXPECT_EQ(PortSection::alive(), 1u);
    close(*pair.client, pair.client_port);
    EXPECT_EQ(PortSection::alive(), 0u);
    EXPECT_FALSE(has_view(receive(*pair.server, pair.listener)));
}

class SmallViewQuota : public ViewTest {
  protected:
    SmallViewQuota() : ViewTest({.objects = 8, .section_bytes = 0x30000}) {}
};

TEST_F(SmallViewQuota, SectionsArePaidForAsLongAsTheirRegionsLive) {
    const Pair pair = connected_pair();
    FakeThread& client = *pair.client;
    const auto& account = client.process().account();
    const Made made = make_view(client, pair.client_port);
    EXPECT_EQ(account->section_bytes(), 0x10000u);
    EXPECT_EQ(try_create_section(client, pair.client_port, 0x20001).status, STATUS_QUOTA_EXCEEDED);
    client.call<wire::DeleteSection>({.handle = pair.client_port, .section = made.section});
    EXPECT_EQ(account->section_bytes(), 0x10000u);
    client.call<wire::DeleteView>({.handle = pair.client_port, .view = made.view});
    EXPECT_EQ(account->section_bytes(), 0u);
    EXPECT_EQ(try_create_section(client, pair.client_port, 0x30000).status, STATUS_SUCCESS);
}

// What a message carries can be given to its receiver whatever has become of the server meanwhile.
class ViewsWithoutDescriptors : public ViewTest {
  protected:
    void SetUp() override {
        ViewTest::SetUp();
#ifdef __SANITIZE_ADDRESS__
        GTEST_SKIP() << "the sanitizers' own checks need descriptors";
#endif
    }
};

TEST_F(ViewsWithoutDescriptors, WhatHasBeenSentArrives) {
    const Pair pair = connected_pair();
    const Made plain = make_view(*pair.client, pair.client_port);
    const Made secured = make_view(*pair.client, pair.client_port, true);
    seal(*pair.client, secured.view);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, plain, 0).status, STATUS_SUCCESS);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, secured, kSecured).status, STATUS_SUCCESS);
    MessageAnswer first, second;
    {
        const NoDescriptors for_now;
        first = receive(*pair.server, pair.listener);
        second = receive(*pair.server, pair.listener);
    }
    EXPECT_TRUE(has_view(first));
    EXPECT_EQ(first.descriptors, 1u);
    EXPECT_TRUE(has_view(second));
    EXPECT_EQ(second.descriptors, 1u);
}

// It takes a descriptor that can only be read.
TEST_F(ViewsWithoutDescriptors, WhatCouldNotArriveIsNotSent) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port, true);
    seal(*pair.client, made.view);
    MessageAnswer refused;
    {
        const NoDescriptors for_now;
        refused = send_view(*pair.client, pair.client_port, made, kSecured);
    }
    EXPECT_EQ(refused.status, STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(receive(*pair.server, pair.listener).status, STATUS_TIMEOUT);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, kSecured).status, STATUS_SUCCESS);
    const auto received = receive(*pair.server, pair.listener);
    ASSERT_TRUE(has_view(received));
    ASSERT_EQ(received.files.size(), 1u);
    EXPECT_EQ(identity(received.files[0]), identity(made.memory));
    EXPECT_EQ(fcntl(received.files[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

class FewDescriptorsForViews : public ViewTest {
  protected:
    FewDescriptorsForViews() : ViewTest({.descriptors = 3}) {}
};

// A message holds the memory of its view when the view is no more.
TEST_F(FewDescriptorsForViews, MemoryOnItsWayIsOne) {
    const Pair pair = connected_pair();
    FakeThread& client = *pair.client;
    const auto section = try_create_section(client, pair.client_port, 0x1000000).body.section;
    int sent = 0;
    for (; sent < 100; ++sent) {
        const auto view = try_create_view(client, pair.client_port, section, 0x1000);
        if (view.status == STATUS_QUOTA_EXCEEDED) break;
        const Made made{.section = section, .view = view.body.view, .memory = {}};
        ASSERT_EQ(send_view(client, pair.client_port, made, kAutoRelease).status, STATUS_SUCCESS);
    }
    EXPECT_EQ(sent, 3);
    receive(*pair.server, pair.listener);
    EXPECT_EQ(try_create_view(client, pair.client_port, section, 0x1000).status, STATUS_QUOTA_EXCEEDED)
        << "the receiver's view has it still";
    kill_process(*pair.server);
    EXPECT_EQ(try_create_view(client, pair.client_port, section, 0x1000).status, STATUS_SUCCESS);
}

TEST_F(FewDescriptorsForViews, TheSecuredFormTakesAnother) {
    const Pair pair = connected_pair();
    const auto& account = pair.client->process().account();
    const std::size_t before = account->descriptors();
    const Made made = make_view(*pair.client, pair.client_port, true);
    EXPECT_EQ(account->descriptors(), before + 1);
    seal(*pair.client, made.view);
    ASSERT_EQ(send_view(*pair.client, pair.client_port, made, kSecured | kAutoRelease).status,
              STATUS_SUCCESS);
    EXPECT_EQ(account->descriptors(), before + 2);
    const auto received = receive(*pair.server, pair.listener);
    EXPECT_EQ(give_back(*pair.server, pair.listener, received, kUnmap).status, STATUS_SUCCESS);
    EXPECT_EQ(account->descriptors(), before);
}

TEST_F(SmallViewQuota, ViewsArePaidForByWhoMapsThem) {
    const Pair pair = connected_pair();
    const Made made = make_view(*pair.client, pair.client_port);
    int delivered = 0;
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(send_view(*pair.client, pair.client_port, made, 0).status, STATUS_SUCCESS);
        if (has_view(receive(*pair.server, pair.listener))) ++delivered;
    }
    // Two handles are the server's other objects.
    EXPECT_EQ(delivered, 6);
    EXPECT_EQ(try_create_section(*pair.client, pair.client_port, 1).status, STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::server
