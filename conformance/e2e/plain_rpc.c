// SPDX-License-Identifier: LGPL-2.1-or-later
// Remote procedure calls by ncalrpc between two processes, without generated stubs: the buffers are bytes.
// Linked with rpcrt4.
#include "plain.h"

#include <rpc.h>
#include <rpcdcep.h>

static unsigned char protocol[] = "ncalrpc", endpoint[] = "ntalpc plain rpc";

enum { procedure_upper, procedure_reverse, procedure_fail, procedure_count };

// ---- Server ----

static void answer_upper(PRPC_MESSAGE message) {
    char* text = malloc(message->BufferLength);
    const unsigned length = message->BufferLength;
    for (unsigned i = 0; i < length; ++i) {
        const char letter = ((char*)message->Buffer)[i];
        text[i] = letter >= 'a' && letter <= 'z' ? letter - 32 : letter;
    }
    if (I_RpcGetBuffer(message) == RPC_S_OK) memcpy(message->Buffer, text, length);
    free(text);
}

static void answer_reverse(PRPC_MESSAGE message) {
    char* text = malloc(message->BufferLength);
    const unsigned length = message->BufferLength;
    for (unsigned i = 0; i < length; ++i) text[i] = ((char*)message->Buffer)[length - 1 - i];
    if (I_RpcGetBuffer(message) == RPC_S_OK) memcpy(message->Buffer, text, length);
    free(text);
}

static void answer_fail(PRPC_MESSAGE message) {
    (void)message;
    RpcRaiseException(4321);
}

static RPC_DISPATCH_FUNCTION procedures[procedure_count] = {answer_upper, answer_reverse, answer_fail};
static RPC_DISPATCH_TABLE dispatch = {procedure_count, procedures, 0};

#define INTERFACE_ID                                                                      \
    {                                                                                     \
        {0x6e6c7063, 0x706c, 0x6169, {0x6e, 0x20, 0x72, 0x70, 0x63, 0x20, 0x31, 0x21}}, { \
            1, 0                                                                          \
        }                                                                                 \
    }
#define NDR_SYNTAX                                                                        \
    {                                                                                     \
        {0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, { \
            2, 0                                                                          \
        }                                                                                 \
    }

static RPC_SERVER_INTERFACE server_interface = {
    sizeof(RPC_SERVER_INTERFACE), INTERFACE_ID, NDR_SYNTAX, &dispatch, 0, NULL, NULL, NULL, 0};
static RPC_CLIENT_INTERFACE client_interface = {
    sizeof(RPC_CLIENT_INTERFACE), INTERFACE_ID, NDR_SYNTAX, NULL, 0, NULL, 0, NULL, 0};

static int run_server(void) {
    PROCESS_INFORMATION process;
    say("use the protocol: %ld\n", RpcServerUseProtseqEpA(protocol, 10, endpoint, NULL));
    say("register: %ld\n", RpcServerRegisterIf2(&server_interface, NULL, NULL, 0, 10, (unsigned)-1, NULL));
    say("listen: %ld\n", RpcServerListen(1, 10, TRUE));
    if (check("start", start_self("client", TRUE, NULL, NULL, NULL, &process)))
        say("the client ends with %lu\n", end_of(&process));
    say("stop: %ld\n", RpcMgmtStopServerListening(NULL));
    say("wait for the last call: %ld\n", RpcMgmtWaitServerListen());
    say("unregister: %ld\n", RpcServerUnregisterIf(&server_interface, NULL, TRUE));
    return 0;
}

// ---- Client ----

static RPC_BINDING_HANDLE bind_to(unsigned char* where) {
    RPC_CSTR text = NULL;
    RPC_BINDING_HANDLE binding = NULL;
    RpcStringBindingComposeA(NULL, protocol, NULL, where, NULL, &text);
    say("bind to %s: %ld\n", text, RpcBindingFromStringBindingA(text, &binding));
    RpcStringFreeA(&text);
    return binding;
}

// The status; the answer is in the message.
static RPC_STATUS call(RPC_BINDING_HANDLE binding, unsigned procedure, const char* data, unsigned length,
                       RPC_MESSAGE* message) {
    RPC_STATUS status;
    memset(message, 0, sizeof(*message));
    message->Handle = binding;
    message->DataRepresentation = 0x10;  // little endian, ASCII, IEEE
    message->ProcNum = procedure;
    message->RpcInterfaceInformation = &client_interface;
    message->BufferLength = length;
    status = I_RpcGetBuffer(message);
    if (status != RPC_S_OK) return status;
    memcpy(message->Buffer, data, length);
    return I_RpcSendReceive(message);
}

static void show_call(RPC_BINDING_HANDLE binding, unsigned procedure, const char* text) {
    RPC_MESSAGE message;
    const RPC_STATUS status = call(binding, procedure, text, (unsigned)strlen(text), &message);
    say("call %u: %ld", procedure, status);
    if (status == RPC_S_OK) {
        say(" \"%.*s\"", (int)message.BufferLength, (char*)message.Buffer);
        I_RpcFreeBuffer(&message);
    }
    say("\n");
}

static void show_large_call(RPC_BINDING_HANDLE binding, unsigned length) {
    RPC_MESSAGE message;
    char* data = calloc(length, 1);
    unsigned wrong = 0;
    for (unsigned i = 0; i < length; ++i) data[i] = (char)(i * 7 + i / 251);
    const RPC_STATUS status = call(binding, procedure_reverse, data, length, &message);
    say("call with %u bytes: %ld", length, status);
    if (status == RPC_S_OK) {
        for (unsigned i = 0; i < length; ++i) wrong += ((char*)message.Buffer)[i] != data[length - 1 - i];
        say(", %u bytes back, %u wrong", message.BufferLength, wrong);
        I_RpcFreeBuffer(&message);
    }
    say("\n");
    free(data);
}

static DWORD WINAPI call_often(void* binding) {
    DWORD good = 0;
    for (int i = 0; i < 50; ++i) {
        RPC_MESSAGE message;
        if (call(binding, procedure_upper, "often", 5, &message) != RPC_S_OK) continue;
        good += message.BufferLength == 5 && !memcmp(message.Buffer, "OFTEN", 5);
        I_RpcFreeBuffer(&message);
    }
    return good;
}

static void call_from_threads(RPC_BINDING_HANDLE binding) {
    HANDLE threads[4];
    for (int i = 0; i < 4; ++i) threads[i] = CreateThread(NULL, 0, call_often, binding, 0, NULL);
    say("four threads: %s\n", wait_result(WaitForMultipleObjects(4, threads, TRUE, PATIENCE)));
    for (int i = 0; i < 4; ++i) {
        DWORD good = 999;
        GetExitCodeThread(threads[i], &good);
        say("    %lu good answers\n", good);
    }
}

static int run_client(void) {
    unsigned char nowhere[] = "ntalpc nobody is here";
    RPC_BINDING_HANDLE binding = bind_to(endpoint);
    show_call(binding, procedure_upper, "hello");
    show_call(binding, procedure_reverse, "hello");
    show_call(binding, procedure_fail, "hello");
    show_call(binding, procedure_upper, "again");
    show_large_call(binding, 1000);
    show_large_call(binding, 300000);
    call_from_threads(binding);
    say("free: %ld\n", RpcBindingFree(&binding));
    binding = bind_to(nowhere);
    show_call(binding, procedure_upper, "hello");
    return 3;
}

int main(int argc, char** argv) {
    begin(argc > 1 ? argv[1] : "server");
    return argc > 1 ? run_client() : run_server();
}
