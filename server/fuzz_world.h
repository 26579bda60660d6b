// SPDX-License-Identifier: LGPL-2.1-or-later
// For requests_fuzz.cc: the emulated kernel in this process with its clients, and the promise about what is
// left when all of them are gone.
#pragma once

#include "server/fuzz_clients.h"
#include "server/fuzz_format.h"
#include "server/live_objects.h"
#include "server/tracer.h"

namespace ntalpc::server::fuzz {

// The kernel and all its clients. Nothing is left when it ends.
class World {
  public:
    static constexpr std::size_t kMostClients = 4;
    static constexpr std::size_t kMostThreads = 10;

    World() : baseline_(live_objects()) {
        time_ = 1000 * kSecond;
        kernel_ = std::make_unique<Kernel>(
            sockets, [] { return time_; }, Limits{kLimitsOfProcess, kLimitsOfUser}, empty_namespace());
    }
    ~World() {
        threads_.clear();
        for (const auto& client : clients_) end_client(*client, true);
        if (!keeps_objects_) {
            require_nothing_left();
            spare() = std::make_unique<Namespace>(std::move(kernel_->names));
        }
        kernel_.reset();
        require_nothing_left();
    }

    ReusedSockets sockets;

    Kernel& kernel() { return *kernel_; }
    Client& client(std::size_t number) { return *clients_[number % clients_.size()]; }
    std::size_t clients() const { return clients_.size(); }
    ClientThread& thread(std::size_t number) { return *threads_[number % threads_.size()]; }
    std::size_t threads() const { return threads_.size(); }
    // It, or one of the same process that does not wait.
    ClientThread& idle_thread(ClientThread& wanted) {
        if (!wanted.waits()) return wanted;
        for (const auto& thread : threads_) {
            if (&thread->client() == &wanted.client() && !thread->waits()) return *thread;
        }
        add_thread(wanted.client());
        return &threads_.back()->client() == &wanted.client() && !threads_.back()->waits() ? *threads_.back()
                                                                                           : wanted;
    }

    void add_client(std::uint8_t kind) {
        if (clients_.size() >= kMostClients) return;
        auto client = std::make_unique<Client>();
        client->process = kernel_->add_process(facts_of(kind), token_of(kind));
        client->account = client->process->account();
        clients_.push_back(std::move(client));
        add_thread(*clients_.back());
    }
    void add_thread(Client& client) {
        if (client.process && threads_.size() < kMostThreads)
            threads_.push_back(std::make_unique<ClientThread>(*kernel_, client, 0x100 + ++last_thread_));
    }
    void end_thread(ClientThread& thread) {
        std::erase_if(threads_, [&](const auto& known) { return known.get() == &thread; });
    }
    // The order in which the server learns of its end is chance.
    void end_client(Client& client, bool handles_first) {
        if (!client.process) return;
        if (handles_first) close_handles(client);
        std::erase_if(threads_, [&](const auto& thread) { return &thread->client() == &client; });
        close_handles(client);
        kernel_->remove_process(*client.process);
        client.process.reset();
    }
    // The last descriptor is closed.
    void close_handle(Client& client, std::uint64_t id) {
        client.handles.erase(id);
        for (const auto& other : clients_) {
            if (other->handles.contains(id)) return;
        }
        if (Handle* const handle = client.process->find(id)) kernel_->handles.close(*handle);
    }
    void pass_time(std::uint8_t seconds) { time_ += seconds * kSecond; }
    // What the server does between packets.
    void settle() {
        kernel_->expire();
        tracer().serve_readers();
        for (const auto& thread : threads_) {
            require(thread->thread().outstanding() == (thread->thread().wait() != nullptr),
                    "a request is answered or waits");
        }
    }
    // Something has been made that outlives its users by right.
    void keeps_objects() { keeps_objects_ = true; }

  private:
    static constexpr std::uint32_t kOtherSession = 2;
    static constexpr Nanoseconds kSecond = 1'000'000'000;
    // Within reach.
    static constexpr QuotaLimits kLimitsOfProcess{.message_bytes = 200'000,
                                                  .objects = 20,
                                                  .descriptors = 3,
                                                  .section_bytes = 1 << 22,
                                                  .messages = 12,
                                                  .handles = 10,
                                                  .connections = 4,
                                                  .traces = 2};
    static constexpr QuotaLimits kLimitsOfUser{.objects = 30, .messages = 20, .connections = 6};

    // Half of the time would go into making it again for each input.
    static std::unique_ptr<Namespace>& spare() {
        static std::unique_ptr<Namespace> last;
        return last;
    }
    static Namespace empty_namespace() {
        if (const auto last = std::exchange(spare(), nullptr)) return std::move(*last);
        Namespace fresh;
        fresh.add_session(kOtherSession);
        return fresh;
    }

    void close_handles(Client& client) {
        while (!client.handles.empty()) close_handle(client, *client.handles.begin());
    }
    void require_nothing_left() const {
        for (const auto& client : clients_) {
            for (std::size_t i = 0; i < kResources; ++i) {
                const auto resource = static_cast<Resource>(i);
                if (client->account->used(resource) + client->account->user()->used(resource) == 0) continue;
                std::fprintf(stderr, "left of %s\n", kLimitNames[i].name);
                require(false, "what is charged is given back");
            }
        }
        const auto left = live_objects();
        if (left != baseline_) {
            std::fprintf(stderr, "%s:", kLiveObjectNames);
            for (std::size_t i = 0; i < left.size(); ++i)
                std::fprintf(stderr, " %zd", left[i] - baseline_[i]);
            std::fprintf(stderr, "\n");
        }
        require(left == baseline_, "nothing is left");
        require(sockets.made() == 0, "no handle is left");
    }
    ProcessFacts facts_of(std::uint8_t kind) const {
        ProcessFacts facts;
        facts.id = 0x20 + 0x10 * clients_.size();
        facts.own_id = kind == of_other_user ? 7 : facts.id;
        facts.session = kind == of_other_world ? kOtherSession : 1;
        facts.image_path = "fuzzed";
        facts.world = kind == of_windows ? 1 : kind == of_other_world ? 2 : 0;
        facts.unix_user = kind == of_other_user ? 1000 : geteuid();
        facts.unix_process = static_cast<std::uint32_t>(facts.id);
        facts.believed = kind != of_other_user;
        return facts;
    }
    security::Token token_of(std::uint8_t kind) const {
        security::Token token;
        token.user = security::Sid(5, {21, 1, 2, 3, std::uint32_t{1000} + kind});
        token.token_id = 0x1000 + clients_.size();
        if (kind == of_other_user || kind == without_rights) return token;
        token.groups = {{security::sids::kAdministrators, security::group::kEnabled}};
        for (const auto right : {security::privilege::kTcb, security::privilege::kCreatePermanent,
                                 security::privilege::kSecurity, security::privilege::kImpersonate})
            token.privileges.push_back({right, security::privilege::kEnabled});
        return token;
    }

    static inline Nanoseconds time_ = 0;
    const decltype(live_objects()) baseline_;
    std::unique_ptr<Kernel> kernel_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<ClientThread>> threads_;
    std::uint64_t last_thread_ = 0;
    bool keeps_objects_ = false;
};

}  // namespace ntalpc::server::fuzz
