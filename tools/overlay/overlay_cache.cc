// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps overlays in the user's cache directory: naming, locking, putting in place, throwing away.
#include "overlay/overlay_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

#include "ntalpc/unique_fd.h"
#include "overlay/overlay_tree.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

// Raise it when the way an overlay is built changes, so that old ones are not taken for current ones.
constexpr int kBuilderVersion = 1;
const char kOverlayPrefix[] = "overlay-";
const char kBuildingPrefix[] = "building-";
const char kDiscardedPrefix[] = "discarded-";
const char kIdentityFile[] = ".made-from";
constexpr std::chrono::hours kKeepUnused{24};

// One line about a file or directory: a new size or time of modification means a new overlay. A directory's
// time changes when files are added to it or removed.
std::string fingerprint_of(const fs::path& path) {
    struct stat info = {};
    if (stat(path.c_str(), &info)) return path.string() + " missing\n";
    const long long size = S_ISDIR(info.st_mode) ? 0 : static_cast<long long>(info.st_size);
    return path.string() + " " + std::to_string(size) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec) + "\n";
}

// Everything an overlay is made from, in text. It is kept in the overlay and compared, so that the hash in
// the name only has to be short.
std::string identity_of(const OverlayRequest& request) {
    const WineLayout& wine = request.wine;
    std::string identity = "builder " + std::to_string(kBuilderVersion) + "\n";
    for (const fs::path& path : {wine.loader, wine.wineserver, wine.bin_dir, wine.dll_dir, wine.unix_dir,
                                 wine.unix_dir / "ntdll.so", wine.windows_dir, wine.windows_dir / "ntdll.dll",
                                 wine.share_dir, request.pe_half, request.unix_half, request.keeper}) {
        identity += fingerprint_of(path);
    }
    for (const fs::path& path : wine.i386_dll_dirs) {
        identity += fingerprint_of(path) + fingerprint_of(path / "i386-unix") +
                    fingerprint_of(path / "i386-unix/ntdll.so") + fingerprint_of(path / "i386-windows");
    }
    for (const ExportForwarder& forwarder : request.forwarders)
        identity += forwarder.name + " = " + forwarder.target + "\n";
    return identity;
}

// FNV-1a, 64 bits.
std::string short_hash(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char character : text) hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x100000001b3u;
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
    return digits.data();
}

// The sentence for what an errno value says about the cache directory.
Failure cache_failure(const fs::path& path, int error) {
    return Failure{"Cannot use the cache directory '" + path.string() + "': " + std::strerror(error) +
                   "; set XDG_CACHE_HOME to a directory that you can write to."};
}

// Code is run from the cache, so it must not be anybody else's.
Result<Done> make_cache_dir(const fs::path& cache_dir) {
    std::error_code error;
    fs::create_directories(cache_dir.parent_path(), error);
    if (error) return cache_failure(cache_dir, error.value());
    if (mkdir(cache_dir.c_str(), 0700) && errno != EEXIST) return cache_failure(cache_dir, errno);
    struct stat info = {};
    if (stat(cache_dir.c_str(), &info)) return cache_failure(cache_dir, errno);
    if (info.st_uid != geteuid()) {
        return Failure{"The cache directory '" + cache_dir.string() +
                       "' belongs to another user; set XDG_CACHE_HOME or HOME to a directory of your own."};
    }
    return Done{};
}

// Waits for other builders. The lock goes with the descriptor, thus also with a process that is killed.
Result<UniqueFd> lock_cache(const fs::path& cache_dir) {
    UniqueFd lock(open((cache_dir / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return cache_failure(cache_dir, errno);
    while (flock(lock.get(), LOCK_EX)) {
        if (errno != EINTR) return cache_failure(cache_dir, errno);
    }
    return lock;
}

// True when the directory is the overlay made from `identity` and nobody has taken files out of it.
bool is_intact(const Overlay& overlay, const OverlayRequest& request, const std::string& identity) {
    std::ifstream stored(overlay.dir / kIdentityFile, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stored)), std::istreambuf_iterator<char>());
    if (text != identity) return false;
    const fs::path unix_dir = in_overlay(overlay.dir, request.wine, request.wine.unix_dir);
    const fs::path windows_dir = in_overlay(overlay.dir, request.wine, request.wine.windows_dir);
    for (const fs::path& path :
         {overlay.loader, overlay.wineserver, unix_dir / "ntdll.so", unix_dir / "ntdll_alpc.so",
          windows_dir / "ntdll.dll", windows_dir / "ntdll_alpc.dll",
          windows_dir / "ntalpc_keeper.exe"}) {
        if (access(path.c_str(), R_OK)) return false;
    }
    return true;
}

// The modification time of an overlay's directory says when a program was last started from it.
void mark_used(const fs::path& overlay) {
    // It may not be there yet; and without the mark it is only thrown away, and built again, sooner.
    static_cast<void>(utimensat(AT_FDCWD, overlay.c_str(), nullptr, 0));
}

// Removes a directory that others may be looking at: first its name, then the contents, so that nobody sees
// half of it. What cannot be removed is tried again after the next build.
void discard(const fs::path& directory) {
    std::error_code ignored;
    const std::string name = directory.filename();
    fs::path doomed = directory;
    if (!name.starts_with(kDiscardedPrefix)) {
        doomed.replace_filename(kDiscardedPrefix + name + "-" + std::to_string(getpid()));
        fs::rename(directory, doomed, ignored);
        if (ignored) return;
    }
    fs::remove_all(doomed, ignored);
}

// Only called under the lock: whatever is being built then was left by a builder that died.
void discard_leftovers(const fs::path& cache_dir) {
    std::error_code error;
    std::vector<fs::path> leftovers;
    for (const fs::directory_entry& entry : fs::directory_iterator(cache_dir, error)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(kBuildingPrefix) || name.starts_with(kDiscardedPrefix))
            leftovers.push_back(entry.path());
    }
    for (const fs::path& path : leftovers) discard(path);
}

