// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities as sockets: recognised by what they are, closed with their last descriptor.
#include "server/socket_capabilities.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

constexpr ObjectType kThingType = {"Thing", 99, 0, {}};

class Thing final : public Object {
  public:
    const ObjectType& type() const override { return kThingType; }
    int closed = 0;

  private:
    void last_handle_closed() override { ++closed; }
};

class SocketCapabilitiesTest : public testing::Test {
  protected:
    SocketCapabilitiesTest() { capabilities_.serve(kernel_.handles); }

    std::int32_t open(UniqueFd* client_end) {
        NewHandle made;
        const auto status = kernel_.handles.open(*owner_, Ref<Object>(thing_.get()), 0, &made);
        if (status == STATUS_SUCCESS) *client_end = made.commit();
        return status;
    }
    // Handles whatever has happened.
    void run() { loop_.run_once(monotonic_now()); }

    EventLoop loop_;
    SocketCapabilities capabilities_{loop_};
    Kernel kernel_{capabilities_, monotonic_now};
    const Ref<Thing> thing_ = make_ref<Thing>();
    const Ref<Process> owner_ = kernel_.add_process({}, {});
};

TEST_F(SocketCapabilitiesTest, TheLastDescriptorClosesTheHandle) {
    UniqueFd first;
    ASSERT_EQ(open(&first), STATUS_SUCCESS);
    UniqueFd second(fcntl(first.get(), F_DUPFD_CLOEXEC, 0));
    first.reset();
    run();
    EXPECT_EQ(thing_->closed, 0);
    second.reset();
    run();
    EXPECT_EQ(thing_->closed, 1);
    EXPECT_EQ(kernel_.handles.size(), 0u);
}

TEST_F(SocketCapabilitiesTest, ADuplicateIsTheSameCapability) {
    UniqueFd one, other;
    ASSERT_EQ(open(&one), STATUS_SUCCESS);
    ASSERT_EQ(open(&other), STATUS_SUCCESS);
    const UniqueFd duplicate(fcntl(one.get(), F_DUPFD_CLOEXEC, 0));
    Handle* const handle = kernel_.handles.find_by_cookie(socket_cookie(one.get()));
    ASSERT_NE(handle, nullptr);
    EXPECT_EQ(kernel_.handles.find_by_cookie(socket_cookie(duplicate.get())), handle);
    EXPECT_NE(kernel_.handles.find_by_cookie(socket_cookie(other.get())), handle);
}

TEST_F(SocketCapabilitiesTest, OtherDescriptorsAreNoCapabilities) {
    UniqueFd near, far;
    ASSERT_TRUE(make_socket_pair(&near, &far));
    EXPECT_EQ(kernel_.handles.find_by_cookie(socket_cookie(near.get())), nullptr);
    const UniqueFd null(open64("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(socket_cookie(null.get()), 0u);
    EXPECT_EQ(kernel_.handles.find_by_cookie(0), nullptr);
}

TEST_F(SocketCapabilitiesTest, ManyCloseAtOnce) {
    std::vector<UniqueFd> ends(200);
    for (UniqueFd& end : ends) ASSERT_EQ(open(&end), STATUS_SUCCESS);
    EXPECT_EQ(kernel_.handles.size(), ends.size());
    ends.clear();
    run();
    EXPECT_EQ(kernel_.handles.size(), 0u);
    EXPECT_EQ(thing_->closed, 1);
}

TEST_F(SocketCapabilitiesTest, AClientCannotCloseByWriting) {
    UniqueFd end;
    ASSERT_EQ(open(&end), STATUS_SUCCESS);
    EXPECT_EQ(write(end.get(), "x", 1), 1);
    run();
    EXPECT_EQ(thing_->closed, 0);
    end.reset();
    run();
    EXPECT_EQ(thing_->closed, 1) << "unread data does not hide the hang-up";
}

TEST_F(SocketCapabilitiesTest, WithoutDescriptorsItSaysSoAndRecovers) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizers' own checks need descriptors";
#endif
    rlimit before;
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    ASSERT_GE(next, 0);
    close(next);
    // No descriptor from the lowest free one on.
    const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    UniqueFd end;
    testing::internal::CaptureStderr();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto status = open(&end);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("out of descriptors"), std::string::npos);
    EXPECT_EQ(status, STATUS_INSUFFICIENT_RESOURCES);
    EXPECT_EQ(kernel_.handles.size(), 0u);
    EXPECT_EQ(open(&end), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::server
