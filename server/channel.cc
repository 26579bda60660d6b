// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/channel.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/log.h"
#include "server/memory_reserve.h"
#include "server/termination.h"
#include "server/trace_points.h"
#include "server/unix_token.h"

namespace ntalpc::server {

namespace {

constexpr std::size_t kMaxImagePath = 3 * 0x8000;  // the longest Windows path in UTF-8
constexpr std::size_t kControlSize = CMSG_SPACE(wire::kMaxDescriptors * sizeof(int));
// They are descriptors too: the channels beyond these do without.
constexpr std::size_t kMostWithPipes = 1024;

// What a packet is received into, one at a time: reading never allocates.
std::array<std::byte, wire::kMaxPacket> packet_buffer;

// Moves received descriptors into owners. Returns how many there were.
std::size_t take_descriptors(msghdr& message, std::span<UniqueFd> owners) {
    std::size_t count = 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t size = part->cmsg_len - CMSG_LEN(0);
        for (std::size_t i = 0; i < size / sizeof(int); ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            UniqueFd owner(fd);
            if (count < owners.size()) owners[count++] = std::move(owner);
        }
    }
    return count;
}

}  // namespace

Channel::Channel(ChannelTable& table, Kernel& kernel, UniqueFd socket, const PeerCredentials& peer)
    : table_(table), kernel_(kernel), socket_(std::move(socket)), peer_(peer) {}

Channel::~Channel() {
    const LogAbout about(subject());
    if (loop_) loop_->remove(watch_, socket_.get());
    if (pipes_) loop_->remove(pipe_watch_, pipes_->requests());
    if (thread_) end_thread(kernel_, std::move(thread_));
    if (!process_) return;
    log(LogLevel::connections, "process %04llx (%s) is gone",
        static_cast<unsigned long long>(process_->facts().id), process_->facts().image_path.c_str());
    NTALPC_TRACE(process_ended(process_->facts()));
    kernel_.remove_process(*process_);
}

bool Channel::watch(EventLoop& loop) {
    watch_ = loop.add(socket_.get(), EPOLLIN | EPOLLRDHUP, *this);
    if (watch_ == 0) return false;
    loop_ = &loop;
    return true;
}

const Process* Channel::process() const {
    return thread_ ? &thread_->process() : process_.get();
}

LogSubject Channel::subject() const {
    return {peer_.user, peer_.process};
}

void Channel::ready(std::uint32_t) {
    const LogAbout about(subject());
    if (pipes_) return hung_up();
    receive_from_socket();
}

// What the client had still to say comes first, but no more than the pipe can hold.
void Channel::hung_up() {
    for (int i = 0; i < ChannelPipes::kSlots && receive_from_pipe(); ++i) continue;
    table_.drop(*this);
}

// False when there is nothing more.
bool Channel::receive_from_pipe() {
    const LogAbout about(subject());
    const ssize_t size = pipes_->receive(packet_buffer);
    if (size < 0) return false;
    if (size == 0) {
        table_.drop(*this);
        return false;
    }
    const auto packet = std::span(packet_buffer).first(static_cast<std::size_t>(size));
    wire::PacketHeader header;
    if (packet.size() == sizeof(header)) {
        std::memcpy(&header, packet.data(), sizeof(header));
        if (header.code == wire::kOnSocket) {
            receive_from_socket();
            return true;
        }
    }
    handle_packet(packet, {});
    return true;
}

void Channel::receive_from_socket() {
    auto& buffer = packet_buffer;
    alignas(cmsghdr) std::array<char, kControlSize> control;
    iovec place{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && pipes_ && errno == EAGAIN)
        return table_.drop_client(*this, "a reference to a packet that is not there");
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return table_.drop(*this);  // hung up
    std::array<UniqueFd, wire::kMaxDescriptors> descriptors;
    const std::size_t count = take_descriptors(message, descriptors);
    if (message.msg_flags & MSG_TRUNC) return table_.drop_client(*this, "a packet larger than any request");
    if (message.msg_flags & MSG_CTRUNC) {
        if (count == 0 && refuse_for_descriptors(std::span(buffer).first(static_cast<std::size_t>(size))))
            return;
        return table_.drop_client(*this, "more descriptors than any request has");
    }
    handle_packet(std::span(buffer).first(static_cast<std::size_t>(size)),
                  std::span(descriptors).first(count));
}

// We have no descriptor left to receive into, which is not the client's fault.
bool Channel::refuse_for_descriptors(std::span<const std::byte> packet) {
    wire::PacketHeader header;
    if (!thread_ || thread_->outstanding() || packet.size() < sizeof(header)) return false;
    std::memcpy(&header, packet.data(), sizeof(header));
    log(LogLevel::always, "out of descriptors: a request is refused; raise the limit on open files");
    thread_->begin_request(header.code, header.serial);
    thread_->reply(STATUS_INSUFFICIENT_RESOURCES);
    return true;
}

