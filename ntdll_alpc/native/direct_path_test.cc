// SPDX-License-Identifier: LGPL-2.1-or-later
// That messages go directly where they can, which nobody sees by what arrives: the ids of messages in leases
// are theirs alone (lease_memory.h).
#include <cstring>
#include <string>
#include <thread>

#include "core/private_server_test_support.h"
#include "ntalpc/lease_memory.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {
namespace {

struct TestMessage {
    PORT_MESSAGE header{};
    std::uint64_t number = 0;

    explicit TestMessage(std::uint64_t given = 0) : number(given) {
        header.u1.s1.DataLength = sizeof(number);
        header.u1.s1.TotalLength = sizeof(*this);
    }
    unsigned kind() const { return header.u2.s2.Type & 0xFF; }
};

// Enough for a connection that nothing is odd about.
constexpr std::uint64_t kEnough = 64;
constexpr std::uint64_t kLast = ~std::uint64_t{0};

ALPC_PORT_ATTRIBUTES limits_of_all_ones() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = 0x1000;
    attributes.MaxPoolUsage = attributes.MaxSectionSize = attributes.MaxViewSize =
        attributes.MaxTotalSectionSize = ~SIZE_T{0};
    return attributes;
}

class Service {
  public:
    explicit Service(const ALPC_PORT_ATTRIBUTES* attributes) : attributes_(attributes) {
        const std::string digits = std::to_string(getpid()) + "-" + std::to_string(++made_);
        path_ = u"\\RPC Control\\direct-" + std::u16string(digits.begin(), digits.end());
        name_.Buffer = reinterpret_cast<PWSTR>(path_.data());
        name_.Length = name_.MaximumLength = static_cast<USHORT>(path_.size() * sizeof(char16_t));
        OBJECT_ATTRIBUTES object{};
        object.Length = sizeof(object);
        object.ObjectName = &name_;
        EXPECT_EQ(NtAlpcCreatePort(&port_, &object, copy(attributes)), STATUS_SUCCESS);
        server_ = std::thread([this] { serve(); });
        EXPECT_EQ(NtAlpcConnectPort(&client_, &name_, nullptr, copy(attributes), ALPC_MSGFLG_SYNC_REQUEST,
                                    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
                  STATUS_SUCCESS);
    }
    ~Service() {
        TestMessage last(kLast);
        NtAlpcSendWaitReceivePort(client_, ALPC_MSGFLG_RELEASE_MESSAGE, &last.header, nullptr, nullptr,
                                  nullptr, nullptr, nullptr);
        server_.join();
        NtClose(client_);
        NtClose(accepted_);
        NtClose(port_);
    }

    HANDLE client() const { return client_; }

    // The id of the answer, which is the request's.
    std::uint32_t ask(std::uint64_t number) const {
        TestMessage message(number), answer;
        SIZE_T length = sizeof(answer);
        EXPECT_EQ(NtAlpcSendWaitReceivePort(client_, ALPC_MSGFLG_SYNC_REQUEST, &message.header, nullptr,
                                            &answer.header, &length, nullptr, nullptr),
                  STATUS_SUCCESS);
        EXPECT_EQ(answer.number, number + 1);
        return answer.header.MessageId;
    }
    // How many requests it takes until they go directly; none of them when it takes too many.
    std::uint64_t first_direct() const {
        std::uint64_t number = 0;
        while (number < kEnough && !lease::is_leased_id(ask(number))) ++number;
        return number;
    }

  private:
    static ALPC_PORT_ATTRIBUTES* copy(const ALPC_PORT_ATTRIBUTES* attributes) {
        return const_cast<ALPC_PORT_ATTRIBUTES*>(attributes);
    }

    void serve() {
        for (;;) {
            TestMessage message;
            SIZE_T length = sizeof(message);
            ASSERT_EQ(NtAlpcSendWaitReceivePort(port_, 0, nullptr, nullptr, &message.header, &length, nullptr,
                                                nullptr),
                      STATUS_SUCCESS);
            if (message.kind() == LPC_CONNECTION_REQUEST) {
                ASSERT_EQ(NtAlpcAcceptConnectPort(&accepted_, port_, 0, nullptr, copy(attributes_), nullptr,
                                                  &message.header, nullptr, TRUE),
                          STATUS_SUCCESS);
            } else if (message.kind() == LPC_REQUEST) {
                ++message.number;
                ASSERT_EQ(NtAlpcSendWaitReceivePort(port_, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header,
                                                    nullptr, nullptr, nullptr, nullptr, nullptr),
                          STATUS_SUCCESS);
            } else if (message.number == kLast) {
                return;
            }
        }
    }

    static inline int made_ = 0;
    std::u16string path_;
    UNICODE_STRING name_;
    const ALPC_PORT_ATTRIBUTES* attributes_;
    HANDLE port_ = nullptr, client_ = nullptr, accepted_ = nullptr;
    std::thread server_;
};

class DirectPath : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(PrivateServer::instance().running()); }
};

TEST_F(DirectPath, IsTakenOnceAConnectionIsWorthIt) {
    const Service service(nullptr);
    EXPECT_FALSE(lease::is_leased_id(service.ask(0)));
    ASSERT_LT(service.first_direct(), kEnough);
    for (std::uint64_t number = 0; number < 1000; ++number)
        ASSERT_TRUE(lease::is_leased_id(service.ask(number)));
}

TEST_F(DirectPath, IsOpenToPortsWithTheUsualLimits) {
    const ALPC_PORT_ATTRIBUTES attributes = limits_of_all_ones();
    const Service service(&attributes);
    EXPECT_LT(service.first_direct(), kEnough);
}

TEST_F(DirectPath, IsNotForPortsThatLimitWhatIsUnderWay) {
    ALPC_PORT_ATTRIBUTES attributes = limits_of_all_ones();
    attributes.MaxPoolUsage = 0x10000;
    const Service service(&attributes);
    EXPECT_EQ(service.first_direct(), kEnough);
}

TEST_F(DirectPath, IsOpenToThreadsThatComeLater) {
    const Service service(nullptr);
    ASSERT_LT(service.first_direct(), kEnough);
    for (std::uint64_t number = 0; number < 100; ++number)
        std::thread([&] { EXPECT_TRUE(lease::is_leased_id(service.ask(number))); }).join();
}

TEST_F(DirectPath, IsFoundAgainAfterACallThatNeedsTheServer) {
    const Service service(nullptr);
    ASSERT_LT(service.first_direct(), kEnough);
    ALPC_BASIC_INFORMATION information{};
    ASSERT_EQ(NtAlpcQueryInformation(service.client(), AlpcBasicInformation, &information,
                                     sizeof(information), nullptr),
              STATUS_SUCCESS);
    EXPECT_FALSE(lease::is_leased_id(service.ask(1)));
    std::uint64_t number = 0;
    while (number < 10 * kEnough && !lease::is_leased_id(service.ask(number))) ++number;
    EXPECT_LT(number, 10 * kEnough);
}

}  // namespace
}  // namespace ntalpc
