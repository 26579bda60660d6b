// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that writes garbage into the memory of its lease harms nobody but its own connection: this
// process, at the other end, gets messages, answers and statuses, none of which may make it crash, hang or
// read elsewhere, and the server's counts come back. NTALPC_GARBAGE_SECONDS makes the test longer.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/private_server_test_support.h"
#include "ntalpc/lease_memory.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {
namespace {

using Clock = std::chrono::steady_clock;

struct TestMessage {
    PORT_MESSAGE header{};
    std::uint64_t number = 0;
};

constexpr int kEnoughForALease = 40;

std::chrono::milliseconds duration() {
    const char* const seconds = std::getenv("NTALPC_GARBAGE_SECONDS");
    return seconds ? std::chrono::milliseconds(1000 * std::atol(seconds)) : std::chrono::milliseconds(1500);
}

LARGE_INTEGER milliseconds(int count) {
    LARGE_INTEGER limit;
    limit.QuadPart = -10'000 * std::int64_t{count};
    return limit;
}

UNICODE_STRING name_of(std::u16string& text) {
    UNICODE_STRING name;
    name.Buffer = reinterpret_cast<PWSTR>(text.data());
    name.Length = name.MaximumLength = static_cast<USHORT>(text.size() * sizeof(char16_t));
    return name;
}

void fill(TestMessage& message, std::uint64_t number) {
    message = {};
    message.header.u1.s1.DataLength = sizeof(message.number);
    message.header.u1.s1.TotalLength = sizeof(message);
    message.number = number;
}

HANDLE make_port(std::u16string text) {
    UNICODE_STRING name = name_of(text);
    OBJECT_ATTRIBUTES attributes{};
    attributes.Length = sizeof(attributes);
    attributes.ObjectName = &name;
    HANDLE port = nullptr;
    return NtAlpcCreatePort(&port, &attributes, nullptr) == STATUS_SUCCESS ? port : nullptr;
}

// The server may not be there yet.
HANDLE connect_to(std::u16string text) {
    UNICODE_STRING name = name_of(text);
    const auto end = Clock::now() + std::chrono::seconds(10);
    while (Clock::now() < end) {
        HANDLE port = nullptr;
        if (NtAlpcConnectPort(&port, &name, nullptr, nullptr, ALPC_MSGFLG_SYNC_REQUEST, nullptr, nullptr,
                              nullptr, nullptr, nullptr, nullptr) == STATUS_SUCCESS)
            return port;
    }
    return nullptr;
}

NTSTATUS ask(HANDLE port, std::uint64_t number, TestMessage* answer, int limit_in_milliseconds) {
    TestMessage message;
    fill(message, number);
    SIZE_T length = sizeof(*answer);
    LARGE_INTEGER limit = milliseconds(limit_in_milliseconds);
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &message.header, nullptr,
                                     &answer->header, &length, nullptr, &limit);
}

// A datagram, or the answer to what has been received.
NTSTATUS send(HANDLE port, TestMessage& message) {
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, nullptr, nullptr,
                                     nullptr, nullptr, nullptr);
}

// Serves until `done`, which is asked after each message and whenever none has come for a while.
void serve(HANDLE port, const std::function<bool()>& done) {
    HANDLE client = nullptr;
    while (!done()) {
        TestMessage message;
        SIZE_T length = sizeof(message);
        LARGE_INTEGER limit = milliseconds(20);
        if (NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, &message.header, &length, nullptr, &limit) !=
            STATUS_SUCCESS)
            continue;
        switch (message.header.u2.s2.Type & 0xFF) {
            case LPC_CONNECTION_REQUEST:
                NtAlpcAcceptConnectPort(&client, port, 0, nullptr, nullptr, nullptr, &message.header, nullptr,
                                        TRUE);
                break;
            case LPC_REQUEST:
                send(port, message);
                break;
            case LPC_PORT_CLOSED:
                NtClose(client);
                break;
        }
    }
}

