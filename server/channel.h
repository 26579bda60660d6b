// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's end of a client's connection to it: a socket, and the process or thread that registered on it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "server/channel_pipes.h"
#include "server/event_loop.h"
#include "server/kernel.h"
#include "server/log_limiter.h"
#include "server/thread.h"

namespace ntalpc::server {

class ChannelTable;

// Whom the kernel says is at the other end.
struct PeerCredentials {
    std::uint32_t process = 0;
    std::uint32_t user = 0;
};

class Channel final : public Watcher, public ReplySink, public Counted<Channel> {
  public:
    Channel(ChannelTable& table, Kernel& kernel, UniqueFd socket, const PeerCredentials& peer);
    ~Channel() override;

    bool watch(EventLoop& loop);
    void ready(std::uint32_t events) override;
    void send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) override;
    const Process* process() const;
    const PeerCredentials& peer() const { return peer_; }

  private:
    // Tells of the requests that come through the pipe.
    struct PipeWatcher final : Watcher {
        explicit PipeWatcher(Channel& owner) : channel(owner) {}
        void ready(std::uint32_t) override { channel.receive_from_pipe(); }
        Channel& channel;
    };
    LogSubject subject() const;
    bool receive_from_pipe();
    void receive_from_socket();
    void hung_up();
    std::array<UniqueFd, 2> add_pipes();
    void send_to_socket(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors);
    void sent(ssize_t result);
    bool refuse_for_descriptors(std::span<const std::byte> packet);
    void handle_packet(std::span<const std::byte> packet, std::span<UniqueFd> descriptors);
    const char* handle_first(const wire::PacketHeader& header, wire::Bytes body);
    const char* register_process(const wire::PacketHeader& header, wire::Bytes body);
    ProcessFacts facts_of(const wire::RegisterProcess::Request& request, wire::Bytes image_path) const;
    std::vector<std::uint32_t> peer_groups() const;
    security::Token primary_token(wire::Bytes claimed, bool believed);
    const char* register_thread(const wire::PacketHeader& header, wire::Bytes body);
    void refuse_for_limit(const char* what) const;
    template <class Request>
    void answer_registration(const wire::PacketHeader& header, std::int32_t status,
                             typename Request::Reply body = {}, std::span<const UniqueFd> descriptors = {});

    ChannelTable& table_;
    Kernel& kernel_;
    UniqueFd socket_;
    const PeerCredentials peer_;
    EventLoop* loop_ = nullptr;
    std::uint64_t watch_ = 0;
    std::optional<ChannelPipes> pipes_;
    PipeWatcher pipe_watcher_{*this};
    std::uint64_t pipe_watch_ = 0;
    Ref<Process> process_;  // of the channel that stands for a process
    ThreadCharge thread_charge_;
    std::unique_ptr<Thread> thread_;
};

// All channels. Dropping one is deferred to collect(), because the one to be dropped may be at work.
class ChannelTable {
  public:
    ChannelTable(EventLoop& loop, Kernel& kernel) : loop_(loop), kernel_(kernel) {}
    ~ChannelTable();

    void add(UniqueFd socket, const PeerCredentials& peer);
    void drop(Channel& channel);
    // Ends a client that broke the rules of the protocol: all channels of its process.
    void drop_client(Channel& channel, const char* rule);
    void collect();
    // How many a Unix user has.
    std::size_t count_of(std::uint32_t user) const;
    // Somebody may connect any number of times before he says who he is.
    bool too_many_unregistered(const PeerCredentials& peer, const Limits& limits) const;
    // Its process or thread has just been registered.
    void registered(const Channel& channel) { count_unregistered(channel.peer(), -1); }
    // Whether there is nobody to serve. Keepers serve others and end with the server.
    bool idle() const;

  private:
    using Counts = std::map<std::uint64_t, std::size_t>;
    static std::size_t count_in(const Counts& counts, std::uint64_t key);
    static void change(Counts& counts, std::uint64_t key, int by);
    void count_unregistered(const PeerCredentials& peer, int by);

    EventLoop& loop_;
    Kernel& kernel_;
    std::list<std::unique_ptr<Channel>> channels_;
    std::list<Channel*> dropped_;
    Counts users_;
    Counts unregistered_of_process_;
    Counts unregistered_of_user_;
};

}  // namespace ntalpc::server
