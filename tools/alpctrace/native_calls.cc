// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/native_calls.h"

#include <dlfcn.h>
#include <ffi.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "events/records.h"
#include "generated/relay_table.h"

namespace ntalpc {

namespace {

const RelayCall& call_named(const char* name) {
    const auto calls = relay_calls();
    const auto found = std::ranges::find_if(
        calls, [&](const RelayCall& call) { return call.name == std::string_view(name); });
    if (found == calls.end()) throw std::logic_error(std::string(name) + " is not in the entry point table");
    return *found;
}

// Beside this tool in a build tree, where it is installed, or where the system looks for libraries.
void* load_library() {
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    for (const std::string& path :
         {(here / "../../ntdll_alpc/libntalpc.so.0").string(),
          std::string(NTALPC_LIBDIR "/../libntalpc.so.0"), std::string("libntalpc.so.0")}) {
        if (void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    }
    throw TraceError(std::string("cannot load libntalpc: ") + dlerror() + "; install it, or run ldconfig");
}

ffi_type* type_of(std::uint8_t size) {
    return size == 1 ? &ffi_type_uint8 : size == 4 ? &ffi_type_uint32 : &ffi_type_uint64;
}

}  // namespace

NativeCalls::NativeCalls() : library_(load_library()) {}

void* NativeCalls::find(const char* name) const {
    void* const function = dlsym(library_, name);
    if (!function)
        throw TraceError(std::string("libntalpc has no ") + name + "; install one of this version");
    return function;
}

std::int32_t NativeCalls::operator()(const char* name, std::initializer_list<Argument> arguments) const {
    const RelayCall& call = call_named(name);
    if (arguments.size() != call.arguments.size())
        throw std::logic_error(std::string(name) + " is called with a wrong number of arguments");
    std::vector<ffi_type*> types;
    for (const RelayArgument& argument : call.arguments) types.push_back(type_of(argument.size));
    std::vector<void*> values;
    for (const Argument& argument : arguments) values.push_back(const_cast<std::uint64_t*>(&argument.value));
    ffi_cif interface;
    if (ffi_prep_cif(&interface, FFI_DEFAULT_ABI, static_cast<unsigned>(types.size()), &ffi_type_sint32,
                     types.data()) != FFI_OK)
        throw std::logic_error(std::string("libffi does not know the types of ") + name);
    ffi_arg result = 0;
    ffi_call(&interface, FFI_FN(find(name)), &result, values.data());
    return static_cast<std::int32_t>(result);
}

std::int32_t NativeCalls::close(void* handle) const {
    return reinterpret_cast<std::int32_t (*)(void*)>(find("NtClose"))(handle);
}

}  // namespace ntalpc
