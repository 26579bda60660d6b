// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/directories.h"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>

#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/object_names.h"

namespace ntalpc {
namespace wine {
namespace {

constexpr ACCESS_MASK kQuery = 1;  // of a directory and of a symbolic link

// Closes itself.
class OwnHandle {
  public:
    OwnHandle() = default;
    OwnHandle(const OwnHandle&) = delete;
    OwnHandle& operator=(const OwnHandle&) = delete;
    ~OwnHandle() {
        if (handle_) nt_close(handle_);
    }
    HANDLE get() const { return handle_; }
    HANDLE* put() { return &handle_; }
    void keep() { handle_ = nullptr; }

  private:
    HANDLE handle_ = nullptr;
};

class Attributes {
  public:
    Attributes(std::u16string name, HANDLE root, ULONG flags = 0) : text_(std::move(name)) {
        name_ = string_of(text_);
        InitializeObjectAttributes(&attributes_, &name_, flags, root, nullptr);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const OBJECT_ATTRIBUTES* get() const { return &attributes_; }

    static UNICODE_STRING string_of(std::u16string& text) {
        const auto size = static_cast<USHORT>(text.size() * sizeof(char16_t));
        return {size, size, text.data()};
    }

  private:
    std::u16string text_;
    UNICODE_STRING name_;
    OBJECT_ATTRIBUTES attributes_;
};

NTSTATUS query_path(HANDLE directory, std::u16string* path) {
    const NTSTATUS status = object_path(directory, path);
    if (status == STATUS_SUCCESS && path->empty()) *path = u"\\";
    return status;
}

// Wine names a directory by those around it, but the outermost may have no name, or have lost it.
bool leads_to(const std::u16string& path, HANDLE directory) {
    OwnHandle found;
    return nt_open_directory(found.put(), kQuery, Attributes(path, nullptr).get()) == STATUS_SUCCESS &&
           nt_compare_objects(found.get(), directory) == STATUS_SUCCESS;
}

// A directory that no path leads to is told from others by the target of a link in it. Everybody who has used
// the directory keeps the link open, so that it says the same as long as an object of ours can be in there.
constexpr char16_t kIdLink[] = u"ntalpc directory id";
constexpr std::size_t kIdDigits = 32;

bool read_id(HANDLE link, host::DirectoryFacts* directory) {
    std::array<char16_t, kIdDigits + 1> text;  // Wine adds a terminator
    UNICODE_STRING target{0, sizeof(text), text.data()};
    if (nt_query_symbolic_link(link, &target, nullptr) != STATUS_SUCCESS ||
        target.Length != kIdDigits * sizeof(char16_t))
        return false;
    const std::string digits(text.begin(), text.end() - 1);
    directory->id_high = std::strtoull(digits.substr(0, kIdDigits / 2).c_str(), nullptr, 16);
    directory->id_low = std::strtoull(digits.substr(kIdDigits / 2).c_str(), nullptr, 16);
    return true;
}

NTSTATUS make_id_link(HANDLE* link, const OBJECT_ATTRIBUTES* attributes) {
    std::uint64_t id[2];
    if (getrandom(id, sizeof(id), 0) != sizeof(id)) return STATUS_INSUFFICIENT_RESOURCES;
    char digits[kIdDigits + 1];
    std::snprintf(digits, sizeof(digits), "%016llx%016llx", static_cast<unsigned long long>(id[0]),
                  static_cast<unsigned long long>(id[1]));
    std::u16string text(digits, digits + kIdDigits);
    const UNICODE_STRING target = Attributes::string_of(text);
    return nt_create_symbolic_link(link, kQuery, attributes, &target);
}

// Keeps the link open; only one handle for each directory.
void keep_link(OwnHandle& link, const host::DirectoryFacts& directory) {
    static std::mutex mutex;
    static auto& known = *new std::set<std::pair<std::uint64_t, std::uint64_t>>;
    const std::lock_guard lock(mutex);
    if (known.emplace(directory.id_high, directory.id_low).second) link.keep();
}

NTSTATUS find_id(HANDLE root, host::DirectoryFacts* directory) {
    const Attributes attributes(kIdLink, root);
    OwnHandle link;
    NTSTATUS status = nt_open_symbolic_link(link.put(), kQuery, attributes.get());
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) status = make_id_link(link.put(), attributes.get());
    // Somebody else was faster.
    if (status == STATUS_OBJECT_NAME_COLLISION)
        status = nt_open_symbolic_link(link.put(), kQuery, attributes.get());
    if (status != STATUS_SUCCESS) return status;
    if (!read_id(link.get(), directory)) return STATUS_OBJECT_TYPE_MISMATCH;
    keep_link(link, *directory);
    return STATUS_SUCCESS;
}

}  // namespace

void provide_directories() {
    OwnHandle made;
    nt_create_directory(made.put(), kQuery,
                        Attributes(u"\\RPC Control", nullptr, OBJ_PERMANENT | OBJ_OPENIF).get());
}

}  // namespace wine

namespace host {

NtStatus find_directory(NtHandle handle, DirectoryFacts* directory) {
    std::u16string type;
    NTSTATUS status = wine::object_type_name(handle, &type);
    if (status == STATUS_SUCCESS && type != u"Directory") status = STATUS_INVALID_HANDLE;
    if (status == STATUS_SUCCESS) status = wine::query_path(handle, &directory->path);
    if (status != STATUS_SUCCESS || wine::leads_to(directory->path, handle)) return status;
    directory->path.clear();
    const CallGuard guard;  // for the lock, and the link that is opened and kept
    return wine::find_id(handle, directory);
}

bool find_directory(const std::u16string& path, std::uint32_t attributes, std::u16string* real_path) {
    const CallGuard guard;
    const wine::Attributes wanted(path, nullptr, attributes & OBJ_CASE_INSENSITIVE);
    wine::OwnHandle found;
    return wine::nt_open_directory(found.put(), wine::kQuery, wanted.get()) == STATUS_SUCCESS &&
           wine::query_path(found.get(), real_path) == STATUS_SUCCESS && real_path->size() > 1;
}

}  // namespace host
}  // namespace ntalpc
