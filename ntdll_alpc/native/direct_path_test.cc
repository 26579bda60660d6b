// SPDX-License-Identifier: LGPL-2.1-or-later
// That messages go directly where they can, which nobody sees by what arrives: the ids of messages in leases
// are theirs alone (lease_memory.h).
#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "native/lease_test_support.h"
#include "ntalpc/lease_memory.h"

namespace ntalpc {
namespace {

// Enough for a connection that nothing is odd about.
constexpr std::uint64_t kEnough = 64;
constexpr std::uint64_t kLast = ~std::uint64_t{0};
constexpr int kLimit = 10'000;

ALPC_PORT_ATTRIBUTES limits_of_all_ones() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = 0x1000;
    attributes.MaxPoolUsage = attributes.MaxSectionSize = attributes.MaxViewSize =
        attributes.MaxTotalSectionSize = ~SIZE_T{0};
    return attributes;
}

// A thread that answers a number by the next one, and a client of it.
class Service {
  public:
    explicit Service(ALPC_PORT_ATTRIBUTES* limits) : limits_(limits) {
        const std::string name = fresh_port_name();
        port_ = make_port(name, limits);
        EXPECT_NE(port_, nullptr);
        server_ = std::thread([this] { serve(); });
        client_ = connect_to(name, limits);
        EXPECT_NE(client_, nullptr);
    }
    ~Service() {
        TestMessage last(kLast);
        send_last(client_, last);
        server_.join();
        for (const HANDLE handle : {client_, accepted_, port_}) NtClose(handle);
    }

    HANDLE client() const { return client_; }

    // The id of the answer, which is the request's.
    std::uint32_t ask(std::uint64_t number) const {
        TestMessage answer;
        EXPECT_EQ(ntalpc::ask(client_, number, &answer, kLimit), STATUS_SUCCESS);
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
    void serve() {
        for (;;) {
            TestMessage message;
            ASSERT_EQ(receive(port_, &message, kLimit), STATUS_SUCCESS);
            if (message.kind() == LPC_CONNECTION_REQUEST) {
                ASSERT_EQ(accept(port_, message, &accepted_, limits_), STATUS_SUCCESS);
            } else if (message.kind() == LPC_REQUEST) {
                ++message.number;
                ASSERT_EQ(send_last(port_, message), STATUS_SUCCESS);
            } else if (message.number == kLast) {
                return;
            }
        }
    }

    ALPC_PORT_ATTRIBUTES* limits_;
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
    ALPC_PORT_ATTRIBUTES attributes = limits_of_all_ones();
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

// A client that sends numbered datagrams and waits for nothing, and who receives them. Both are this thread.
class Datagrams : public DirectPath {
  protected:
    void SetUp() override {
        DirectPath::SetUp();
        const std::string name = fresh_port_name();
        port_ = make_port(name);
        ASSERT_NE(port_, nullptr);
        connect_both(port_, name, &client_, &accepted_);
    }
    void TearDown() override {
        for (const HANDLE handle : {client_, accepted_, port_}) NtClose(handle);
    }

    void send_next() {
        TestMessage datagram(sent_++);
        ASSERT_EQ(send_last(client_, datagram), STATUS_SUCCESS);
    }
    // Whether it came directly.
    bool receive_next() {
        TestMessage datagram;
        EXPECT_EQ(receive(port_, &datagram, kLimit), STATUS_SUCCESS);
        EXPECT_EQ(datagram.number, received_++);
        return lease::is_leased_id(datagram.header.MessageId);
    }
    // How many it takes until they go directly when the receiver is always so many behind.
    std::uint64_t first_direct(std::uint64_t behind) {
        for (std::uint64_t i = 0; i < behind; ++i) send_next();
        while (received_ < kEnough) {
            send_next();
            if (receive_next()) return received_ - 1;
        }
        return kEnough;
    }
    void receive_the_rest() {
        while (received_ < sent_) receive_next();
        TestMessage none;
        EXPECT_EQ(receive(port_, &none, 0), STATUS_TIMEOUT);
    }

  private:
    HANDLE port_ = nullptr, client_ = nullptr, accepted_ = nullptr;
    std::uint64_t sent_ = 0, received_ = 0;
};

TEST_F(Datagrams, GoDirectlyOnceTheConnectionIsWorthIt) {
    EXPECT_LT(first_direct(0), kEnough);
    receive_the_rest();
}

// Some wait at the server when the client takes its lease: nothing is overtaken.
TEST_F(Datagrams, GoDirectlyThoughTheReceiverIsAlwaysBehind) {
    EXPECT_LT(first_direct(8), kEnough);
    for (int i = 0; i < 100; ++i) {
        send_next();
        EXPECT_TRUE(receive_next());
    }
    receive_the_rest();
}

// The lease fills up, is taken back and given again, and the receiver is another thread.
TEST_F(Datagrams, StayInOrderWhenTheReceiverCannotKeepUp) {
    constexpr int many = 5'000;
    std::thread receiver([this] {
        for (int i = 0; i < many; ++i) receive_next();
    });
    for (int i = 0; i < many; ++i) send_next();
    receiver.join();
    receive_the_rest();
}

// As many as are all looked at, and more.
class ManyConnections : public DirectPath, public testing::WithParamInterface<int> {
  protected:
    void SetUp() override {
        DirectPath::SetUp();
        const std::string name = fresh_port_name();
        port_ = make_port(name);
        ASSERT_NE(port_, nullptr);
        for (int i = 0; i < GetParam(); ++i) {
            HANDLE client = nullptr, accepted = nullptr;
            connect_both(port_, name, &client, &accepted);
            clients_.push_back(client);
            accepted_.push_back(accepted);
        }
    }
    void TearDown() override {
        for (const HANDLE handle : clients_) NtClose(handle);
        for (const HANDLE handle : accepted_) NtClose(handle);
        NtClose(port_);
    }

    // Each client sends one, in another order each time. How many of them came directly.
    int send_and_receive() {
        std::ranges::shuffle(clients_, random_);
        for (const HANDLE client : clients_) {
            TestMessage datagram(sent_++);
            EXPECT_EQ(send_last(client, datagram), STATUS_SUCCESS);
        }
        int direct = 0;
        while (received_ < sent_) {
            TestMessage datagram;
            EXPECT_EQ(receive(port_, &datagram, kLimit), STATUS_SUCCESS);
            EXPECT_EQ(datagram.number, received_++);
            direct += lease::is_leased_id(datagram.header.MessageId);
        }
        return direct;
    }

  private:
    HANDLE port_ = nullptr;
    std::vector<HANDLE> clients_, accepted_;
    std::mt19937 random_{1};
    std::uint64_t sent_ = 0, received_ = 0;
};

TEST_P(ManyConnections, KeepTheOrderOfSending) {
    std::uint64_t rounds = 0;
    while (rounds < kEnough && send_and_receive() < GetParam()) ++rounds;
    EXPECT_LT(rounds, kEnough);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send_and_receive(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(DirectPath, ManyConnections, testing::Values(20, 130));

}  // namespace
}  // namespace ntalpc