Result<Done> write_identity(const fs::path& directory, const std::string& identity) {
    std::ofstream file(directory / kIdentityFile, std::ios::binary);
    file << identity;
    file.close();
    if (!file) return cache_failure(directory, errno);
    return Done{};
}

// Puts a finished tree into its place. A broken or outdated one there is exchanged in the same step, so that
// a program that is just starting from it finds one or the other.
Result<Done> put_in_place(const fs::path& finished, const fs::path& place) {
    if (!renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE)) return Done{};
    if (errno == EEXIST && !renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE)) {
        discard(finished);
        return Done{};
    }
    if (errno != EINVAL) return cache_failure(place, errno);
    // A file system without these two: the old tree goes first, and starters in between build under the lock.
    discard(place);
    if (rename(finished.c_str(), place.c_str())) return cache_failure(place, errno);
    return Done{};
}

Result<Done> build_and_place(const OverlayRequest& request, const fs::path& place,
                             const std::string& identity) {
    discard_leftovers(request.cache_dir);
    std::string name = (request.cache_dir / (std::string(kBuildingPrefix) + "XXXXXX")).string();
    if (!mkdtemp(name.data())) return cache_failure(request.cache_dir, errno);
    const fs::path building = name;
    Result<Done> outcome = build_overlay_tree(request, building);
    if (outcome) outcome = write_identity(building, identity);
    if (outcome) outcome = put_in_place(building, place);
    if (!outcome) discard(building);
    return outcome;
}

// The programs that processes of ours were loaded from. Other users' processes do not run from our cache.
std::set<fs::path> running_programs() {
    std::set<fs::path> programs;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
        const fs::path program = fs::read_symlink(entry.path() / "exe", error);
        if (!error) programs.insert(program);
    }
    return programs;
}

bool is_in_use(const fs::path& overlay, const std::set<fs::path>& programs) {
    std::error_code error;
    const fs::path real = fs::canonical(overlay, error);
    const std::string below = (error ? overlay : real).string() + "/";
    for (const fs::path& program : programs) {
        if (program.string().starts_with(below)) return true;
    }
    return false;
}

}  // namespace

Result<fs::path> default_cache_dir() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache && cache[0] == '/') return fs::path(cache) / "ntalpc";
    const char* home = std::getenv("HOME");
    if (home && home[0] == '/') return fs::path(home) / ".cache" / "ntalpc";
    return Failure{
        "There is no place for the overlay of Wine; set HOME or XDG_CACHE_HOME to an absolute path."};
}

void prune_overlays(const fs::path& cache_dir, const fs::path& keep, std::chrono::seconds unused_for) {
    const std::set<fs::path> programs = running_programs();
    const std::time_t oldest = std::time(nullptr) - unused_for.count();
    std::vector<fs::path> unused;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(cache_dir, error)) {
        const fs::path& path = entry.path();
        struct stat info = {};
        if (!path.filename().string().starts_with(kOverlayPrefix) || path == keep) continue;
        if (stat(path.c_str(), &info) || info.st_mtime > oldest || is_in_use(path, programs)) continue;
        unused.push_back(path);
    }
    for (const fs::path& path : unused) discard(path);
}

Result<Overlay> prepare_overlay(const OverlayRequest& request) {
    const std::string identity = identity_of(request);
    Overlay overlay;
    overlay.dir = request.cache_dir / (kOverlayPrefix + short_hash(identity));
    overlay.loader = in_overlay(overlay.dir, request.wine, request.wine.loader);
    overlay.wineserver = in_overlay(overlay.dir, request.wine, request.wine.wineserver);

    if (const Result<Done> made = make_cache_dir(request.cache_dir); !made) return made.error();
    mark_used(overlay.dir);  // before the look at it, so that nobody throws it away in between
    if (request.rebuild || !is_intact(overlay, request, identity)) {
        const Result<UniqueFd> lock = lock_cache(request.cache_dir);
        if (!lock) return lock.error();
        // Another starter may have built it while this one waited for the lock.
        if (request.rebuild || !is_intact(overlay, request, identity)) {
            const Result<std::string> version = query_wine_version(request.wine);
            if (!version) return version.error();
            const Result<Done> built = build_and_place(request, overlay.dir, identity);
            if (!built) return built.error();
            overlay.built_now = true;
            prune_overlays(request.cache_dir, overlay.dir, kKeepUnused);
        }
    }
    return overlay;
}

}  // namespace ntalpc
