// SPDX-License-Identifier: LGPL-2.1-or-later
// Two processes that write what they like into the memory of a lease, between steps that are right and
// requests that make the server read it. The server must neither fail nor believe what cannot be, and nothing
// is left when both are gone.
//
// Built from: server_sources tools/fuzz/log_level.cc
// Longest input: 4096
#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz/input.h"
#include "ntalpc/lease_memory.h"
#include "ntalpc/message_path.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/fuzz_clients.h"
#include "server/kernel.h"
#include "server/live_objects.h"
#include "server/termination.h"

namespace ntalpc::server::fuzz {

namespace {

constexpr std::u16string_view kName = u"\\RPC Control\\leased";
constexpr std::size_t kMostSteps = 400;

// A process with one thread, at one end.
class Party final : public ReplySink {
  public:
    Party(Kernel& kernel, std::uint64_t id) : kernel_(kernel) {
        ProcessFacts facts;
        facts.id = id;
        facts.own_id = id;
        facts.session = 1;
        facts.image_path = "fuzzed";
        facts.path = static_cast<std::uint32_t>(MessagePath::direct);
        security::Token token;
        token.user = security::Sid(5, {21, 1, 2, 3, 1000});
        token.groups = {{security::sids::kAdministrators, security::group::kEnabled}};
        process_ = kernel.add_process(facts, token);
        thread_ = std::make_unique<Thread>(process_, id + 1, 0, *this);
        kernel.add_thread(*thread_);
    }
    ~Party() override {
        end();
        for (void* const place : mapped_) munmap(place, sizeof(lease::Region));
    }

    void send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) override {
        packet_.clear();
        for (const wire::Bytes piece : pieces) packet_.insert(packet_.end(), piece.begin(), piece.end());
        files_.clear();
        for (const UniqueFd& descriptor : descriptors)
            files_.emplace_back(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
    }
    // Nothing while the thread waits.
    template <class Type>
    std::int32_t call(typename Type::Request request, const typename Type::RequestBlobs& blobs = {},
                      typename Type::Reply* reply = nullptr) {
        if (!thread_ || thread_->outstanding()) return STATUS_PENDING;
        const auto packet = wire::encode({}, request, blobs, Type::kRequestBlobs);
        std::vector<std::byte> body;
        for (const wire::Bytes piece : std::span(packet.pieces).subspan(1))
            body.insert(body.end(), piece.begin(), piece.end());
        packet_.clear();
        const wire::PacketHeader header{.size = static_cast<std::uint32_t>(sizeof(header) + body.size()),
                                        .code = static_cast<std::uint16_t>(Type::code),
                                        .serial = ++serial_};
        require(!dispatch(kernel_, *thread_, header, body, {}), "what is well formed is answered");
        if (packet_.empty()) return STATUS_PENDING;
        return answer<Type>(reply);
    }
    template <class Type>
    std::int32_t answer(typename Type::Reply* reply) {
        wire::PacketHeader header;
        require(packet_.size() >= sizeof(header), "an answer has a header");
        std::memcpy(&header, packet_.data(), sizeof(header));
        typename Type::ReplyBlobs blobs;
        const auto body = wire::Bytes(packet_).subspan(sizeof(header));
        if (reply && !body.empty())
            require(wire::decode(body, Type::kReplyBlobs, *reply, blobs), "an answer is whole");
        return header.status;
    }
    // The memory that came first with the last answer, for as long as this party is there.
    lease::Region* map_first() {
        if (files_.empty()) return nullptr;
        void* const place =
            mmap(nullptr, sizeof(lease::Region), PROT_READ | PROT_WRITE, MAP_SHARED, files_[0].get(), 0);
        if (place == MAP_FAILED) return nullptr;
        mapped_.push_back(place);
        return static_cast<lease::Region*>(place);
    }
    void end_thread() {
        if (thread_) server::end_thread(kernel_, std::move(thread_));
    }
    void end() {
        end_thread();
        for (const std::uint64_t id : handles) {
            if (Handle* const handle = process_ ? process_->find(id) : nullptr)
                kernel_.handles.close(*handle);
        }
        handles.clear();
        if (!process_) return;
        kernel_.remove_process(*process_);
        account_ = process_->account();
        process_.reset();
    }
    bool paid_back() const {
        for (std::size_t i = 0; account_ && i < kResources; ++i) {
            const auto resource = static_cast<Resource>(i);
            if (account_->used(resource) + account_->overdraft()->used(resource) != 0) return false;
        }
        return true;
    }
    Thread* thread() const { return thread_.get(); }
    std::uint64_t process_id() const { return process_ ? process_->facts().id : 0; }

    std::vector<std::uint64_t> handles;

  private:
    Kernel& kernel_;
    Ref<Process> process_;
    Ref<QuotaAccount> account_;
    std::vector<std::byte> packet_;
    std::vector<UniqueFd> files_;
    std::vector<void*> mapped_;
    std::uint32_t serial_ = 0;
    std::unique_ptr<Thread> thread_;
};

class Leased {
  public:
    explicit Leased(Input& input)
        : input_(input),
          kernel_(sockets_, [] { return Nanoseconds{1'000'000'000'000}; }),
          server_(kernel_, 0x20),
          client_(kernel_, 0x30) {
        connect();
        take_part();
    }
    bool held() const { return client_memory_ && server_memory_; }
    bool paid_back() const { return server_.paid_back() && client_.paid_back(); }

