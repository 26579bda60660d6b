// SPDX-License-Identifier: LGPL-2.1-or-later
// What is looked up in ntdll at run time, because not every Wine has it or import libraries do not know it.
#pragma once

namespace ntalpc {

// The address of an export of ntdll, or nullptr.
void* ntdll_export(const char* name);

// One line, with its newline, on Wine's debug output.
void log_error(const char* line);

}  // namespace ntalpc
