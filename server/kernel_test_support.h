// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests: the emulated kernel in this process, without sockets, and client threads played by the
// test.
//
// A test calls the server as a client does, with encoded requests through dispatch(), and looks at the
// recorded answers. When it ends, every object it made must be gone.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/kernel.h"
#include "server/live_objects.h"
#include "server/port.h"
#include "server/termination.h"

namespace ntalpc::server {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr std::uint32_t kSync = ALPC_MSGFLG_SYNC_REQUEST;
constexpr std::uint32_t kRelease = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr std::uint32_t kHeader = sizeof(PORT_MESSAGE);

using wire::bytes_of;

// Capabilities that are only numbers. `fail` makes the next ones fail as if descriptors had run out.
class FakeCapabilities final : public CapabilityMaker {
  public:
    std::int32_t make(Handle& handle, UniqueFd*) override {
        if (fail) return STATUS_INSUFFICIENT_RESOURCES;
        handle.peer_cookie = ++last_cookie_;
        ++made;
        return STATUS_SUCCESS;
    }
    void unmake(Handle&) override { ++unmade; }

    bool fail = false;
    int made = 0, unmade = 0;

  private:
    std::uint64_t last_cookie_ = 0;
};

// What the server said to one request.
template <class Type>
struct Answer {
    std::int32_t status = 0;
    bool has_body = false;
    typename Type::Reply body;
    std::vector<std::byte> blob;  // all variable data
    std::size_t descriptors = 0;
    std::vector<UniqueFd> files;  // duplicates of the descriptors, where there are any

    std::string text() const { return {reinterpret_cast<const char*>(blob.data()), blob.size()}; }
};

// A thread of a client process.
class FakeThread final : public ReplySink {
  public:
    FakeThread(Kernel& kernel, Ref<Process> process, std::uint64_t id)
        : kernel_(kernel), thread_(std::make_unique<Thread>(std::move(process), id, 0, *this)) {
        kernel_.add_thread(*thread_);
    }

    ~FakeThread() override {
        if (thread_) kill();
    }

