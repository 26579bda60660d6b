// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/closures.h"

#include <ffi.h>

#include <algorithm>
#include <cstring>
#include <deque>

namespace ntalpc::relay {

namespace {

struct Closure {
    const RelayCall* call;
    void* function;
    Notify notify;
    ffi_cif types;
    ffi_type* arguments[kMaxArguments];
};

ffi_type* argument_type(std::uint8_t size) {
    return size == 1 ? &ffi_type_uint8 : size == 4 ? &ffi_type_uint32 : &ffi_type_uint64;
}

ffi_type* result_type(const RelayCall& call) {
    return call.result_size == 0 ? &ffi_type_void : argument_type(call.result_size);
}

// Arguments of this convention lie above the return address, the first four in the home area that every
// caller provides, and libffi hands out these very places.
const void* return_address(void** arguments) {
    return static_cast<void**>(arguments[0])[-1];
}

void run(ffi_cif* types, void* result, void** arguments, void* context) {
    const Closure& closure = *static_cast<const Closure*>(context);
    CallRecord record;
    record.call = closure.call;
    record.caller = return_address(arguments);
    for (std::size_t i = 0; i < closure.call->arguments.size(); ++i)
        std::memcpy(&record.values[i], arguments[i], closure.call->arguments[i].size);
    closure.notify(&record);
    ffi_call(types, FFI_FN(closure.function), result, arguments);
    if (!record.shown) return;
    std::memcpy(&record.result, result, closure.call->result_size);
    record.ended = true;
    closure.notify(&record);
}

}  // namespace

void* make_closure(const RelayCall& call, void* function, Notify notify) {
    // Kept in sight of those who look for leaks: what refers to them is not.
    static auto& all = *new std::deque<Closure>;
    Closure* const closure = &all.emplace_back(Closure{&call, function, notify, {}, {}});
    // One at least, for the return address.
    const std::size_t count = std::max<std::size_t>(call.arguments.size(), 1);
    closure->arguments[0] = &ffi_type_uint64;
    for (std::size_t i = 0; i < call.arguments.size(); ++i)
        closure->arguments[i] = argument_type(call.arguments[i].size);
    void* code = nullptr;
    auto* const made = static_cast<ffi_closure*>(ffi_closure_alloc(sizeof(ffi_closure), &code));
    if (made &&
        ffi_prep_cif(&closure->types, FFI_WIN64, static_cast<unsigned>(count), result_type(call),
                     closure->arguments) == FFI_OK &&
        ffi_prep_closure_loc(made, &closure->types, run, closure, code) == FFI_OK) {
        return code;
    }
    if (made) ffi_closure_free(made);
    all.pop_back();
    return nullptr;
}

}  // namespace ntalpc::relay
