// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/server_process.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "core/host.h"
#include "core/immortal.h"
#include "core/leases.h"
#include "core/packet_socket.h"
#include "generated/protocol.h"
#include "ntalpc/server_location.h"
#include "ntalpc/status.h"

extern char** environ;

namespace ntalpc::core {

namespace {

// A server that is ending may take our connection and not answer it; then the next one is asked. More than a
// few of these in a row mean that something else is wrong.
constexpr int kAttempts = 8;

NTSTATUS fail(const std::string& what) {
    host::log(host::LogLevel::error, what.c_str());
    return STATUS_INSUFFICIENT_RESOURCES;
}

// Where a server binary may be, best first. The last is left to PATH.
std::vector<std::string> server_binaries() {
    std::vector<std::string> result;
    if (const char* const given = std::getenv("NTALPC_SERVER_BINARY"); given && *given) return {given};
    if (const std::string hint = host::server_binary_hint(); !hint.empty())
        result.push_back(hint + "/alpcserver");
    result.emplace_back(NTALPC_LIBDIR "/alpcserver");
    result.emplace_back("alpcserver");
    return result;
}

bool spawn(const std::string& binary, const std::string& directory, pid_t* child) {
    const std::string option = "--directory=" + directory;
    char* const arguments[] = {const_cast<char*>("alpcserver"), const_cast<char*>(option.c_str()), nullptr};
    return posix_spawnp(child, binary.c_str(), nullptr, nullptr, arguments, environ) == 0;
}

// Starts a server and waits until it can be connected to, or has found another one running.
NTSTATUS start_server(const std::string& directory) {
    if (!system_directory_from_environment().empty()) {
        return fail("no alpcserver for all users runs in " + directory +
                    "; start it with systemctl start ntalpc, or unset NTALPC_SYSTEM");
    }
    if (const std::string wrong = make_server_directory(directory); !wrong.empty()) return fail(wrong);
    std::string tried;
    for (const std::string& binary : server_binaries()) {
        pid_t child;
        if (!spawn(binary, directory, &child)) {
            tried += " " + binary;
            continue;
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        constexpr int already_running = 2;
        if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == already_running))
            return STATUS_SUCCESS;
        return fail(binary + " could not start; run it with -f to see why");
    }
    return fail("cannot start alpcserver; set NTALPC_SERVER_BINARY to its path. Tried:" + tried);
}

// The process-wide registration. The mutex is held only while the process registers, never while a call
// waits.
struct State {
    std::mutex mutex;
    UniqueFd anchor;
    Registration registration;
    host::TokenStamp token;
};

State& state() {
    static Immortal<State> instance;
    return *instance;
}

// A server that has gone has hung up the anchor.
bool server_alive(int anchor) {
    std::byte unused;
    return recv(anchor, &unused, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EINTR);
}

wire::RegisterProcess::Request make_request(const host::ProcessFacts& facts) {
    wire::RegisterProcess::Request request;
    request.protocol_hash = wire::kProtocolHash;
    request.session_id = facts.session_id;
    request.process_id = facts.process_id;
    request.creation_time = facts.creation_time;
    request.world = facts.world;
    request.path = static_cast<std::uint32_t>(chosen_path());
    return request;
}

// STATUS_RETRY: the server went away before it answered.
NTSTATUS register_on(int socket, Registration* registration, host::TokenStamp* token) {
    using wire::RegisterProcess;
    const host::ProcessFacts facts = host::process_facts();
    RegisterProcess::Request request = make_request(facts);
    *token = facts.token_stamp;
    const RegisterProcess::RequestBlobs blobs{.token = facts.token,
                                              .image_path = std::as_bytes(std::span(facts.image_path))};
    auto packet = wire::encode({.code = static_cast<std::uint16_t>(RegisterProcess::code)}, request, blobs,
                               RegisterProcess::kRequestBlobs);
    packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
    std::array<std::byte, 256> buffer;
    if (send_packet(socket, packet.pieces, -1) < 0) return STATUS_RETRY;
    const ssize_t size = receive_packet(socket, buffer, {});
    wire::PacketHeader header;
    if (size < static_cast<ssize_t>(sizeof(header))) return STATUS_RETRY;
    std::memcpy(&header, buffer.data(), sizeof(header));
    if (header.status == STATUS_REVISION_MISMATCH) {
        fail("the running alpcserver is of another version than this library; stop it with alpcserver -k");
        return STATUS_REVISION_MISMATCH;
    }
    RegisterProcess::Reply reply;
    RegisterProcess::ReplyBlobs reply_blobs;
    const wire::Bytes body =
        wire::Bytes(buffer).subspan(sizeof(header), static_cast<std::size_t>(size) - sizeof(header));
    if (!wire::decode(body, RegisterProcess::kReplyBlobs, reply, reply_blobs)) return STATUS_RETRY;
    registration->cookie_low = reply.cookie_low;
    registration->cookie_high = reply.cookie_high;
    return header.status;
}

}  // namespace

NTSTATUS connect_to_server(UniqueFd* result) {
    const std::string directory = server_directory(host::prefix_path());
    const std::string path = directory + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
        return fail(path + " is too long for a socket; set XDG_RUNTIME_DIR to a shorter path");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        if (!socket) return fail(std::string("cannot make a socket: ") + std::strerror(errno));
        int connected;
        while ((connected = connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                                    sizeof(address))) != 0 &&
               errno == EINTR)
            continue;
        if (connected == 0) {
            *result = std::move(socket);
            return STATUS_SUCCESS;
        }
        if (errno != ENOENT && errno != ECONNREFUSED)
            return fail("cannot connect to " + path + ": " + std::strerror(errno));
        if (const NTSTATUS status = start_server(directory); status != STATUS_SUCCESS) return status;
    }
    return fail("alpcserver starts but cannot be connected to at " + path);
}

NTSTATUS register_process(Registration* registration) {
    State& mine = state();
    const std::lock_guard lock(mine.mutex);
    if (mine.anchor && server_alive(mine.anchor.get())) {
        *registration = mine.registration;
        return STATUS_SUCCESS;
    }
    mine.anchor.reset();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        UniqueFd socket;
        if (const NTSTATUS status = connect_to_server(&socket); status != STATUS_SUCCESS) return status;
        const NTSTATUS status = register_on(socket.get(), &mine.registration, &mine.token);
        if (status == STATUS_RETRY) continue;
        if (status != STATUS_SUCCESS) return status;
        ++mine.registration.generation;
        mine.anchor = std::move(socket);
        *registration = mine.registration;
        return STATUS_SUCCESS;
    }
    return fail("alpcserver hangs up on this process; see the log beside its socket");
}

bool server_is_there() {
    State& mine = state();
    const std::lock_guard lock(mine.mutex);
    return mine.anchor && server_alive(mine.anchor.get());
}

host::TokenStamp registered_token() {
    State& mine = state();
    const std::lock_guard lock(mine.mutex);
    return mine.token;
}

void forget_registration() {
    // The parent's lock may have been held by a thread that does not exist here.
    State& mine = state();
    new (&mine.mutex) std::mutex;
    mine.anchor.reset();
}

}  // namespace ntalpc::core