// What this process may write to of its leases.
std::vector<lease::Region*> own_regions() {
    std::vector<lease::Region*> found;
    std::FILE* const maps = std::fopen("/proc/self/maps", "r");
    if (!maps) return found;
    char line[512];
    while (std::fgets(line, sizeof(line), maps)) {
        std::uintptr_t place = 0;
        if (std::strstr(line, "memfd:lease") && std::strstr(line, "rw-s") &&
            std::sscanf(line, "%" SCNxPTR, &place) == 1)
            found.push_back(reinterpret_cast<lease::Region*>(place));
    }
    std::fclose(maps);
    return found;
}

class Vandal {
  public:
    explicit Vandal(unsigned seed) : random_(seed) {}

    void write_garbage() {
        const std::vector<lease::Region*> regions = own_regions();
        if (regions.empty()) return;
        lease::Region* const region = regions.front();
        for (int i = 0; i < 2000; ++i) {
            const bool words = random_() % 2 == 0;
            const std::size_t size = words ? lease::kPage : sizeof(region->slots);
            auto* const area =
                words ? reinterpret_cast<std::byte*>(region) : reinterpret_cast<std::byte*>(region->slots);
            const std::size_t place = random_() % (size / 8) * 8;
            reinterpret_cast<std::atomic<std::uint64_t>*>(area + place)
                ->store(value(), std::memory_order_relaxed);
        }
    }

  private:
    std::uint64_t value() {
        constexpr std::uint64_t interesting[] = {0,  1,          2,          63,         64,
                                                 65, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, ~std::uint64_t{0}};
        const std::uint64_t random = random_();
        if (random % 3 == 0) return random_();
        return interesting[random / 3 % std::size(interesting)] | (random % 5 == 0 ? random << 32 : 0);
    }
    std::mt19937_64 random_;
};

pid_t in_child(const std::function<void()>& work) {
    const pid_t child = fork();
    if (child != 0) return child;
    work();
    _exit(0);
}

void tell(HANDLE port, std::uint64_t number) {
    TestMessage message;
    fill(message, number);
    EXPECT_EQ(send(port, message), STATUS_SUCCESS);
}

TestMessage receive(HANDLE port) {
    TestMessage message;
    SIZE_T length = sizeof(message);
    LARGE_INTEGER limit = milliseconds(10'000);
    EXPECT_EQ(NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, &message.header, &length, nullptr, &limit),
              STATUS_SUCCESS);
    return message;
}

// A connection of this process with itself.
struct Conversation {
    HANDLE client = nullptr, server = nullptr;
    lease::Region* sent = nullptr;  // the client's end of its lease

    Conversation(HANDLE port, const std::u16string& name) {
        const std::vector<lease::Region*> before = own_regions();
        std::thread asking([&] {
            client = connect_to(name);
            TestMessage answer;
            for (int i = 0; i < kEnoughForALease; ++i)
                EXPECT_EQ(ask(client, i, &answer, 10'000), STATUS_SUCCESS);
        });
        TestMessage request = receive(port);
        EXPECT_EQ(NtAlpcAcceptConnectPort(&server, port, 0, nullptr, nullptr, nullptr, &request.header,
                                          nullptr, TRUE),
                  STATUS_SUCCESS);
        for (int i = 0; i < kEnoughForALease; ++i) {
            TestMessage question = receive(port);
            EXPECT_EQ(send(port, question), STATUS_SUCCESS);
        }
        asking.join();
        for (lease::Region* const region : own_regions()) {
            if (std::ranges::find(before, region) == before.end() && region->published != 0) sent = region;
        }
    }
    ~Conversation() {
        EXPECT_EQ(NtClose(client), STATUS_SUCCESS);
        EXPECT_EQ(NtClose(server), STATUS_SUCCESS);
    }
};

class LeaseGarbage : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(PrivateServer::instance().running()); }

    static std::u16string fresh_name() {
        static int last = 0;
        const std::string digits = std::to_string(getpid()) + "-" + std::to_string(++last);
        return u"\\RPC Control\\garbage-" + std::u16string(digits.begin(), digits.end());
    }
    static bool ended(pid_t child, int* status) { return waitpid(child, status, WNOHANG) == child; }
};

TEST_F(LeaseGarbage, OfAClientHarmsNoServer) {
    const auto end = Clock::now() + duration();
    unsigned rounds = 0;
    while (Clock::now() < end) {
        const std::u16string name = fresh_name();
        const pid_t child = in_child([&] {
            const HANDLE port = connect_to(name);
            TestMessage answer;
            for (int i = 0; i < kEnoughForALease; ++i) ask(port, i, &answer, 1000);
            Vandal vandal(rounds);
            for (int i = 0; i < 20; ++i) {
                vandal.write_garbage();
                ask(port, i, &answer, 2);
            }
        });
        const HANDLE port = make_port(name);
        ASSERT_NE(port, nullptr);
        int status = -1;
        const auto limit = Clock::now() + std::chrono::seconds(60);
        bool over = false;
        serve(port, [&] { return (over = ended(child, &status)) || Clock::now() > limit; });
        ASSERT_TRUE(over) << "round " << rounds;
        EXPECT_EQ(status, 0) << "round " << rounds;
        EXPECT_EQ(NtClose(port), STATUS_SUCCESS);
        ++rounds;
    }
    EXPECT_GT(rounds, 0u);
}

// Though it claims that each of its messages is older than any other.
TEST_F(LeaseGarbage, AboutTheTimeLetsAnotherClientWaitForAsManyAsThereAreSlots) {
    constexpr std::uint64_t kHonest = 1, kLie = 2;
    const std::u16string name = fresh_name();
    const HANDLE port = make_port(name);
    ASSERT_NE(port, nullptr);
    {
        const Conversation liar(port, name), honest(port, name);
        ASSERT_TRUE(liar.sent && honest.sent);
        tell(honest.client, kHonest);
        EXPECT_EQ(honest.sent->published.load() & lease::kTakenBack, 0u);
        std::uint32_t lies = 0;
        for (; lies < 2 * lease::kSlots; ++lies) {
            tell(liar.client, kLie);
            for (lease::Slot& slot : liar.sent->slots) slot.envelope.sent_at = 1;
            if (receive(port).number == kHonest) break;
        }
        EXPECT_GT(lies, 0u) << "nobody believes it";
        EXPECT_LE(lies, lease::kSlots);
    }
    EXPECT_EQ(NtClose(port), STATUS_SUCCESS);
}

TEST_F(LeaseGarbage, OfAServerHarmsNoClient) {
    const auto end = Clock::now() + duration();
    unsigned rounds = 0;
    while (Clock::now() < end) {
        const std::u16string name = fresh_name();
        const pid_t child = in_child([&] {
            const HANDLE port = make_port(name);
            Vandal vandal(rounds);
            int calls = 0;
            serve(port, [&] {
                if (++calls > kEnoughForALease) vandal.write_garbage();
                return calls > kEnoughForALease + 40;
            });
        });
        const HANDLE port = connect_to(name);
        ASSERT_NE(port, nullptr);
        NTSTATUS status = STATUS_SUCCESS;
        const auto limit = Clock::now() + std::chrono::seconds(60);
        while (status != STATUS_PORT_DISCONNECTED) {
            TestMessage answer;
            status = ask(port, 1, &answer, 20);
            ASSERT_LT(Clock::now(), limit) << "round " << rounds << ", status " << std::hex << status;
        }
        EXPECT_EQ(NtClose(port), STATUS_SUCCESS);
        int result = -1;
        ASSERT_EQ(waitpid(child, &result, 0), child);
        EXPECT_EQ(result, 0) << "round " << rounds;
        ++rounds;
    }
    EXPECT_GT(rounds, 0u);
}

}  // namespace
}  // namespace ntalpc
