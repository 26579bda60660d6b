// SPDX-License-Identifier: LGPL-2.1-or-later
// Two processes, one of which acts as the other. The server starts its client, whose thread acts with a token
// in which the administrators' group only denies. Whom the server is shows in its thread's token, and in what
// it may open: an event and a port that only administrators may have. In the middle the server asks back, and
// the client acts as the server, which acts as the client.
#include <stdlib.h>

#include "conformance/samples/demo.h"

#define PATIENCE 20
#define LISTENER L"\\RPC Control\\ntalpc-impersonation"
#define CLOSED L"\\RPC Control\\ntalpc-administrators"
#define EVENT_NAME "ntalpc-administrators"

#define CALLS(X)                     \
    X(NtAlpcCreatePort)              \
    X(NtAlpcConnectPort)             \
    X(NtAlpcAcceptConnectPort)       \
    X(NtAlpcSendWaitReceivePort)     \
    X(NtAlpcImpersonateClientOfPort) \
    X(NtAlpcImpersonateClientContainerOfPort)
#define X(name) static __typeof__(&name) name##_;
CALLS(X)
#undef X

static const char* who;
static int checks, failures;
static HANDLE listener, closed, server, client;

static void check(int right, const char* what) {
    ++checks;
    if (right) return;
    ++failures;
    say(who, "FAILED: %s", what);
}

static void check_status(NTSTATUS expected, NTSTATUS status, const char* what) {
    check(status == expected, what);
    if (status != expected)
        say(who, "  %08lx instead of %08lx", (unsigned long)status, (unsigned long)expected);
}

static int look_up_calls(void) {
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
#define X(name) (*(FARPROC*)& name##_ = GetProcAddress(ntdll, #name)) != NULL&&
    return CALLS(X) 1;
#undef X
}

static UNICODE_STRING string_of(const WCHAR* text) {
    UNICODE_STRING string;
    string.Length = (USHORT)(wcslen(text) * sizeof(WCHAR));
    string.MaximumLength = string.Length;
    string.Buffer = (WCHAR*)text;
    return string;
}

static ALPC_PORT_ATTRIBUTES impersonable(void) {
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    attributes.Flags = ALPC_PORFLG_ALLOW_IMPERSONATION;
    attributes.SecurityQos.Length = sizeof(attributes.SecurityQos);
    attributes.SecurityQos.ImpersonationLevel = SecurityImpersonation;
    attributes.SecurityQos.ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
    return attributes;
}

// ---- Who one is ----

static void* administrators(void) {
    static char sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    return CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) ? sid : NULL;
}

// Only administrators may do anything. Without an owner of its own the object would belong to the user, who
// may read its descriptor, no more.
static SECURITY_DESCRIPTOR* for_administrators(void) {
    static SECURITY_DESCRIPTOR descriptor;
    static char list[200];
    InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    InitializeAcl((ACL*)list, sizeof(list), ACL_REVISION);
    AddAccessAllowedAce((ACL*)list, ACL_REVISION, GENERIC_ALL, administrators());
    SetSecurityDescriptorDacl(&descriptor, TRUE, (ACL*)list, FALSE);
    return &descriptor;
}

// What the thread's own token makes of the administrators' group: 1 allows, 0 does not, -1 there is no token.
static int token_of_thread(void) {
    HANDLE token;
    BOOL member = FALSE;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) return -1;
    if (!CheckTokenMembership(token, administrators(), &member)) member = -2;
    CloseHandle(token);
    return member;
}

static int may_open_event(void) {
    const HANDLE event = OpenEventA(EVENT_MODIFY_STATE, FALSE, EVENT_NAME);
    if (event) CloseHandle(event);
    return event != NULL;
}

// Without waiting for an answer, which nobody would give.
static NTSTATUS connect_to_closed(void) {
    UNICODE_STRING name = string_of(CLOSED);
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    HANDLE port;
    const NTSTATUS status =
        NtAlpcConnectPort_(&port, &name, NULL, &attributes, 0, NULL, NULL, NULL, NULL, NULL, NULL);
    if (status == STATUS_SUCCESS) NtClose(port);
    return status;
}

