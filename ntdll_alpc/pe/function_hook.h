// SPDX-License-Identifier: LGPL-2.1-or-later
// Replacing an ordinary function of the loaded ntdll, in this process only.
#pragma once

namespace ntalpc {

// Has every call of the function go to the replacement, which may call the original by the address given;
// that is there before the first such call. False, and one logged line, when the function does not have the
// form that this can be done with; it is then unchanged.
bool hook_function(const char* name, const void* replacement, void** original);

}  // namespace ntalpc