    void run() {
        for (std::size_t steps = 0; steps < kMostSteps && !input_.empty(); ++steps) step(input_.number());
        server_.end();
        client_.end();
    }

  private:
    static wire::PortMessage message(std::size_t size, std::uint32_t id = 0) {
        wire::PortMessage header;
        header.data_length = static_cast<std::uint16_t>(size);
        header.total_length = static_cast<std::uint16_t>(sizeof(PORT_MESSAGE) + size);
        header.message_id = id;
        return header;
    }
    static wire::Bytes bytes_of(std::u16string_view text) { return std::as_bytes(std::span(text)); }

    void connect() {
        wire::CreatePort::Request create;
        create.port.given = 1;
        create.port.max_message_length = 0xFFFF;
        wire::CreatePort::Reply created;
        server_.call<wire::CreatePort>(create, {.name = bytes_of(kName), .security_descriptor = {}},
                                       &created);
        listener_ = created.handle;
        server_.handles.push_back(listener_);
        wire::ConnectPort::Request asking;
        asking.flags = ALPC_MSGFLG_SYNC_REQUEST;
        asking.timeout = -1;
        asking.port = create.port;
        asking.has_message = 1;
        asking.message = message(0);
        asking.reply_capacity = 0x100;
        client_.call<wire::ConnectPort>(
            asking, {.name = bytes_of(kName), .data = {}, .required_sid = {}, .server_requirements = {}});
        wire::SendWaitReceive::Reply request;
        receive(server_, listener_, &request);
        wire::AcceptPort::Request accepting;
        accepting.handle = listener_;
        accepting.accept = 1;
        accepting.message = message(0, request.message.message_id);
        wire::AcceptPort::Reply accepted;
        server_.call<wire::AcceptPort>(accepting, {.data = {}}, &accepted);
        server_.handles.push_back(accepted.handle);
        wire::ConnectPort::Reply connected;
        client_.answer<wire::ConnectPort>(&connected);
        client_port_ = connected.handle;
        client_.handles.push_back(client_port_);
    }
    std::int32_t receive(Party& party, std::uint64_t port, wire::SendWaitReceive::Reply* reply) {
        wire::SendWaitReceive::Request request;
        request.handle = port;
        request.has_receive = 1;
        request.receive_capacity = input_.number() % 2 ? 0x100 : 0xFFFF;
        request.receive_attributes.allocated = ALPC_MESSAGE_ATTRIBUTE_ALL;
        return party.call<wire::SendWaitReceive>(request, {}, reply);
    }
    void send(Party& party, std::uint64_t port, std::uint32_t id, std::uint32_t flags) {
        wire::SendWaitReceive::Request request;
        request.handle = port;
        request.has_send = 1;
        request.flags = flags;
        request.message = message(0, id);
        party.call<wire::SendWaitReceive>(request);
    }
    // A message through the server brings the offer.
    void take_part() {
        send(client_, client_port_, 0, ALPC_MSGFLG_RELEASE_MESSAGE);
        wire::SendWaitReceive::Reply received;
        receive(server_, listener_, &received);
        if (received.lease == 0 || received.lease == kLookAtLeases) return;
        number_ = received.lease - 1;
        wire::TakeLease::Reply facts;
        if (server_.call<wire::TakeLease>({.lease = number_}, {}, &facts) != STATUS_SUCCESS) return;
        server_memory_ = server_.map_first();
        if (client_.call<wire::TakeLease>({.lease = number_}, {}, &facts) != STATUS_SUCCESS) return;
        client_memory_ = client_.map_first();
    }