    void send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) override {
        Recorded recorded;
        for (const wire::Bytes piece : pieces)
            recorded.packet.insert(recorded.packet.end(), piece.begin(), piece.end());
        recorded.descriptors = descriptors.size();
        for (const UniqueFd& descriptor : descriptors)
            recorded.files.emplace_back(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
        wire::PacketHeader header;
        std::memcpy(&header, recorded.packet.data(), sizeof(header));
        if (header.code == static_cast<std::uint16_t>(wire::Code::serve_views)) {
            view_orders_.push_back(std::move(recorded));
            return;
        }
        if (!descriptors.empty()) note_descriptor(header, recorded.packet, descriptors[0]);
        answers_.push_back(std::move(recorded));
    }

    Thread& thread() { return *thread_; }
    Process& process() { return thread_->process(); }
    // The end of the thread, as when its channel hangs up.
    void kill() { end_thread(kernel_, std::move(thread_)); }

    const char* send_packet(std::uint16_t code, wire::Bytes body, std::span<UniqueFd> descriptors = {}) {
        const wire::PacketHeader header{.size = static_cast<std::uint32_t>(sizeof(header) + body.size()),
                                        .code = code,
                                        .serial = ++serial_};
        return dispatch(kernel_, *thread_, header, body, descriptors);
    }
    // Sends a request that may have to wait.
    template <class Type>
    void start(typename Type::Request request, const typename Type::RequestBlobs& blobs = {}) {
        const std::vector<std::byte> body = encode<Type>(request, blobs);
        EXPECT_EQ(send_packet(static_cast<std::uint16_t>(Type::code), body), nullptr);
    }
    template <class Type>
    static std::vector<std::byte> encode(typename Type::Request request,
                                         const typename Type::RequestBlobs& blobs = {}) {
        const auto packet = wire::encode({}, request, blobs, Type::kRequestBlobs);
        std::vector<std::byte> body;
        for (const wire::Bytes piece : std::span(packet.pieces).subspan(1))
            body.insert(body.end(), piece.begin(), piece.end());
        return body;
    }

    bool waiting() const { return thread_->wait() != nullptr; }
    std::size_t answers() const { return answers_.size(); }
    void forget_answers() {
        answers_.clear();
        view_orders_.clear();
    }
    // Handles that came with answers: those whose descriptors the client has.
    const std::vector<std::uint64_t>& handles() const { return handles_; }
    // What came with the last answer that has a descriptor and no body.
    UniqueFd& socket() { return socket_; }
    // The oldest answer not taken yet.
    template <class Type>
    Answer<Type> take() {
        Answer<Type> answer;
        if (answers_.empty()) {
            ADD_FAILURE() << "there is no answer to " << Type::name;
            return answer;
        }
        Recorded recorded = std::move(answers_.front());
        answers_.erase(answers_.begin());
        decode(recorded, &answer);
        return answer;
    }
    // What the server has ordered about views, one packet after another, neither carried out nor confirmed.
    std::size_t view_orders() const { return view_orders_.size(); }
    Answer<wire::ServeViews> take_view_orders() {
        Answer<wire::ServeViews> order;
        if (view_orders_.empty()) {
            ADD_FAILURE() << "nothing was ordered";
            return order;
        }
        Recorded recorded = std::move(view_orders_.front());
        view_orders_.erase(view_orders_.begin());
        wire::ServeViews::ReplyBlobs blobs;
        const auto body = wire::Bytes(recorded.packet).subspan(sizeof(wire::PacketHeader));
        EXPECT_TRUE(wire::decode(body, wire::ServeViews::kReplyBlobs, order.body, blobs));
        order.blob.assign(blobs.unmapped.begin(), blobs.unmapped.end());
        order.files = std::move(recorded.files);
        return order;
    }
    void confirm(const Answer<wire::ServeViews>& order) {
        wire::ServeViews::Request done;
        done.unmapped_serial = order.body.unmapped_serial;
        done.restored_serial = order.body.restored_serial;
        start<wire::ServeViews>(done);
    }
    // Sends a request and takes its answer, which must be there at once.
    template <class Type>
    Answer<Type> call(typename Type::Request request, const typename Type::RequestBlobs& blobs = {}) {
        start<Type>(request, blobs);
        return take<Type>();
    }

  private:
    struct Recorded {
        std::vector<std::byte> packet;
        std::size_t descriptors = 0;
        std::vector<UniqueFd> files;
    };
    // Every answer with a descriptor begins with the number of its handle, if there is anything in it, unless
    // the descriptor is memory.
    void note_descriptor(const wire::PacketHeader& header, const std::vector<std::byte>& packet,
                         const UniqueFd& descriptor) {
        for (const auto code :
             {wire::Code::create_view, wire::Code::secure_view, wire::Code::send_wait_receive,
              wire::Code::take_lease, wire::Code::watch_port}) {
            if (header.code == static_cast<std::uint16_t>(code)) return;
        }
        std::uint64_t handle = 0;
        if (packet.size() == sizeof(wire::PacketHeader)) {
            socket_.reset(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
            return;
        }
        ASSERT_GE(packet.size(), sizeof(wire::PacketHeader) + sizeof(handle));
        std::memcpy(&handle, packet.data() + sizeof(wire::PacketHeader), sizeof(handle));
        handles_.push_back(handle);
    }
    template <class Type>
    void decode(Recorded& recorded, Answer<Type>* answer) {
        wire::PacketHeader header;
        ASSERT_GE(recorded.packet.size(), sizeof(header));
        std::memcpy(&header, recorded.packet.data(), sizeof(header));
        EXPECT_EQ(header.size, recorded.packet.size());
        EXPECT_EQ(header.code, static_cast<std::uint16_t>(Type::code));
        EXPECT_EQ(header.serial, serial_);
        answer->status = header.status;
        answer->descriptors = recorded.descriptors;
        answer->files = std::move(recorded.files);
        const wire::Bytes body = wire::Bytes(recorded.packet).subspan(sizeof(header));
        if (body.empty()) return;
        answer->has_body = true;
        typename Type::ReplyBlobs blobs;
        EXPECT_TRUE(wire::decode(body, Type::kReplyBlobs, answer->body, blobs));
        if constexpr (requires { blobs.released; })
            answer->blob.assign(blobs.released.begin(), blobs.released.end());
        if constexpr (requires { blobs.closed; })
            answer->blob.assign(blobs.closed.begin(), blobs.closed.end());
        if constexpr (requires { blobs.data; }) answer->blob.assign(blobs.data.begin(), blobs.data.end());
        if constexpr (requires { blobs.notes; }) answer->blob.assign(blobs.notes.begin(), blobs.notes.end());
    }

    Kernel& kernel_;
    std::vector<Recorded> answers_;
    std::vector<Recorded> view_orders_;
    std::vector<std::uint64_t> handles_;
    UniqueFd socket_;
    std::uint32_t serial_ = 0;
    std::unique_ptr<Thread> thread_;  // last: its end may still answer
};

// How a test sends a message.
struct Sending {
    std::uint32_t flags = kRelease;
    std::uint32_t reply_to = 0;  // message id
    std::uint32_t callback_id = 0;
    std::uint64_t context = 0;  // MessageContext, when not 0
    bool receive = false;
    std::uint32_t capacity = 0x1000;
    Nanoseconds timeout = kForever;
};

using ConnectAnswer = Answer<wire::ConnectPort>;
using MessageAnswer = Answer<wire::SendWaitReceive>;

// A kernel with a clock that the test sets.
class KernelTest : public testing::Test {
  protected:
    explicit KernelTest(const QuotaLimits& limits = {}, const QuotaLimits& of_user = {})
        : baseline_(live_objects()) {
        time_ = 1000 * kSecond;
        kernel_ = std::make_unique<Kernel>(
            capabilities_, [] { return time_; }, Limits{limits, of_user});
    }
    void TearDown() override {
        threads_.clear();
        processes_.clear();
        kernel_.reset();
        EXPECT_EQ(live_objects(), baseline_) << kLiveObjectNames;
        EXPECT_EQ(capabilities_.made, capabilities_.unmade);
    }

    Kernel& kernel() { return *kernel_; }
    // A thread of a new process, or another one of the same.
    FakeThread& new_process(ProcessFacts facts = {}) {
        facts.id = 0x20 + 0x10 * processes_.size();
        facts.creation_time = 0x1122334455667788;
        facts.session = 1;
        facts.image_path = "test";
        security::Token token;
        token.user = security::Sid(5, {21, 0, 0, 0, static_cast<std::uint32_t>(facts.id)});
        token.groups = {{security::sids::kAdministrators, security::group::kEnabled}};
        token.token_id = facts.id + 1;
        processes_.push_back(kernel_->add_process(std::move(facts), std::move(token)));
        return add_thread(processes_.back());
    }
    FakeThread& new_thread(FakeThread& sibling) { return add_thread(Ref<Process>(&sibling.process())); }
    // All threads of a process and what only it holds.
    void kill_process(FakeThread& victim) {
        Process* const process = &victim.process();
        std::erase_if(threads_, [&](auto& thread) { return &thread->process() == process; });
        kernel_->remove_process(*process);
        std::erase_if(processes_, [&](auto& known) { return known.get() == process; });
    }

    void pass(Nanoseconds time) {
        time_ += time;
        kernel_->expire();
    }
    // What the hang-up of the last descriptor does.
    void close(FakeThread& owner, std::uint64_t handle) {
        Handle* const found = owner.process().find(handle);
        ASSERT_NE(found, nullptr);
        kernel_->handles.close(*found);
    }

    // ---- Requests, with the arguments that most tests leave at their defaults ----
    static wire::PortMessage message(std::size_t data, std::uint32_t id = 0) {
        wire::PortMessage header;
        header.data_length = static_cast<std::uint16_t>(data);
        header.total_length = static_cast<std::uint16_t>(kHeader + data);
        header.message_id = id;
        return header;
    }
    std::uint64_t create(FakeThread& owner, std::u16string_view name, std::uint64_t max_length = 0x1000) {
        const auto answer = try_create(owner, name, max_length);
        EXPECT_EQ(answer.status, STATUS_SUCCESS);
        return answer.body.handle;
    }
    Answer<wire::CreatePort> try_create(FakeThread& owner, std::u16string_view name,
                                        std::uint64_t max_length = 0x1000, std::uint32_t attributes = 0) {
        wire::CreatePort::Request request;
        request.attributes = attributes;
        request.port.given = 1;
        request.port.max_message_length = max_length;
        return owner.call<wire::CreatePort>(request, {.name = bytes_of(name), .security_descriptor = {}});
    }
    void start_connect(FakeThread& client, std::u16string_view name, std::uint32_t flags,
                       std::string_view data = {}, Nanoseconds timeout = kForever,
                       std::uint32_t capacity = 0x1000) {
        wire::ConnectPort::Request request;
        request.flags = flags;
        request.timeout = timeout;
        request.port.given = 1;
        request.port.max_message_length = 0x1000;
        request.has_message = 1;
        request.reply_capacity = capacity;
        request.message = message(data.size());
        client.start<wire::ConnectPort>(
            request,
            {.name = bytes_of(name), .data = bytes_of(data), .required_sid = {}, .server_requirements = {}});
    }
    Answer<wire::AcceptPort> answer_connect(FakeThread& server, std::uint64_t listener, std::uint32_t id,
                                            bool accept, std::string_view data = {},
                                            std::uint64_t context = 0) {
        wire::AcceptPort::Request request;
        request.handle = listener;
        request.accept = accept;
        request.port_context = context;
        request.message = message(data.size(), id);
        return server.call<wire::AcceptPort>(request, {.data = bytes_of(data)});
    }
    static wire::SendWaitReceive::Request sending(std::uint64_t port, std::size_t size, const Sending& how) {
        wire::SendWaitReceive::Request request;
        request.handle = port;
        request.flags = how.flags;
        request.has_send = 1;
        request.has_receive = how.receive || (how.flags & kSync) != 0;
        request.receive_capacity = request.has_receive ? how.capacity : 0;
        request.receive_attributes.allocated = ALPC_MESSAGE_ATTRIBUTE_ALL;
        request.timeout = how.timeout;
        request.message = message(size, how.reply_to);
        request.message.callback_id = how.callback_id;
        if (how.context != 0) {
            request.send_attributes.valid = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
            request.send_attributes.message_context = how.context;
        }
        return request;
    }
    void start_send(FakeThread& sender, std::uint64_t port, std::string_view data, const Sending& how) {
        sender.start<wire::SendWaitReceive>(sending(port, data.size(), how), {.data = bytes_of(data)});
    }
    MessageAnswer send(FakeThread& sender, std::uint64_t port, std::string_view data,
                       const Sending& how = {}) {
        start_send(sender, port, data, how);
        return sender.take<wire::SendWaitReceive>();
    }
    void start_receive(FakeThread& receiver, std::uint64_t port, Nanoseconds timeout = kForever,
                       std::uint32_t capacity = 0x1000) {
        wire::SendWaitReceive::Request request;
        request.handle = port;
        request.timeout = timeout;
        request.has_receive = 1;
        request.receive_capacity = capacity;
        request.receive_attributes.allocated = ALPC_MESSAGE_ATTRIBUTE_ALL;
        receiver.start<wire::SendWaitReceive>(request);
    }
    // What is there now; STATUS_TIMEOUT when nothing is.
    MessageAnswer receive(FakeThread& receiver, std::uint64_t port, std::uint32_t capacity = 0x1000) {
        start_receive(receiver, port, 0, capacity);
        return receiver.take<wire::SendWaitReceive>();
    }
    static std::uint32_t kind(const MessageAnswer& answer) { return answer.body.message.type & 0xFF; }

    // ---- A connection between two processes ----
    struct Pair {
        FakeThread* server = nullptr;
        FakeThread* client = nullptr;
        std::uint64_t listener = 0, server_port = 0, client_port = 0;
    };
    Pair connected_pair(std::u16string_view name = u"\\RPC Control\\pair", std::uint64_t context = 0,
                        const ProcessFacts& client = {}) {
        Pair pair{.server = &new_process(), .client = &new_process(client)};
        pair.listener = create(*pair.server, name);
        start_connect(*pair.client, name, kSync);
        const auto request = receive(*pair.server, pair.listener);
        EXPECT_EQ(kind(request), unsigned{LPC_CONNECTION_REQUEST});
        const auto accepted =
            answer_connect(*pair.server, pair.listener, request.body.message.message_id, true, {}, context);
        EXPECT_EQ(accepted.status, STATUS_SUCCESS);
        pair.server_port = accepted.body.handle;
        const auto connected = pair.client->take<wire::ConnectPort>();
        EXPECT_EQ(connected.status, STATUS_SUCCESS);
        pair.client_port = connected.body.handle;
        return pair;
    }

    FakeCapabilities capabilities_;

  private:
    FakeThread& add_thread(Ref<Process> process) {
        const std::uint64_t id = process->facts().id + 1 + threads_.size();
        threads_.push_back(std::make_unique<FakeThread>(*kernel_, std::move(process), id));
        return *threads_.back();
    }

    static inline Nanoseconds time_ = 0;
    const decltype(live_objects()) baseline_;
    std::unique_ptr<Kernel> kernel_;
    std::vector<Ref<Process>> processes_;
    std::vector<std::unique_ptr<FakeThread>> threads_;
};

}  // namespace ntalpc::server
