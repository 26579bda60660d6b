// SPDX-License-Identifier: LGPL-2.1-or-later
// From a command line to what exec needs.
#include "overlay/launch.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "ntalpc/relay_variables.h"
#include "overlay/own_files.h"
#include "overlay/prefix.h"
#include "overlay/program_check.h"
#include "overlay/wine_layout.h"

namespace ntalpc {
namespace {

// Unset and empty are the same to the scripts that start Wine.
std::optional<std::string> non_empty_variable(const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

// What the distribution's start script sets.
std::map<std::string, std::string> script_environment(const WineLayout& wine) {
    if (!wine.has_wrapper_script || non_empty_variable("WINEDEBUG")) return {};
    return {{"WINEDEBUG", "fixme-all"}};
}

// The program would only find out when it runs, and would then go on without.
std::optional<Failure> check_relay_file(const LaunchOptions& options) {
    if (options.relay_file.empty() || std::ofstream(options.relay_file, std::ios::app)) return std::nullopt;
    return Failure{"The calls cannot be written to '" + options.relay_file + "': " + std::strerror(errno) +
                   "; name another file with --relay-file."};
}

// To the programs that are started, wherever they run: a path that does not depend on where this one does.
void add_relay(const LaunchOptions& options, std::map<std::string, std::string>* environment) {
    if (!options.relay_calls) return;
    (*environment)[kRelayCallsVariable] = *options.relay_calls;
    (*environment)[kRelayModulesVariable] = options.relay_modules;
    (*environment)[kRelayFileVariable] =
        options.relay_file.empty() ? "" : std::filesystem::absolute(options.relay_file).string();
}

// As `wine` would have it, but for what must lead into the overlay.
std::map<std::string, std::string> environment_for(const Overlay& overlay, const WineLayout& wine,
                                                   const OwnFiles& own) {
    std::map<std::string, std::string> environment = script_environment(wine);
    environment["WINELOADER"] = overlay.loader;
    environment["WINESERVER"] = overlay.wineserver;
    if (!non_empty_variable("NTALPC_SERVER_BINARY")) environment["NTALPC_SERVER_BINARY"] = own.server;
    return environment;
}

Result<WineLayout> find_wine_for(const LaunchOptions& options) {
    WineSearch search;
    search.requested = options.wine ? options.wine : non_empty_variable("NTALPC_WINE");
    search.path_variable = non_empty_variable("PATH").value_or("");
    return find_wine(search);
}

Result<Overlay> prepare_overlay_for(const LaunchRequest& request, const WineLayout& wine,
                                    const OwnFiles& own) {
    const Result<std::filesystem::path> cache_dir = default_cache_dir();
    if (!cache_dir) return cache_dir.error();
    return prepare_overlay({.wine = wine,
                            .pe_half = own.pe_half,
                            .unix_half = own.unix_half,
                            .keeper = own.keeper,
                            .forwarders = request.forwarders,
                            .cache_dir = *cache_dir,
                            .rebuild = request.options.rebuild_overlay});
}

Result<std::filesystem::path> prepare_prefix_for(const LaunchRequest& request, const WineLayout& wine,
                                                 const OwnFiles& own) {
    const PrefixEnvironment environment = PrefixEnvironment::from_process();
    const Result<std::filesystem::path> prefix = find_prefix(environment);
    if (!prefix) return prefix.error();
    if (const Result<Done> checked = check_prefix(*prefix, environment); !checked) return checked.error();
    if (const Result<Done> checked = check_program(request.options.program[0], *prefix, wine); !checked)
        return checked.error();
    PrefixRequest prefix_request{
        .prefix = *prefix, .wine = wine, .pe_half = own.pe_half, .environment = script_environment(wine)};
    prefix_request.announce_creation = [&] {
        request.say("creating the Wine prefix '" + prefix->string() + "', which takes some seconds");
    };
    if (const Result<Done> prepared = prepare_prefix(prefix_request); !prepared) return prepared.error();
    return *prefix;
}

void describe_files(const LaunchRequest& request, const WineLayout& wine, const OwnFiles& own,
                    const Overlay& overlay) {
    const Result<std::string> version = query_wine_version(wine);
    request.say("Wine " + (version ? *version : std::string("of unknown version")) + " at '" +
                wine.loader.string() + "'" + (wine.i386_dll_dirs.empty() ? ", 64-bit only" : ""));
    request.say("our module '" + own.pe_half.string() + "', our server '" + own.server.string() + "'");
    request.say("overlay '" + overlay.dir.string() + "'" + (overlay.built_now ? ", built now" : ""));
}

}  // namespace

Result<Launch> prepare_launch(const LaunchRequest& request) {
    if (const auto failure = check_relay_file(request.options)) return *failure;
    const Result<OwnFiles> own =
        find_own_files(request.executable, NTALPC_LIBDIR, non_empty_variable("NTALPC_LIBDIR"));
    if (!own) return own.error();
    const Result<WineLayout> wine = find_wine_for(request.options);
    if (!wine) return wine.error();

    // The prefix first: it refuses more, and is then refused sooner.
    std::optional<std::filesystem::path> prefix;
    if (!request.options.program.empty()) {
        const Result<std::filesystem::path> prepared = prepare_prefix_for(request, *wine, *own);
        if (!prepared) return prepared.error();
        prefix = *prepared;
    }
    const Result<Overlay> overlay = prepare_overlay_for(request, *wine, *own);
    if (!overlay) return overlay.error();
    if (request.options.verbose) {
        describe_files(request, *wine, *own, *overlay);
        if (prefix) request.say("prefix '" + prefix->string() + "'");
    }

    Launch launch{.overlay = *overlay,
                  .arguments = {overlay->loader},
                  .environment = environment_for(*overlay, *wine, *own)};
    add_relay(request.options, &launch.environment);
    launch.arguments.insert(launch.arguments.end(), request.options.program.begin(),
                            request.options.program.end());
    return launch;
}

}  // namespace ntalpc
