// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles: who knows them, when they end, and what is undone when one cannot be made.
#include "server/handle.h"

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

constexpr ObjectType kThingType = {"Thing", 99, 0, {}};

class Thing final : public Object, public Counted<Thing> {
  public:
    const ObjectType& type() const override { return kThingType; }
    int closed = 0;

  private:
    void last_handle_closed() override { ++closed; }
};

class HandleTest : public KernelTest {
  protected:
    NewHandle open(FakeThread& owner, const Ref<Thing>& thing) {
        NewHandle made;
        EXPECT_EQ(kernel().handles.open(owner.process(), Ref<Object>(thing.get()), 0x1F, &made),
                  STATUS_SUCCESS);
        return made;
    }
    const Ref<Thing> thing_ = make_ref<Thing>();
};

TEST_F(HandleTest, AnUncommittedHandleIsClosedAgain) {
    FakeThread& owner = new_process();
    { const NewHandle made = open(owner, thing_); }
    EXPECT_EQ(thing_->closed, 1);
    EXPECT_EQ(kernel().handles.size(), 0u);
    EXPECT_EQ(owner.process().account()->objects(), 0u);
}

TEST_F(HandleTest, ACommittedHandleLivesUntilItIsClosed) {
    FakeThread& owner = new_process();
    NewHandle made = open(owner, thing_);
    Handle& handle = made.handle();
    made.commit();
    made = NewHandle();
    EXPECT_EQ(owner.process().find(handle.id()), &handle);
    EXPECT_EQ(kernel().handles.find_by_cookie(handle.peer_cookie), &handle);
    EXPECT_EQ(handle.access(), 0x1Fu);
    EXPECT_EQ(owner.process().account()->objects(), 1u);
    EXPECT_EQ(thing_->closed, 0);
    const std::uint64_t id = handle.id(), cookie = handle.peer_cookie;
    kernel().handles.close(handle);
    EXPECT_EQ(owner.process().find(id), nullptr);
    EXPECT_EQ(kernel().handles.find_by_cookie(cookie), nullptr);
    EXPECT_EQ(owner.process().account()->objects(), 0u);
    EXPECT_EQ(thing_->closed, 1);
}

TEST_F(HandleTest, OnlyProcessesThatAdoptedAHandleKnowIt) {
    FakeThread& owner = new_process();
    FakeThread& heir = new_process();
    NewHandle made = open(owner, thing_);
    Handle& handle = made.handle();
    made.commit();
    EXPECT_EQ(heir.process().find(handle.id()), nullptr);
    heir.process().adopt(handle);
    heir.process().adopt(handle);  // presenting it twice is nothing special
    EXPECT_EQ(heir.process().find(handle.id()), &handle);
    const std::uint64_t id = handle.id();
    kernel().handles.close(handle);
    EXPECT_EQ(heir.process().find(id), nullptr);
    EXPECT_EQ(owner.process().find(id), nullptr);
}

TEST_F(HandleTest, AHandleOutlivesTheProcessThatMadeIt) {
    FakeThread& owner = new_process();
    FakeThread& heir = new_process();
    NewHandle made = open(owner, thing_);
    Handle& handle = made.handle();
    made.commit();
    heir.process().adopt(handle);
    kill_process(owner);
    EXPECT_EQ(thing_->closed, 0);
    EXPECT_EQ(heir.process().find(handle.id()), &handle);
    kernel().handles.close(handle);
    EXPECT_EQ(thing_->closed, 1);
}

TEST_F(HandleTest, TheObjectLearnsOfItsLastHandleOnly) {
    FakeThread& owner = new_process();
    NewHandle one = open(owner, thing_), two = open(owner, thing_);
    EXPECT_EQ(thing_->handles(), 2u);
    one = NewHandle();
    EXPECT_EQ(thing_->closed, 0);
    two = NewHandle();
    EXPECT_EQ(thing_->closed, 1);
}

TEST_F(HandleTest, IdsAreNotReused) {
    FakeThread& owner = new_process();
    std::uint64_t last = 0;
    for (int i = 0; i < 10; ++i) {
        const NewHandle made = open(owner, thing_);
        EXPECT_GT(made.handle().id(), last);
        last = made.handle().id();
    }
}

TEST_F(HandleTest, WithoutDescriptorsNothingIsLeftBehind) {
    FakeThread& owner = new_process();
    capabilities_.fail = true;
    NewHandle made;
    EXPECT_EQ(kernel().handles.open(owner.process(), Ref<Object>(thing_.get()), 0, &made),
              STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_FALSE(made);
    EXPECT_EQ(kernel().handles.size(), 0u);
    EXPECT_EQ(owner.process().account()->objects(), 0u);
    EXPECT_EQ(thing_->handles(), 0u);
}

}  // namespace
}  // namespace ntalpc::server