void Channel::handle_packet(std::span<const std::byte> packet, std::span<UniqueFd> descriptors) {
    wire::PacketHeader header;
    if (packet.size() < sizeof(header)) return table_.drop_client(*this, "a packet without a header");
    std::memcpy(&header, packet.data(), sizeof(header));
    if (header.size != packet.size())
        return table_.drop_client(*this, "a packet whose size is not its length");
    const wire::Bytes body = packet.subspan(sizeof(header));
    const char* const broken =
        thread_ ? dispatch(kernel_, *thread_, header, body, descriptors) : handle_first(header, body);
    if (broken) table_.drop_client(*this, broken);
}

const char* Channel::handle_first(const wire::PacketHeader& header, wire::Bytes body) {
    if (process_) return "a request on the channel that stands for the process";
    switch (static_cast<wire::Code>(header.code)) {
        case wire::Code::register_process:
            return register_process(header, body);
        case wire::Code::register_thread:
            return register_thread(header, body);
        default:
            return "a request before registration";
    }
}

void Channel::refuse_for_limit(const char* what) const {
    log(LogLevel::connections, "process %u of user %u hits a limit: no further %s is registered",
        peer_.process, peer_.user, what);
}

template <class Request>
void Channel::answer_registration(const wire::PacketHeader& header, std::int32_t status,
                                  typename Request::Reply body, std::span<const UniqueFd> descriptors) {
    wire::PacketHeader answer = header;
    answer.status = status;
    auto packet = wire::encode(answer, body, typename Request::ReplyBlobs{}, Request::kReplyBlobs);
    packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
    send_to_socket(packet.pieces, descriptors);
}

const char* Channel::register_process(const wire::PacketHeader& header, wire::Bytes body) {
    using wire::RegisterProcess;
    // A client of another version may lay out even this packet differently; the hash comes first in all of
    // them.
    std::uint32_t hash = 0;
    if (body.size() >= sizeof(hash)) std::memcpy(&hash, body.data(), sizeof(hash));
    if (hash != wire::kProtocolHash) {
        log(LogLevel::always,
            "process %u speaks protocol %08x, this server %08x: refused; stop the server (alpcserver -k) "
            "after an update",
            peer_.process, hash, wire::kProtocolHash);
        answer_registration<RegisterProcess>(header, STATUS_REVISION_MISMATCH);
        return nullptr;
    }
    if (memory_is_short()) {
        answer_registration<RegisterProcess>(header, STATUS_NO_MEMORY);
        return nullptr;
    }
    RegisterProcess::Request request;
    RegisterProcess::RequestBlobs blobs;
    if (!wire::decode(body, RegisterProcess::kRequestBlobs, request, blobs))
        return "a body whose sizes do not add up";
    if (blobs.image_path.size() > kMaxImagePath) return "an image path longer than any";
    ProcessFacts facts = facts_of(request, blobs.image_path);
    security::Token token = primary_token(blobs.token, facts.believed);
    process_ =
        kernel_.add_process(std::move(facts), std::move(token), blobs.token.size() + blobs.image_path.size());
    if (!process_) {
        refuse_for_limit("process");
        answer_registration<RegisterProcess>(header, STATUS_QUOTA_EXCEEDED);
        return nullptr;
    }
    table_.registered(*this);
    log(LogLevel::connections, "process %04llx is %s, Unix process %u",
        static_cast<unsigned long long>(process_->facts().id), process_->facts().image_path.c_str(),
        peer_.process);
    NTALPC_TRACE(process_started(process_->facts()));
    RegisterProcess::Reply reply;
    reply.cookie_low = process_->cookie().low;
    reply.cookie_high = process_->cookie().high;
    answer_registration<RegisterProcess>(header, STATUS_SUCCESS, reply);
    return nullptr;
}

// What a process of another user says is not believed where it could be mistaken for somebody else: it goes
// by the id that Linux gives it, in the one session that such processes are in, and no world has people of
// two Unix users.
ProcessFacts Channel::facts_of(const wire::RegisterProcess::Request& request, wire::Bytes image_path) const {
    constexpr std::uint32_t session_of_users = 1;
    ProcessFacts facts;
    facts.believed = peer_.user == geteuid();
    facts.id = facts.believed ? request.process_id : peer_.process;
    facts.own_id = request.process_id;
    facts.session = facts.believed ? request.session_id : session_of_users;
    facts.creation_time = request.creation_time;
    facts.image_path = printable({reinterpret_cast<const char*>(image_path.data()), image_path.size()});
    const auto folded = static_cast<std::uint32_t>(request.world ^ request.world >> 32);
    facts.world = request.world == 0 ? 0 : std::uint64_t{peer_.user} << 32 | folded | 1;
    facts.unix_process = peer_.process;
    facts.unix_user = peer_.user;
    facts.path = request.path;
    return facts;
}

