// SPDX-License-Identifier: LGPL-2.1-or-later
// What systemd tells a service by its environment: which socket it listens on for us, and whether standard
// error is the journal.
#pragma once

#include <string>

namespace ntalpc::server {

// The socket of sd_listen_fds(3), which children do not get; -1 when there is none. The text says what is
// wrong with what was passed, or is empty.
std::string take_inherited_socket(int* socket);

// Whether what is written to this descriptor goes to the journal (systemd.exec(5), $JOURNAL_STREAM).
bool is_journal(int descriptor);

}  // namespace ntalpc::server
