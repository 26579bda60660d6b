// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcctl ports, connections, queues, processes, tokens, object, tree, kill-connection. Each returns the exit
// code; they throw ServerError.
#pragma once

#include <string>
#include <vector>

namespace ntalpc {

int run_ports_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_connections_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_queues_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_processes_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_limits_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_tokens_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_object_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_tree_command(const std::string& directory, const std::vector<std::string>& arguments);
int run_kill_connection_command(const std::string& directory, const std::vector<std::string>& arguments);

}  // namespace ntalpc