// The groups of the other end when it connected. A process may have more than Linux allows a listing of, but
// then it has not got them from any login.
std::vector<std::uint32_t> Channel::peer_groups() const {
    std::vector<std::uint32_t> groups(1 + 65536);
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
    groups[0] = peer.gid;
    size = static_cast<socklen_t>((groups.size() - 1) * sizeof(groups[0]));
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERGROUPS, &groups[1], &size) != 0) size = 0;
    groups.resize(1 + size / sizeof(groups[0]));
    return groups;
}

security::Token Channel::primary_token(wire::Bytes claimed, bool believed) {
    if (believed && !claimed.empty()) {
        if (auto token = security::decode(claimed)) return *std::move(token);
        log(LogLevel::always, "process %u brings a token that is none; it gets that of its Unix user",
            peer_.process);
    }
    return token_of_unix_user({peer_.user, peer_groups()}, believed, kernel_.next_luid());
}

const char* Channel::register_thread(const wire::PacketHeader& header, wire::Bytes body) {
    using wire::RegisterThread;
    RegisterThread::Request request;
    RegisterThread::RequestBlobs blobs;
    if (!wire::decode(body, RegisterThread::kRequestBlobs, request, blobs))
        return "a body whose sizes do not add up";
    if (request.protocol_hash != wire::kProtocolHash)
        return "a thread of another protocol version than its process";
    if (memory_is_short()) {
        answer_registration<RegisterThread>(header, STATUS_NO_MEMORY);
        return nullptr;
    }
    Process* const process = kernel_.find_process({request.cookie_low, request.cookie_high});
    if (!process || process->facts().unix_process != peer_.process ||
        process->facts().unix_user != peer_.user) {
        return "a thread that does not belong to a registered process";
    }
    if (!thread_charge_.charge(process->account())) {
        refuse_for_limit("thread");
        answer_registration<RegisterThread>(header, STATUS_QUOTA_EXCEEDED);
        return nullptr;
    }
    table_.registered(*this);
    thread_ =
        std::make_unique<Thread>(Ref<Process>(process), request.thread_id, request.creation_time, *this);
    kernel_.add_thread(*thread_);
    std::array<UniqueFd, 2> client_ends;
    // Another user could not open its end anew, as clients do.
    if (request.wants_pipes && peer_.user == geteuid() && table_.count_of(peer_.user) <= kMostWithPipes)
        client_ends = add_pipes();
    RegisterThread::Reply reply;
    reply.has_pipes = pipes_.has_value();
    answer_registration<RegisterThread>(header, STATUS_SUCCESS, reply,
                                        std::span(client_ends).first(pipes_ ? 2 : 0));
    return nullptr;
}

// From now on the socket is read when the pipe says so, and otherwise watched for its end only.
std::array<UniqueFd, 2> Channel::add_pipes() {
    std::array<UniqueFd, 2> client_ends;
    auto made = ChannelPipes::make(&client_ends);
    if (!made) return {};
    pipe_watch_ = loop_->add(made->requests(), EPOLLIN, pipe_watcher_);
    if (pipe_watch_ == 0) return {};
    if (!loop_->change(watch_, socket_.get(), EPOLLRDHUP)) {
        loop_->remove(pipe_watch_, made->requests());
        return {};
    }
    pipes_ = std::move(made);
    return client_ends;
}

void Channel::send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) {
    if (!pipes_) return send_to_socket(pieces, descriptors);
    std::size_t size = 0;
    for (const wire::Bytes piece : pieces) size += piece.size();
    if (descriptors.empty() && size <= wire::kMaxPiped) return sent(pipes_->send(pieces, size));
    send_to_socket(pieces, descriptors);
    sent(pipes_->refer_to_socket());
}

void Channel::send_to_socket(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) {
    std::array<iovec, 8> places;
    std::size_t used = 0;
    for (const wire::Bytes piece : pieces) {
        if (!piece.empty()) places[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    }
    alignas(cmsghdr) std::array<char, kControlSize> control{};
    msghdr message{};
    message.msg_iov = places.data();
    message.msg_iovlen = used;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            const int fd = descriptors[i].get();
            std::memcpy(CMSG_DATA(part) + i * sizeof(int), &fd, sizeof(fd));
        }
    }
    sent(sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

// A client that is gone is dropped when its hang-up is seen. One that lives has room for its single answer.
void Channel::sent(ssize_t result) {
    if (result >= 0) return;
    if (errno == EPIPE || errno == ECONNRESET) return;
    const std::string reason = std::string("an answer it could not be sent: ") + std::strerror(errno);
    table_.drop_client(*this, reason.c_str());
}

}  // namespace ntalpc::server