    auto steps() { return lease::Steps(lease::MappedWords(client_memory_, server_memory_)); }
    std::uint32_t slot() { return input_.number() % lease::kSlots; }
    lease::Region& region() { return input_.number() % 2 ? *client_memory_ : *server_memory_; }
    std::uint64_t value() {
        constexpr std::uint64_t interesting[] = {
            0, 1, 2, 63, 64, 65, lease::kNumbers, lease::kTakenBack, lease::kNowhere, ~std::uint64_t{0}};
        const std::size_t which = input_.one_of(std::size(interesting) + 1);
        return which < std::size(interesting) ? interesting[which] : input_.number<std::uint64_t>();
    }
    void describe(lease::Region& to, std::uint32_t slot, Party& sender) {
        lease::Envelope& envelope = to.slots[slot].envelope;
        constexpr std::uint16_t types[] = {LPC_REQUEST, LPC_DATAGRAM, LPC_REPLY, 0, LPC_PORT_CLOSED};
        envelope = {};
        envelope.serial = 1;
        envelope.type = types[input_.one_of(std::size(types))];
        envelope.data_length = input_.number<std::uint16_t>();
        envelope.total_length = static_cast<std::uint16_t>(envelope.data_length + sizeof(PORT_MESSAGE));
        if (input_.number() % 4 == 0) envelope.total_length = input_.number<std::uint16_t>();
        envelope.awaited = input_.number() % 2;
        envelope.thread_id =
            sender.thread() && input_.number() % 8 != 0 ? sender.thread()->id() : input_.number();
    }
    void send_leased() {
        const std::uint32_t at = slot();
        std::uint32_t number = 0;
        if (!steps().begin(at, input_.number() % 4, &number)) return;
        describe(*client_memory_, at, client_);
        if (input_.number() % 8 != 0) steps().publish(at, number);
    }
    void answer_leased() {
        const std::uint32_t at = slot();
        describe(*server_memory_, at, server_);
        if (steps().answer(at, input_.number() % 4) && input_.number() % 2) steps().queue(at);
    }
    std::uint32_t id() { return lease::message_id(number_, slot(), input_.number() % 4); }
    void resume() {
        wire::SendWaitReceive::Request request;
        request.handle = input_.number() % 4 ? client_port_ : listener_;
        request.flags = ALPC_MSGFLG_SYNC_REQUEST;
        request.has_receive = 1;
        request.receive_capacity = 0xFFFF;
        request.resumed = id();
        client_.call<wire::SendWaitReceive>(request);
    }
    void ask_about_thread() {
        wire::QueryThread::Request request;
        request.process_id = client_.process_id();
        request.thread_id = client_.thread() ? client_.thread()->id() : 0;
        server_.call<wire::QueryThread>(request);
    }

    // What the processes do by themselves.
    void step_in_memory(std::uint8_t what) {
        switch (what) {
            case 0:
                return send_leased();
            case 1:
                return answer_leased();
            case 2: {
                const auto look = steps().look_for_message();
                if (look.found == lease::Found::message) steps().take(look.number);
                return;
            }
            case 3: {
                const std::uint32_t at = slot();
                steps().finish(at, input_.number() % 4, input_.number());
                return;
            }
            case 4: {
                auto* const words = reinterpret_cast<std::atomic<std::uint64_t>*>(&region());
                words[input_.number<std::uint16_t>() % (lease::kPage / sizeof(*words))].store(value());
                return;
            }
            default: {
                lease::Slot& at = region().slots[slot()];
                const auto garbage = input_.take(input_.number() % sizeof(at.envelope));
                std::memcpy(&at.envelope, garbage.data(), garbage.size());
            }
        }
    }
    void step(std::uint8_t what) {
        wire::SendWaitReceive::Reply reply;
        switch (what % 24) {
            case 16:
                client_.call<wire::ReleaseLeases>({.handle = client_port_});
                return;
            case 17:
                receive(server_, listener_, &reply);
                return;
            case 18:
                receive(client_, client_port_, &reply);
                return;
            case 19:
                return resume();
            case 20:
                return ask_about_thread();
            case 21:
                return send(server_, listener_, id(), ALPC_MSGFLG_RELEASE_MESSAGE);
            case 22:
                return take_part();
            case 23:
                return end_somebody(input_.number());
            default:
                if (held()) step_in_memory(what % 6);
        }
    }
    void end_somebody(std::uint8_t who) {
        if (who % 16 == 0) client_.end_thread();
        if (who % 16 == 1) client_.end();
        if (who % 16 == 2) server_.end();
    }

    Input& input_;
    ReusedSockets sockets_;
    Kernel kernel_;
    Party server_, client_;
    std::uint64_t listener_ = 0, client_port_ = 0;
    std::uint32_t number_ = 0;
    lease::Region* client_memory_ = nullptr;
    lease::Region* server_memory_ = nullptr;
};

void fuzz_one(Input& input) {
    const auto before = live_objects();
    {
        Leased leased(input);
        require(leased.held(), "two processes that want one get a lease");
        leased.run();
        require(leased.paid_back(), "what is charged is given back");
    }
    require(live_objects() == before, "nothing is left");
}

}  // namespace

}  // namespace ntalpc::server::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ntalpc::fuzz::Input input(data, size);
    ntalpc::server::fuzz::fuzz_one(input);
    return 0;
}
