// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be done with memory of this process, as its system tells it.
#pragma once

namespace ntalpc::conformance {

enum class Access { none, read, write };

// To a view, or where one has been.
Access access_to(const void* address);

// Asks for the memory to be writable. False when the system refuses.
bool allow_writing(void* address, decltype(sizeof(0)) size);

// Unmaps a view by the means of the system rather than by those of ALPC.
void unmap(void* base, decltype(sizeof(0)) size);

}  // namespace ntalpc::conformance