static void check_is_administrator(const char* when) {
    check(token_of_thread() == -1, when);
    check(may_open_event(), when);
    check_status(STATUS_SUCCESS, connect_to_closed(), when);
}

static void check_is_restricted(const char* when) {
    check(token_of_thread() == 0, when);
    check(!may_open_event(), when);
    check_status(STATUS_ACCESS_DENIED, connect_to_closed(), when);
}

static void act_restricted(void) {
    SID_AND_ATTRIBUTES denying = {administrators(), 0};
    HANDLE own, restricted, acted;
    check(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) &&
              CreateRestrictedToken(own, 0, 1, &denying, 0, NULL, 0, NULL, &restricted) &&
              DuplicateToken(restricted, SecurityImpersonation, &acted) && SetThreadToken(NULL, acted),
          "a token in which the administrators only deny");
}

// ---- The conversation ----

// Sends and waits for the next step of the same message, or, with nothing to send, for any message.
static NTSTATUS exchange_with(HANDLE port, struct demo_message* sent, ALPC_MESSAGE_ATTRIBUTES* attributes,
                              struct demo_message* received) {
    SIZE_T length = sizeof(*received);
    LARGE_INTEGER limit = seconds(PATIENCE);
    return NtAlpcSendWaitReceivePort_(port, sent ? ALPC_MSGFLG_SYNC_REQUEST : 0, sent ? &sent->header : NULL,
                                      attributes, &received->header, &length, NULL, &limit);
}

static NTSTATUS exchange(HANDLE port, struct demo_message* sent, struct demo_message* received) {
    return exchange_with(port, sent, NULL, received);
}

// A server lets itself be impersonated message by message.
static NTSTATUS exchange_as_oneself(HANDLE port, struct demo_message* sent, struct demo_message* received) {
    SECURITY_QUALITY_OF_SERVICE quality = impersonable().SecurityQos;
    struct {
        ALPC_MESSAGE_ATTRIBUTES header;
        ALPC_SECURITY_ATTR security;
    } attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.header.AllocatedAttributes = attributes.header.ValidAttributes =
        ALPC_MESSAGE_SECURITY_ATTRIBUTE;
    attributes.security.QoS = &quality;
    attributes.security.ContextHandle = (ALPC_HANDLE)(LONG_PTR)-2;
    return exchange_with(port, sent, &attributes.header, received);
}

static void next_step(struct demo_message* message, const struct demo_message* received, const char* text) {
    *message = *received;
    message->header.u2.ZeroInit = 0;
    set_text(message, text);
}

static int is_text(const struct demo_message* message, const char* text) {
    return text_length(message) == (int)strlen(text) && memcmp(message->data, text, strlen(text)) == 0;
}

static void run_client(void) {
    UNICODE_STRING name = string_of(LISTENER);
    ALPC_PORT_ATTRIBUTES attributes = impersonable();
    LARGE_INTEGER limit = seconds(PATIENCE);
    struct demo_message sent, received;
    check_is_administrator("before it restricts itself");
    act_restricted();
    check_is_restricted("after that");
    check_status(STATUS_SUCCESS,
                 NtAlpcConnectPort_(&client, &name, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, NULL,
                                    NULL, NULL, NULL, &limit),
                 "connect");
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, "act as me");
    check_status(STATUS_SUCCESS, exchange(client, &sent, &received), "the request");
    check(is_text(&received, "who am I"), "the server asks back");
    RevertToSelf();
    check_is_administrator("before it acts as the server");
    check_status(STATUS_SUCCESS, NtAlpcImpersonateClientOfPort_(client, &received.header, 0),
                 "acting as the server in the callback");
    check_is_restricted("as the server that acts as its client");
    RevertToSelf();
    next_step(&sent, &received, "you are me");
    check_status(STATUS_SUCCESS, exchange(client, &sent, &received), "the answer to the callback");
    check(is_text(&received, "done"), "the final answer");
    NtClose(client);
}

