// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that gets no memory. Each test is a process of its own, whose address space is used up.
#include "server/memory_reserve.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "ntalpc/sanitized.h"
#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

// Takes all memory that there is, and gives it back.
class Hog {
  public:
    Hog() {
        const rlimit limit = {size_of_process() + kRoom, RLIM_INFINITY};
        EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
        take_all();
    }
    ~Hog() { give_back(); }
    // Without an allocation of its own: each block begins with the one before.
    void take_all() {
        for (std::size_t size = 1024 * 1024; size >= 32; size /= 2) {
            while (void* const block = std::malloc(size)) {
                *static_cast<void**>(block) = last_;
                last_ = block;
            }
        }
    }
    // Leaves some memory, but not as much as the reserve, which is gone.
    void use_reserve() {
        std::string(kMemoryReserve / 2, 'x');
        void* const some = std::malloc(kMemoryReserve / 4);
        take_all();
        std::free(some);
        EXPECT_TRUE(memory_is_short());
    }
    void give_back() {
        while (last_) std::free(std::exchange(last_, *static_cast<void**>(last_)));
    }

  private:
    static constexpr std::size_t kRoom = 16 * 1024 * 1024;
    static std::size_t size_of_process() {
        std::size_t pages = 0;
        std::FILE* const file = std::fopen("/proc/self/statm", "r");
        EXPECT_EQ(std::fscanf(file, "%zu", &pages), 1);
        std::fclose(file);
        return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }
    void* last_ = nullptr;
};

class MemoryReserve : public KernelTest {
  protected:
    void SetUp() override {
        if (kSanitized) GTEST_SKIP() << "a sanitizer needs all of the address space";
    }
    // In a child, whose expectations are its exit status.
    template <class Test>
    void in_child(Test test) {
        const pid_t child = fork();
        if (child == 0) {
            test();
            std::_Exit(HasFailure() ? 1 : 0);
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    std::int32_t create_unnamed(FakeThread& thread) { return try_create(thread, u"").status; }
};

TEST_F(MemoryReserve, WhatIsBegunIsFinished) {
    in_child([] {
        keep_memory_reserve();
        Hog hog;
        EXPECT_EQ(std::malloc(100'000), nullptr);
        const std::string needed(100'000, 'x');
        EXPECT_TRUE(memory_is_short());
        hog.give_back();
        EXPECT_FALSE(memory_is_short());
    });
}

TEST_F(MemoryReserve, RequestsAreRefusedUntilThereIsMemoryAgain) {
    in_child([this] {
        const Pair pair = connected_pair();
        keep_memory_reserve();
        Hog hog;
        hog.use_reserve();
        EXPECT_EQ(create_unnamed(*pair.client), STATUS_NO_MEMORY);
        EXPECT_EQ(pair.client->call<wire::ServerStatus>({}).body.connections, 1u);
        hog.give_back();
        EXPECT_EQ(create_unnamed(*pair.client), STATUS_SUCCESS);
    });
}

TEST_F(MemoryReserve, WhatEndsSomethingIsNotRefused) {
    in_child([this] {
        const Pair pair = connected_pair();
        keep_memory_reserve();
        Hog hog;
        hog.use_reserve();
        EXPECT_EQ(create_unnamed(*pair.client), STATUS_NO_MEMORY);
        wire::DisconnectPort::Request request;
        request.handle = pair.client_port;
        EXPECT_EQ(pair.client->call<wire::DisconnectPort>(request).status, STATUS_SUCCESS);
        hog.give_back();
        EXPECT_EQ(send(*pair.client, pair.client_port, "datagram", {.flags = kRelease}).status,
                  STATUS_PORT_DISCONNECTED);
    });
}

}  // namespace
}  // namespace ntalpc::server
