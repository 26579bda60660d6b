// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that writes garbage into the memory of its lease harms nobody but its own connection: this
// process, at the other end, gets messages, answers and statuses, none of which may make it crash, hang or
// read elsewhere, and the server's counts come back. NTALPC_GARBAGE_SECONDS makes the test longer.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

#include "native/lease_test_support.h"
#include "ntalpc/lease_memory.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEnoughForALease = 40;
constexpr int kLimit = 10'000;  // milliseconds, for what must come

std::chrono::milliseconds duration() {
    const char* const seconds = std::getenv("NTALPC_GARBAGE_SECONDS");
    return seconds ? std::chrono::milliseconds(1000 * std::atol(seconds)) : std::chrono::milliseconds(1500);
}

// Serves until `done`, which is asked about the last message and whenever none has come for a while.
void serve(HANDLE port, const std::function<bool(const TestMessage&)>& done) {
    HANDLE client = nullptr;
    TestMessage message;
    while (!done(message)) {
        message = TestMessage();
        if (receive(port, &message, 20) != STATUS_SUCCESS) continue;
        if (message.kind() == LPC_CONNECTION_REQUEST) {
            accept(port, message, &client);
        } else if (message.kind() == LPC_REQUEST) {
            send_last(port, message);
        } else if (message.kind() == LPC_PORT_CLOSED) {
            NtClose(client);
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

// Where one process waits until another one is so far.
class Gate {
  public:
    Gate() {
        std::array<int, 2> ends{-1, -1};
        EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        out_ = UniqueFd(ends[0]);
        in_ = UniqueFd(ends[1]);
    }
    void open() {
        const char byte = 0;
        if (write(in_.get(), &byte, 1) != 1) std::abort();
        in_.reset();
    }
    // False when the other process has ended before.
    bool wait() {
        in_.reset();
        char byte;
        return read(out_.get(), &byte, 1) == 1;
    }

  private:
    UniqueFd out_, in_;
};

pid_t in_child(const std::function<int()>& work) {
    const pid_t child = fork();
    if (child == 0) _exit(work());
    return child;
}

// A connection of this process with itself.
struct Conversation {
    HANDLE client = nullptr, server = nullptr;
    lease::Region* sent = nullptr;  // the client's end of its lease

    Conversation(HANDLE port, const std::string& name) {
        const std::vector<lease::Region*> before = own_regions();
        std::thread asking([&] {
            client = connect_to(name);
            TestMessage answer;
            for (int i = 0; i < kEnoughForALease; ++i)
                EXPECT_EQ(ask(client, i, &answer, kLimit), STATUS_SUCCESS);
        });
        TestMessage request;
        EXPECT_EQ(receive(port, &request, kLimit), STATUS_SUCCESS);
        EXPECT_EQ(accept(port, request, &server), STATUS_SUCCESS);
        for (int i = 0; i < kEnoughForALease; ++i) {
            EXPECT_EQ(receive(port, &request, kLimit), STATUS_SUCCESS);
            EXPECT_EQ(send_last(port, request), STATUS_SUCCESS);
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

void tell(HANDLE port, std::uint64_t number) {
    TestMessage message(number);
    EXPECT_EQ(send_last(port, message), STATUS_SUCCESS);
}

class LeaseGarbage : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(PrivateServer::instance().running()); }

    static bool ended(pid_t child, int* status) { return waitpid(child, status, WNOHANG) == child; }
};

TEST_F(LeaseGarbage, OfAClientHarmsNoServer) {
    const auto end = Clock::now() + duration();
    unsigned rounds = 0;
    while (Clock::now() < end) {
        const std::string name = fresh_port_name();
        const HANDLE port = make_port(name);
        ASSERT_NE(port, nullptr);
        const pid_t child = in_child([&] {
            const HANDLE client = connect_to(name);
            TestMessage answer;
            for (int i = 0; i < kEnoughForALease; ++i) ask(client, i, &answer, 1000);
            Vandal vandal(rounds);
            for (int i = 0; i < 20; ++i) {
                vandal.write_garbage();
                ask(client, i, &answer, 2);
            }
            return client ? 0 : 1;
        });
        int status = -1;
        const auto limit = Clock::now() + std::chrono::seconds(60);
        bool over = false;
        serve(port,
              [&](const TestMessage&) { return (over = ended(child, &status)) || Clock::now() > limit; });
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
    const std::string name = fresh_port_name();
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
            TestMessage first;
            ASSERT_EQ(receive(port, &first, kLimit), STATUS_SUCCESS);
            if (first.number == kHonest) break;
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
        const std::string name = fresh_port_name();
        Gate made;
        const pid_t child = in_child([&] {
            const HANDLE port = make_port(name);
            made.open();
            Vandal vandal(rounds);
            int calls = 0;
            serve(port, [&](const TestMessage&) {
                if (++calls > kEnoughForALease) vandal.write_garbage();
                return calls > kEnoughForALease + 40;
            });
            return port ? 0 : 1;
        });
        ASSERT_TRUE(made.wait());
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

// Its own memory says that the lease is still there and a message waits, which is younger than what waits at
// alpcserver; and there is nothing.
TEST_F(LeaseGarbage, ThatHidesTheEndOfALeaseEndsNoTimeLimit) {
    const std::string name = fresh_port_name();
    Gate made, taken_back;
    const pid_t child = in_child([&] {
        const HANDLE port = make_port(name);
        made.open();
        alarm(20);
        serve(port, [](const TestMessage& last) { return lease::is_leased_id(last.header.MessageId); });
        if (!taken_back.wait()) return 1;
        lease::Word& taken = own_regions().at(0)->taken;
        taken.store((taken.load() & lease::kNumbers) - 1);
        TestMessage message;
        return receive(port, &message, 20) == STATUS_TIMEOUT ? 0 : 1;
    });
    ASSERT_TRUE(made.wait());
    const HANDLE port = connect_to(name);
    ASSERT_NE(port, nullptr);
    TestMessage answer;
    while (!lease::is_leased_id(answer.header.MessageId))
        ASSERT_EQ(ask(port, 1, &answer, kLimit), STATUS_SUCCESS);
    ALPC_BASIC_INFORMATION information{};
    ASSERT_EQ(NtAlpcQueryInformation(port, AlpcBasicInformation, &information, sizeof(information), nullptr),
              STATUS_SUCCESS);
    taken_back.open();
    int result = -1;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    EXPECT_EQ(result, 0);
    EXPECT_EQ(NtClose(port), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc
