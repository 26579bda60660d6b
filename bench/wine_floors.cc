// SPDX-License-Identifier: LGPL-2.1-or-later
// What Windows programs have under Wine to pass a message to another process: named pipes, and remote
// procedure calls over them.
#ifdef _WIN32

#include <rpc.h>
#include <rpcdcep.h>
#include <windows.h>

#include <cstring>

#include "bench/floors.h"
#include "bench/role.h"

namespace ntalpc::bench {

namespace {

std::string new_name(const char* what) {
    static int last = 0;
    return std::string("ntalpc-bench-") + what + "-" + std::to_string(process_id()) + "-" +
           std::to_string(++last);
}

// ---- Named pipes ----

std::string pipe_path(const std::string& name) {
    return "\\\\.\\pipe\\" + name;
}

void play_named_pipe(const RoleArguments& arguments) {
    constexpr DWORD size = 0x10000;
    const HANDLE pipe =
        CreateNamedPipeA(pipe_path(arguments.at(0)).c_str(), PIPE_ACCESS_DUPLEX,
                         PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, 1, size, size, 0, nullptr);
    if (pipe == INVALID_HANDLE_VALUE) fail("cannot make a named pipe");
    end_with_parent();
    tell_parent("ready");
    ConnectNamedPipe(pipe, nullptr);
    std::vector<unsigned char> message(size);
    DWORD length = 0;
    while (ReadFile(pipe, message.data(), size, &length, nullptr) &&
           WriteFile(pipe, message.data(), length, &length, nullptr))
        continue;
}

class NamedPipe final : public Contestant {
  public:
    NamedPipe(const Placement& placement, std::size_t size)
        : message_(size), name_(new_name("pipe")), child_("named-pipe", {name_}, placement.server) {
        child_.read_line();
        pipe_ = CreateFileA(pipe_path(name_).c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
                            0, nullptr);
        DWORD mode = PIPE_READMODE_MESSAGE;
        if (pipe_ == INVALID_HANDLE_VALUE || !SetNamedPipeHandleState(pipe_, &mode, nullptr, nullptr))
            fail("cannot open a named pipe");
    }
    ~NamedPipe() override { CloseHandle(pipe_); }
    void round() override {
        const auto size = static_cast<DWORD>(message_.size());
        DWORD length = 0;
        if (!WriteFile(pipe_, message_.data(), size, &length, nullptr) ||
            !ReadFile(pipe_, message_.data(), size, &length, nullptr))
            fail("a message in a named pipe was not answered");
    }

  private:
    std::vector<unsigned char> message_;
    const std::string name_;
    Child child_;
    HANDLE pipe_;
};

// ---- Remote procedure calls, without generated stubs: the buffers are bytes ----

unsigned char protocol[] = "ncalrpc";

void answer(PRPC_MESSAGE message) {
    // The answer has the size of the question, and what is in it does not matter.
    if (I_RpcGetBuffer(message) != RPC_S_OK) fail("there is no buffer for an answer");
}

RPC_DISPATCH_FUNCTION procedures[] = {answer};
RPC_DISPATCH_TABLE dispatch = {1, procedures, 0};
constexpr RPC_SYNTAX_IDENTIFIER interface_id = {
    {0x6e6c7063, 0x6265, 0x6e63, {0x68, 0x20, 0x72, 0x70, 0x63, 0x20, 0x31, 0x21}}, {1, 0}};
constexpr RPC_SYNTAX_IDENTIFIER ndr_syntax = {
    {0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
RPC_SERVER_INTERFACE server_interface = {
    sizeof(RPC_SERVER_INTERFACE), interface_id, ndr_syntax, &dispatch, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE client_interface = {
    sizeof(RPC_CLIENT_INTERFACE), interface_id, ndr_syntax, nullptr, 0, nullptr, 0, nullptr, 0};

void play_rpc(const RoleArguments& arguments) {
    std::string endpoint = arguments.at(0);
    constexpr unsigned calls = 10;
    if (RpcServerUseProtseqEpA(protocol, calls, reinterpret_cast<unsigned char*>(endpoint.data()), nullptr) !=
            RPC_S_OK ||
        RpcServerRegisterIf2(&server_interface, nullptr, nullptr, 0, calls, ~0u, nullptr) != RPC_S_OK)
        fail("cannot serve remote procedure calls");
    end_with_parent();
    if (RpcServerListen(1, calls, TRUE) != RPC_S_OK) fail("cannot listen for remote procedure calls");
    tell_parent("ready");
    RpcMgmtWaitServerListen();
}

class RemoteCall final : public Contestant {
  public:
    RemoteCall(const Placement& placement, std::size_t size)
        : data_(size), endpoint_(new_name("rpc")), child_("rpc", {endpoint_}, placement.server) {
        child_.read_line();
        RPC_CSTR text = nullptr;
        RpcStringBindingComposeA(nullptr, protocol, nullptr,
                                 reinterpret_cast<unsigned char*>(endpoint_.data()), nullptr, &text);
        if (RpcBindingFromStringBindingA(text, &binding_) != RPC_S_OK)
            fail("cannot bind for remote procedure calls");
        RpcStringFreeA(&text);
    }
    ~RemoteCall() override { RpcBindingFree(&binding_); }
    void round() override {
        RPC_MESSAGE message{};
        message.Handle = binding_;
        message.DataRepresentation = 0x10;  // little endian, ASCII, IEEE
        message.RpcInterfaceInformation = &client_interface;
        message.BufferLength = static_cast<unsigned>(data_.size());
        if (I_RpcGetBuffer(&message) != RPC_S_OK) fail("there is no buffer for a remote procedure call");
        std::memcpy(message.Buffer, data_.data(), data_.size());
        if (I_RpcSendReceive(&message) != RPC_S_OK) fail("a remote procedure call failed");
        I_RpcFreeBuffer(&message);
    }

  private:
    std::vector<unsigned char> data_;
    std::string endpoint_;
    Child child_;
    RPC_BINDING_HANDLE binding_ = nullptr;
};

const Role named_pipe_role("named-pipe", play_named_pipe);
const Role rpc_role("rpc", play_rpc);

}  // namespace

std::vector<Entrant> round_trip_floors(std::size_t size, const Placement&, bool) {
    // A message without any byte would be the end of a pipe.
    const std::size_t bytes = size == 0 ? 1 : size;
    return {{"named-pipe", [bytes](const Placement& p) { return std::make_unique<NamedPipe>(p, bytes); }},
            {"ncalrpc", [bytes](const Placement& p) { return std::make_unique<RemoteCall>(p, bytes); }}};
}

std::vector<Entrant> pipeline_floors(std::size_t) {
    return {};
}

std::vector<Entrant> stream_floors(std::size_t) {
    return {};
}

std::vector<Entrant> futex_floor() {
    return {};
}

std::vector<Entrant> spin_floor() {
    return {};
}

}  // namespace ntalpc::bench

#endif