static void accept_client(void) {
    ALPC_PORT_ATTRIBUTES attributes = impersonable();
    struct demo_message request;
    check_status(STATUS_SUCCESS, exchange(listener, NULL, &request), "the connection request");
    check_status(
        STATUS_SUCCESS,
        NtAlpcAcceptConnectPort_(&server, listener, 0, NULL, &attributes, NULL, &request.header, NULL, TRUE),
        "accept");
}

static void act_as_client(struct demo_message* request) {
    struct demo_message question, answer;
    check_is_administrator("before it acts as its client");
    check_status(STATUS_SUCCESS, NtAlpcImpersonateClientContainerOfPort_(server, &request->header, 0),
                 "acting in the container of the client");
    check_is_administrator("in the container of the client, which has none");
    check_status(STATUS_SUCCESS, NtAlpcImpersonateClientOfPort_(server, &request->header, 0),
                 "acting as the client");
    check_is_restricted("as the client");
    next_step(&question, request, "who am I");
    check_status(STATUS_SUCCESS, exchange_as_oneself(server, &question, &answer), "the callback");
    check(is_text(&answer, "you are me"), "the answer to the callback");
    check_is_restricted("still, after the callback");
    RevertToSelf();
    check_is_administrator("after it has reverted");
    *request = answer;
}

static void run_server(void) {
    struct demo_message request, reply;
    accept_client();
    check_status(STATUS_SUCCESS, exchange(listener, NULL, &request), "the request");
    act_as_client(&request);
    next_step(&reply, &request, "done");
    check_status(STATUS_SUCCESS,
                 NtAlpcSendWaitReceivePort_(server, ALPC_MSGFLG_RELEASE_MESSAGE, &reply.header, NULL, NULL,
                                            NULL, NULL, NULL),
                 "the final answer");
}

static void create_objects(void) {
    UNICODE_STRING open_name = string_of(LISTENER), closed_name = string_of(CLOSED);
    OBJECT_ATTRIBUTES open_port, closed_port;
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    SECURITY_ATTRIBUTES security = {sizeof(security), for_administrators(), FALSE};
    SECURITY_DESCRIPTOR everybody;
    InitializeSecurityDescriptor(&everybody, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&everybody, TRUE, NULL, FALSE);
    InitializeObjectAttributes(&open_port, &open_name, 0, NULL, &everybody);
    InitializeObjectAttributes(&closed_port, &closed_name, 0, NULL, security.lpSecurityDescriptor);
    check_status(STATUS_SUCCESS, NtAlpcCreatePort_(&listener, &open_port, &attributes), "the server's port");
    check_status(STATUS_SUCCESS, NtAlpcCreatePort_(&closed, &closed_port, &attributes),
                 "the administrators' port");
    check(CreateEventA(&security, TRUE, FALSE, EVENT_NAME) != NULL, "the administrators' event");
}

static void start_client(PROCESS_INFORMATION* made) {
    char program[MAX_PATH], command[MAX_PATH + 16];
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" client", program);
    check(CreateProcessA(program, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, made),
          "starting the client");
}

int main(int count, char** arguments) {
    PROCESS_INFORMATION started;
    DWORD code = 1;
    (void)arguments;
    who = count > 1 ? "client" : "server";
    if (!look_up_calls()) {
        say(who, "the calls are missing");
        return 1;
    }
    if (count > 1) {
        run_client();
    } else {
        create_objects();
        start_client(&started);
        run_server();
        WaitForSingleObject(started.hProcess, PATIENCE * 1000);
        GetExitCodeProcess(started.hProcess, &code);
        check(code == 0, "the client");
    }
    say(who, "%d checks, %d failures", checks, failures);
    return failures != 0;
}
