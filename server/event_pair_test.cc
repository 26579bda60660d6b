// SPDX-License-Identifier: LGPL-2.1-or-later
// Event pairs: names, access, and the memory that nobody can resize.
#include "server/event_pair.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

constexpr std::u16string_view kName = u"\\BaseNamedObjects\\pair";

class EventPairTest : public KernelTest {
  protected:
    Answer<wire::CreateEventPair> make(std::u16string_view name, std::uint32_t attributes = 0,
                                       std::uint32_t access = kEventPairAllAccess) {
        wire::CreateEventPair::Request request;
        request.attributes = attributes;
        request.access = access;
        return owner_.call<wire::CreateEventPair>(request,
                                                  {.name = bytes_of(name), .security_descriptor = {}});
    }
    Answer<wire::OpenEventPair> open(std::u16string_view name, std::uint32_t attributes = 0,
                                     std::uint32_t access = kEventPairAllAccess) {
        wire::OpenEventPair::Request request;
        request.attributes = attributes;
        request.access = access;
        return owner_.call<wire::OpenEventPair>(request, {.name = bytes_of(name)});
    }
    EventPair& object(std::uint64_t handle) {
        return dynamic_cast<EventPair&>(owner_.process().find(handle)->object());
    }
    void TearDown() override {
        KernelTest::TearDown();
        EXPECT_EQ(EventPair::alive(), 0u);
    }

    FakeThread& owner_ = new_process();
};

TEST_F(EventPairTest, UnnamedPairsAreIndependent) {
    const auto one = make(u""), other = make(u"");
    ASSERT_EQ(one.status, STATUS_SUCCESS);
    ASSERT_EQ(other.status, STATUS_SUCCESS);
    EXPECT_NE(&object(one.body.handle), &object(other.body.handle));
    EXPECT_EQ(one.body.access, kEventPairAllAccess);
}

TEST_F(EventPairTest, ANameCanBeOpenedUntilTheLastHandleIsClosed) {
    const auto made = make(kName);
    const auto opened = open(kName);
    ASSERT_EQ(opened.status, STATUS_SUCCESS);
    EXPECT_EQ(&object(made.body.handle), &object(opened.body.handle));
    close(owner_, made.body.handle);
    EXPECT_EQ(open(kName).status, STATUS_SUCCESS);
    EXPECT_EQ(EventPair::alive(), 1u);
    kill_process(owner_);
}

TEST_F(EventPairTest, AClosedPairIsGone) {
    close(owner_, make(kName).body.handle);
    EXPECT_EQ(open(kName).status, STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(EventPair::alive(), 0u);
}

TEST_F(EventPairTest, ANameInUse) {
    const auto made = make(kName);
    EXPECT_EQ(make(kName).status, STATUS_OBJECT_NAME_COLLISION);
    const auto existing = make(kName, OBJ_OPENIF);
    EXPECT_EQ(existing.status, STATUS_OBJECT_NAME_EXISTS);
    EXPECT_EQ(existing.descriptors, 1u);
    EXPECT_EQ(&object(made.body.handle), &object(existing.body.handle));
}

TEST_F(EventPairTest, ANameOfAnotherType) {
    create(owner_, u"\\RPC Control\\port");
    EXPECT_EQ(open(u"\\RPC Control\\port").status, STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(make(u"\\RPC Control\\port", OBJ_OPENIF).status, STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(make(u"\\RPC Control\\port").status, STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(EventPair::alive(), 0u);
}

TEST_F(EventPairTest, CaseCountsUnlessItIsSaidNotTo) {
    const auto made = make(kName);
    EXPECT_EQ(open(u"\\BaseNamedObjects\\PAIR").status, STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(open(u"\\BaseNamedObjects\\PAIR", OBJ_CASE_INSENSITIVE).status, STATUS_SUCCESS);
}

TEST_F(EventPairTest, GenericAccessIsMapped) {
    EXPECT_EQ(make(u"", 0, GENERIC_ALL).body.access, kEventPairAllAccess);
    EXPECT_EQ(make(u"", 0, MAXIMUM_ALLOWED).body.access, kEventPairAllAccess);
    EXPECT_EQ(make(u"", 0, GENERIC_READ).body.access & SYNCHRONIZE, std::uint32_t{SYNCHRONIZE});
    EXPECT_EQ(make(u"", 0, 0x20000).body.access, 0x20000u);
    EXPECT_EQ(make(u"", 0, 0x1F0003).body.access, kEventPairAllAccess);
}

TEST_F(EventPairTest, TheMemoryKeepsItsSize) {
    const auto made = make(u"");
    const int memory = object(made.body.handle).memory().get();
    EXPECT_EQ(ftruncate(memory, 0), -1);
    EXPECT_EQ(ftruncate(memory, 8192), -1);
    EXPECT_EQ(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE), -1);
    std::uint64_t word = 1;
    EXPECT_EQ(pread(memory, &word, sizeof(word), 0), ssize_t{sizeof(word)});
    EXPECT_EQ(word, 0u);
}

TEST_F(EventPairTest, OnlyTheCapabilityOfAPairGetsMemory) {
    const auto made = make(u"");
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    UniqueFd stranger(ends[0]);
    const UniqueFd other(ends[1]);
    const auto body = FakeThread::encode<wire::EventPairMemory>({});
    EXPECT_EQ(owner_.send_packet(static_cast<std::uint16_t>(wire::EventPairMemory::code), body,
                                 std::span(&stranger, 1)),
              nullptr);
    const auto answer = owner_.take<wire::EventPairMemory>();
    EXPECT_EQ(answer.status, STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(answer.descriptors, 0u);
}

TEST_F(EventPairTest, WithoutDescriptorsThereIsNoHandle) {
    capabilities_.fail = true;
    EXPECT_EQ(make(kName).status, STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(EventPair::alive(), 0u);
    capabilities_.fail = false;
    EXPECT_EQ(make(kName).status, STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::server
