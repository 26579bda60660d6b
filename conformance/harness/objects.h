// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects that a message can carry, of every type that there is here, and the proof that two handles stand
// for the same one.
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/ports.h"

namespace ntalpc::conformance {

enum class ObjectKind { file, pipe, event, semaphore, mutex, section, process, thread, token, key, job };

// Its code in the handle attribute.
ULONG type_code(ObjectKind kind);

// A handle that closes itself; CannotTest where there are no such objects.
Port make_object(ObjectKind kind);

// Changes something through one handle and looks at it through the other, or compares identities.
::testing::AssertionResult is_same_object(ObjectKind kind, HANDLE one, HANDLE other);

// A file that can be read and written, or only read.
Port make_file(bool writable = true);
bool write_file(HANDLE file, const std::string& text);
std::string read_file(HANDLE file);  // from its beginning

// How many handles this process has open.
std::size_t open_handles();
// Whether children of this process would get the handle; CannotTest where nothing inherits handles.
bool is_inheritable(HANDLE handle);
void make_inheritable(HANDLE handle);

}  // namespace ntalpc::conformance
