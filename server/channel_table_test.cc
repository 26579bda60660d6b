// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may connect: channels on which nobody has registered yet, and registrations beyond a limit.
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "server/channel.h"
#include "server/kernel_test_support.h"
#include "server/socket_capabilities.h"

namespace ntalpc::server {
namespace {

class ChannelTableTest : public testing::Test {
  protected:
    UniqueFd connect(std::uint32_t process) {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        table_.add(UniqueFd(ends[0]), {process, geteuid()});
        return UniqueFd(ends[1]);
    }
    bool too_many(std::uint32_t process, std::uint32_t user = geteuid()) const {
        return table_.too_many_unregistered({process, user}, limits_);
    }
    template <class Type>
    Answer<Type> ask(const UniqueFd& socket, typename Type::Request request) {
        const auto body = FakeThread::encode<Type>(request);
        const wire::PacketHeader header{.size = static_cast<std::uint32_t>(sizeof(header) + body.size()),
                                        .code = static_cast<std::uint16_t>(Type::code)};
        std::string packet(reinterpret_cast<const char*>(&header), sizeof(header));
        packet.append(reinterpret_cast<const char*>(body.data()), body.size());
        EXPECT_EQ(::send(socket.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
        turn();
        struct {
            wire::PacketHeader header;
            typename Type::Reply body;
        } reply{};
        EXPECT_EQ(recv(socket.get(), &reply, sizeof(reply), MSG_DONTWAIT),
                  static_cast<ssize_t>(sizeof(reply)));
        Answer<Type> answer;
        answer.status = reply.header.status;
        answer.body = reply.body;
        return answer;
    }
    Answer<wire::RegisterProcess> register_process(const UniqueFd& socket) {
        wire::RegisterProcess::Request request;
        request.protocol_hash = wire::kProtocolHash;
        return ask<wire::RegisterProcess>(socket, request);
    }
    std::int32_t register_thread(const UniqueFd& socket, const wire::RegisterProcess::Reply& process) {
        wire::RegisterThread::Request request;
        request.protocol_hash = wire::kProtocolHash;
        request.cookie_low = process.cookie_low;
        request.cookie_high = process.cookie_high;
        return ask<wire::RegisterThread>(socket, request).status;
    }
    void turn() {
        for (int i = 0; i < 4; ++i) {
            loop_.run_once(monotonic_now());
            table_.collect();
        }
    }

    const Limits limits_{{.threads = 2, .registrations = 3}, {.processes = 2, .registrations = 4}};
    EventLoop loop_;
    FakeCapabilities capabilities_;
    Kernel kernel_{capabilities_, monotonic_now, limits_};
    ChannelTable table_{loop_, kernel_};
};

TEST_F(ChannelTableTest, WhoSaysNothingMayConnectAFewTimes) {
    std::vector<UniqueFd> kept;
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(too_many(1));
        kept.push_back(connect(1));
    }
    EXPECT_TRUE(too_many(1));
    EXPECT_FALSE(too_many(2)) << "another process of the user";
    kept.push_back(connect(2));
    EXPECT_TRUE(too_many(2)) << "its user";
    EXPECT_FALSE(too_many(1, geteuid() + 1)) << "all processes of other pid namespaces have the id 0";
    kept.clear();
    turn();
    EXPECT_FALSE(too_many(1));
}

TEST_F(ChannelTableTest, WhoRegistersIsNotCounted) {
    std::vector<UniqueFd> kept;
    kept.push_back(connect(1));
    const auto process = register_process(kept.back());
    EXPECT_EQ(process.status, STATUS_SUCCESS);
    for (int i = 0; i < 2; ++i) {
        kept.push_back(connect(1));
        EXPECT_EQ(register_thread(kept.back(), process.body), STATUS_SUCCESS);
    }
    for (int i = 0; i < 3; ++i) kept.push_back(connect(1));
    EXPECT_TRUE(too_many(1));
    kept.resize(1);  // the threads end, and so do those who said nothing
    turn();
    EXPECT_FALSE(too_many(1));
    EXPECT_EQ(table_.count_of(geteuid()), 1u);
}

TEST_F(ChannelTableTest, ThreadsAndProcessesBeyondTheLimitAreRefusedByAStatus) {
    const UniqueFd anchor = connect(1);
    const auto process = register_process(anchor);
    UniqueFd first = connect(1);
    const UniqueFd second = connect(1), third = connect(1);
    EXPECT_EQ(register_thread(first, process.body), STATUS_SUCCESS);
    EXPECT_EQ(register_thread(second, process.body), STATUS_SUCCESS);
    EXPECT_EQ(register_thread(third, process.body), STATUS_QUOTA_EXCEEDED);
    first.reset();
    turn();
    EXPECT_EQ(register_thread(third, process.body), STATUS_SUCCESS);
    const UniqueFd another = connect(2), one_more = connect(3);
    EXPECT_EQ(register_process(another).status, STATUS_SUCCESS);
    EXPECT_EQ(register_process(one_more).status, STATUS_QUOTA_EXCEEDED);
}

}  // namespace
}  // namespace ntalpc::server
