// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/unwind_frames.h"

#include <dlfcn.h>
#include <ffi.h>
#include <sys/mman.h>
#include <unwind.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace ntalpc::relay {

namespace {

using Address = std::uintptr_t;

// What the trial found. A frame of a closure is as large as the way from the stack pointer to the return
// address; that of a call keeps its own frame in rbp.
struct Frames {
    Address closure_code = 0, closure_stack = 0, closure_return_slot = 0;
    Address call_code = 0;
};

// ---- The trial: a closure whose call calls a function by libffi, too ----

_Unwind_Reason_Code note_last(_Unwind_Context* context, void* frames) {
    // The first frame that the unwinder knows nothing of is the last that it tells of.
    auto* const found = static_cast<Frames*>(frames);
    found->closure_code = _Unwind_GetIP(context);
    found->closure_stack = _Unwind_GetCFA(context);
    return _URC_NO_REASON;
}

__attribute__((ms_abi, noinline)) std::uint64_t called(Frames* frames) {
    frames->call_code = reinterpret_cast<Address>(__builtin_return_address(0));
    return 0;
}

void in_closure(ffi_cif* types, void* result, void** arguments, void*) {
    Frames* frames;
    std::memcpy(&frames, arguments[0], sizeof(frames));
    frames->closure_return_slot = reinterpret_cast<Address>(arguments[0]) - sizeof(void*);
    _Unwind_Backtrace(note_last, frames);
    ffi_call(types, FFI_FN(called), result, arguments);
}

bool try_out(Frames* frames) {
    ffi_cif types;
    ffi_type* argument = &ffi_type_pointer;
    void* code = nullptr;
    auto* const closure = static_cast<ffi_closure*>(ffi_closure_alloc(sizeof(ffi_closure), &code));
    const bool made = closure && ffi_prep_cif(&types, FFI_WIN64, 1, &ffi_type_uint64, &argument) == FFI_OK &&
                      ffi_prep_closure_loc(closure, &types, in_closure, nullptr, code) == FFI_OK;
    if (made) reinterpret_cast<decltype(&called)>(code)(frames);
    if (closure) ffi_closure_free(closure);
    return made;
}

bool is_libffi(Address code) {
    Dl_info here, libffi;
    return dladdr(reinterpret_cast<void*>(code), &here) != 0 &&
           dladdr(reinterpret_cast<void*>(&ffi_call), &libffi) != 0 && here.dli_fbase == libffi.dli_fbase;
}

// ---- Their description ----

// UNWIND_INFO of code that has no prologue left to run: the operations in the order in which they are undone.
constexpr std::uint8_t kVersion = 1, kFramePointer = 5;  // rbp
constexpr std::uint8_t kPushed = 0, kAllocatedLarge = 1, kFrameSet = 3;
constexpr std::size_t kUnit = 8;  // of sizes
constexpr Address kPageMask = 0xfff;

struct UnwindCode {
    std::uint8_t prologue_offset, operation;
};
struct UnwindInfo {
    std::uint8_t version_and_flags, prologue_size, codes, frame_register;
    UnwindCode code[2];
};

struct UnwindInfos {
    UnwindInfo closure, call;
};

// Linux puts new memory beside the libraries, within reach of an offset. It stays.
UnwindInfos* make_infos(Address closure_frame_size) {
    void* const memory =
        mmap(nullptr, sizeof(UnwindInfos), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    const auto units = static_cast<std::uint16_t>(closure_frame_size / kUnit);
    const UnwindCode size = {static_cast<std::uint8_t>(units), static_cast<std::uint8_t>(units >> 8)};
    return new (memory) UnwindInfos{
        .closure = {kVersion, 0, 2, 0, {{0, kAllocatedLarge}, size}},
        .call = {kVersion, 0, 2, kFramePointer, {{0, kFrameSet}, {0, kPushed | kFramePointer << 4}}}};
}

// Where a call that returns to `code` is on the stack.
bool add(FrameTable& table, Address code, const UnwindInfo& info) {
    const auto begin = code - 1 - table.base, data = reinterpret_cast<Address>(&info) - table.base;
    if ((begin | data) >> 31) return false;
    RuntimeFunction& function = table.functions[table.count++];
    function.begin = static_cast<std::uint32_t>(begin);
    function.end = function.begin + 2;
    function.unwind_info = static_cast<std::uint32_t>(data);
    return true;
}

FrameTable describe(const Frames& frames) {
    FrameTable table;
    const Address size = frames.closure_return_slot - frames.closure_stack;
    if (!is_libffi(frames.closure_code) || !is_libffi(frames.call_code) || size % kUnit != 0 || size > 0xffff)
        return table;
    const UnwindInfos* const infos = make_infos(size);
    if (!infos) return table;
    table.base = std::min({frames.closure_code - 1, frames.call_code - 1, reinterpret_cast<Address>(infos)}) &
                 ~kPageMask;
    const bool closure_first = frames.closure_code < frames.call_code;  // as a search expects it
    const bool complete = (!closure_first || add(table, frames.closure_code, infos->closure)) &&
                          add(table, frames.call_code, infos->call) &&
                          (closure_first || add(table, frames.closure_code, infos->closure));
    if (!complete) table.count = 0;
    return table;
}

}  // namespace

const FrameTable& frame_table() {
    static const FrameTable table = [] {
        Frames frames;
        return try_out(&frames) ? describe(frames) : FrameTable();
    }();
    return table;
}

}  // namespace ntalpc::relay
