// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: many connections to the server with the completion list.
#include "list_visitor.h"

int main(int count, char** arguments) {
    return visitor_main(count, arguments);
}
