// SPDX-License-Identifier: LGPL-2.1-or-later
// A COM server in a process of its own (CLSCTX_LOCAL_SERVER), found through the registry and started by COM.
// Linked with ole32 and advapi32.
#define COBJMACROS
#define INITGUID
#include "plain.h"

#include <objidl.h>

DEFINE_GUID(CLSID_Plain, 0x6e6c7063, 0x706c, 0x6169, 0x6e, 0x20, 0x63, 0x6f, 0x6d, 0x20, 0x31, 0x21);
static const char* const class_key = "CLSID\\{6E6C7063-706C-6169-6E20-636F6D203121}";
static const char* const ended_event = "Local\\ntalpc plain com server has ended";

// ---- Server: objects that know their class ----

static LONG objects;
static HANDLE no_object_left;

typedef struct Plain {
    IPersist persist;
    LONG references;
} Plain;

static HRESULT STDMETHODCALLTYPE plain_query(IPersist* self, REFIID id, void** result) {
    *result = NULL;
    if (!IsEqualIID(id, &IID_IUnknown) && !IsEqualIID(id, &IID_IPersist)) return E_NOINTERFACE;
    IPersist_AddRef(self);
    *result = self;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE plain_add(IPersist* self) {
    return (ULONG)InterlockedIncrement(&((Plain*)self)->references);
}

static ULONG STDMETHODCALLTYPE plain_release(IPersist* self) {
    const LONG left = InterlockedDecrement(&((Plain*)self)->references);
    if (left == 0) {
        free(self);
        if (InterlockedDecrement(&objects) == 0) SetEvent(no_object_left);
    }
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE plain_class(IPersist* self, CLSID* id) {
    (void)self;
    *id = CLSID_Plain;
    return S_OK;
}

static IPersistVtbl plain_methods = {plain_query, plain_add, plain_release, plain_class};

static HRESULT STDMETHODCALLTYPE factory_query(IClassFactory* self, REFIID id, void** result) {
    *result = NULL;
    if (!IsEqualIID(id, &IID_IUnknown) && !IsEqualIID(id, &IID_IClassFactory)) return E_NOINTERFACE;
    *result = self;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE factory_count(IClassFactory* self) {
    (void)self;
    return 1;
}

static HRESULT STDMETHODCALLTYPE factory_create(IClassFactory* self, IUnknown* outer, REFIID id,
                                                void** result) {
    Plain* plain;
    HRESULT answer;
    (void)self;
    if (outer) return CLASS_E_NOAGGREGATION;
    plain = malloc(sizeof(*plain));
    plain->persist.lpVtbl = &plain_methods;
    plain->references = 1;
    InterlockedIncrement(&objects);
    answer = plain_query(&plain->persist, id, result);
    plain_release(&plain->persist);
    return answer;
}

static HRESULT STDMETHODCALLTYPE factory_lock(IClassFactory* self, BOOL lock) {
    (void)self;
    (void)lock;
    return S_OK;
}

static IClassFactoryVtbl factory_methods = {factory_query, factory_count, factory_count, factory_create,
                                            factory_lock};
static IClassFactory factory = {&factory_methods};

static int run_server(void) {
    DWORD cookie;
    HANDLE ended = OpenEventA(EVENT_MODIFY_STATE, FALSE, ended_event);
    no_object_left = CreateEventA(NULL, TRUE, FALSE, NULL);
    CoInitializeEx(NULL, COINIT_MULTITHREADED);
    CoRegisterClassObject(&CLSID_Plain, (IUnknown*)&factory, CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE,
                          &cookie);
    WaitForSingleObject(no_object_left, PATIENCE);
    CoRevokeClassObject(cookie);
    CoUninitialize();
    SetEvent(ended);
    return 0;
}

// ---- Client ----

static BOOL register_class(void) {
    char program[MAX_PATH], command[MAX_PATH + 20];
    HKEY key;
    LONG error;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" -Embedding", program);
    char server_key[200];
    snprintf(server_key, sizeof(server_key), "%s\\LocalServer32", class_key);
    error = RegCreateKeyExA(HKEY_CLASSES_ROOT, server_key, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    if (!error) error = RegSetValueExA(key, NULL, 0, REG_SZ, (BYTE*)command, (DWORD)strlen(command) + 1);
    RegCloseKey(key);
    say("register: %ld\n", error);
    return !error;
}

static void unregister_class(void) {
    char server_key[200];
    snprintf(server_key, sizeof(server_key), "%s\\LocalServer32", class_key);
    say("unregister: %ld, ", RegDeleteKeyA(HKEY_CLASSES_ROOT, server_key));
    say("%ld\n", RegDeleteKeyA(HKEY_CLASSES_ROOT, class_key));
}

static void use(IPersist* persist) {
    CLSID id;
    IStream* stream = NULL;
    memset(&id, 0, sizeof(id));
    say("GetClassID: %08lx\n", IPersist_GetClassID(persist, &id));
    say("    the class: %d\n", IsEqualCLSID(&id, &CLSID_Plain));
    say("an interface that it has not: %08lx\n",
        IPersist_QueryInterface(persist, &IID_IStream, (void**)&stream));
}

static int run_client(void) {
    IPersist *first = NULL, *second = NULL;
    HANDLE ended = CreateEventA(NULL, TRUE, FALSE, ended_event);
    if (!register_class()) return 1;
    say("initialize: %08lx\n", CoInitializeEx(NULL, COINIT_MULTITHREADED));
    say("create: %08lx\n",
        CoCreateInstance(&CLSID_Plain, NULL, CLSCTX_LOCAL_SERVER, &IID_IPersist, (void**)&first));
    say("create another: %08lx\n",
        CoCreateInstance(&CLSID_Plain, NULL, CLSCTX_LOCAL_SERVER, &IID_IPersist, (void**)&second));
    if (first) use(first);
    if (first) IPersist_Release(first);
    if (second) use(second);
    if (second) IPersist_Release(second);
    say("the server ends: %s\n", wait_result(WaitForSingleObject(ended, PATIENCE)));
    CoUninitialize();
    unregister_class();
    return 0;
}

int main(int argc, char** argv) {
    begin(argc > 1 ? argv[1] : "client");
    return argc > 1 ? run_server() : run_client();
}
