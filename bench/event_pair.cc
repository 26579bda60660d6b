// SPDX-License-Identifier: LGPL-2.1-or-later
// The round trip between two processes by event pair, against its floor: two futex words in shared memory,
// measured in the same run with the same placement of the processes, on one core and across cores.
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "ntalpc/ntalpc.h"
#include "ntalpc/status.h"

namespace {

constexpr int kRoundsPerSample = 2000;
constexpr int kSamples = 15;  // alternating between floor and event pair, so that noise meets both

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "event_pair: %s\n", what.c_str());
    std::exit(1);
}

void check(NTSTATUS status, const char* what) {
    if (status == STATUS_SUCCESS) return;
    const char* const name = ntalpc::status_name(status);
    fail(std::string(what) + " gave " + (name ? name : "an unknown status") +
         "; is alpcserver where NTALPC_SERVER_BINARY says?");
}

void run_on_core(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) fail("cannot choose a core; run it without taskset");
}

// One end of a conversation. call() hands over and waits for the answer; serve() waits for a call and
// answers.
class Conversation {
  public:
    virtual ~Conversation() = default;
    // In each process before it takes part.
    virtual void open() {}
    virtual void call() = 0;
    virtual void first_wait() = 0;
    virtual void answer_and_wait() = 0;
    virtual void last_answer() = 0;
};

// A set and a wait are one exchange and one futex call each: what no implementation can do without.
class FutexConversation final : public Conversation {
  public:
    FutexConversation() {
        void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) fail("cannot map a page of shared memory");
        words_ = static_cast<Words*>(page);
    }
    void call() override {
        set(words_->there);
        wait(words_->back);
    }
    void first_wait() override { wait(words_->there); }
    void answer_and_wait() override {
        set(words_->back);
        wait(words_->there);
    }
    void last_answer() override { set(words_->back); }

  private:
    using Word = std::atomic<std::uint32_t>;
    struct Words {
        alignas(64) Word there;
        alignas(64) Word back;
    };
    static void set(Word& word) {
        word.store(1);
        syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
    }
    static void wait(Word& word) {
        while (word.exchange(0) == 0) syscall(SYS_futex, &word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
    }
    Words* words_;
};

class EventPairConversation final : public Conversation {
  public:
    void open() override {
        std::u16string path = u"\\BaseNamedObjects\\ntalpc-bench";
        UNICODE_STRING name{};
        name.Length = static_cast<USHORT>(path.size() * sizeof(char16_t));
        name.MaximumLength = name.Length;
        name.Buffer = path.data();
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, OBJ_OPENIF, nullptr, nullptr);
        const NTSTATUS status =
            NtCreateEventPair(&pair_, STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE, &attributes);
        if (status != STATUS_OBJECT_NAME_EXISTS) check(status, "NtCreateEventPair");
    }
    void call() override { check(NtSetHighWaitLowEventPair(pair_), "NtSetHighWaitLowEventPair"); }
    void first_wait() override { check(NtWaitHighEventPair(pair_), "NtWaitHighEventPair"); }
    void answer_and_wait() override { check(NtSetLowWaitHighEventPair(pair_), "NtSetLowWaitHighEventPair"); }
    void last_answer() override { check(NtSetLowEventPair(pair_), "NtSetLowEventPair"); }

  private:
    HANDLE pair_ = nullptr;
};

void serve(Conversation& conversation, int core, long rounds) {
    run_on_core(core);
    conversation.open();
    conversation.first_wait();
    for (long i = 1; i < rounds; ++i) conversation.answer_and_wait();
    conversation.last_answer();
    _exit(0);
}

// The median time of a round trip in nanoseconds of each conversation.
std::vector<double> measure(const std::vector<Conversation*>& conversations, int client_core,
                            int server_core) {
    std::vector<pid_t> servers;
    for (Conversation* conversation : conversations) {
        const pid_t child = fork();
        if (child < 0) fail("cannot fork");
        if (child == 0) serve(*conversation, server_core, long{kSamples + 1} * kRoundsPerSample);
        servers.push_back(child);
    }
    run_on_core(client_core);
    for (Conversation* conversation : conversations) conversation->open();
    std::vector<std::vector<double>> samples(conversations.size());
    for (int sample = 0; sample <= kSamples; ++sample) {
        for (std::size_t i = 0; i < conversations.size(); ++i) {
            const auto start = std::chrono::steady_clock::now();
            for (int round = 0; round < kRoundsPerSample; ++round) conversations[i]->call();
            const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
            if (sample != 0)
                samples[i].push_back(taken.count() / kRoundsPerSample);  // the first one warms up
        }
    }
    for (const pid_t server : servers) {
        int status = 0;
        if (waitpid(server, &status, 0) != server || status != 0) fail("the serving process failed");
    }
    std::vector<double> medians;
    for (auto& times : samples) {
        std::nth_element(times.begin(), times.begin() + kSamples / 2, times.end());
        medians.push_back(times[kSamples / 2]);
    }
    return medians;
}

void report(const char* placement, int client_core, int server_core) {
    FutexConversation futexes;
    EventPairConversation pair;
    const auto medians = measure({&futexes, &pair}, client_core, server_core);
    std::printf("event pair round trip, %-12s %7.2f us   floor (two futexes) %7.2f us   ratio %.2f\n",
                placement, medians[1] / 1000, medians[0] / 1000, medians[1] / medians[0]);
    std::fflush(stdout);
}

// The cores that this process may use.
std::vector<int> usable_cores() {
    cpu_set_t set;
    std::vector<int> cores;
    if (sched_getaffinity(0, sizeof(set), &set) != 0) fail("cannot ask which cores there are");
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
    return cores;
}

}  // namespace

int main() {
    const std::vector<int> cores = usable_cores();
    report("one core", cores[0], cores[0]);
    if (cores.size() > 1) report("across cores", cores[0], cores[1]);
    return 0;
}
