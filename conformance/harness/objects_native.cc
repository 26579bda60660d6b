// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects to be passed as a Linux program has them: what is a descriptor.
#ifndef _WIN32

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/harness/objects.h"

namespace ntalpc::conformance {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    // Of what a handle stands for.
    explicit Descriptor(HANDLE handle) {
        EXPECT_STATUS(STATUS_SUCCESS, NtalpcDescriptorFromHandle(handle, &descriptor_));
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(descriptor_); }
    int get() const { return descriptor_; }

  private:
    int descriptor_ = -1;
};

Port handle_to(const Descriptor& descriptor) {
    Port handle;
    EXPECT_STATUS(STATUS_SUCCESS, NtalpcHandleFromDescriptor(descriptor.get(), handle.put()));
    return handle;
}

Port make_section() {
    Port section;
    LARGE_INTEGER size;
    size.QuadPart = 0x10000;
    EXPECT_STATUS(STATUS_SUCCESS, NtCreateSection(section.put(), 0, nullptr, &size, 0, 0, nullptr));
    return section;
}

// The end of a pipe that is kept open by nobody else can be told by its inode.
Port make_pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Descriptor reader(ends[0]), writer(ends[1]);
    return handle_to(writer);
}

bool share_memory(HANDLE one, HANDLE other) {
    const Descriptor first(one), second(other);
    const char mark[] = "seen";
    char seen[sizeof(mark)] = {};
    return pwrite(first.get(), mark, sizeof(mark), 0x100) == sizeof(mark) &&
           pread(second.get(), seen, sizeof(seen), 0x100) == sizeof(seen) && std::string(seen) == mark;
}

bool have_one_inode(HANDLE one, HANDLE other) {
    const Descriptor first(one), second(other);
    struct stat a {
    }, b{};
    return fstat(first.get(), &a) == 0 && fstat(second.get(), &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

}  // namespace

ULONG type_code(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::section:
            return ALPC_PORFLG_OBJECT_TYPE_SECTION;
        case ObjectKind::process:
            return ALPC_PORFLG_OBJECT_TYPE_PROCESS;
        default:
            return ALPC_PORFLG_OBJECT_TYPE_FILE;
    }
}

Port make_object(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::file:
            return make_file();
        case ObjectKind::pipe:
            return make_pipe();
        case ObjectKind::section:
            return make_section();
        default:
            throw CannotTest{"there are no such objects natively"};
    }
}

::testing::AssertionResult is_same_object(ObjectKind kind, HANDLE one, HANDLE other) {
    const bool same = kind == ObjectKind::section ? share_memory(one, other) : have_one_inode(one, other);
    return same ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << "another object";
}

Port make_file(bool writable) {
    char path[] = "/tmp/ntalpc-object-XXXXXX";
    const Descriptor file(mkostemp(path, O_CLOEXEC));
    EXPECT_EQ(::write(file.get(), "content", 7), 7);
    const Descriptor reader(open(path, O_RDONLY | O_CLOEXEC));
    unlink(path);
    return handle_to(writable ? file : reader);
}

bool write_file(HANDLE file, const std::string& text) {
    const Descriptor descriptor(file);
    return pwrite(descriptor.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

std::string read_file(HANDLE file) {
    const Descriptor descriptor(file);
    char text[64];
    const ssize_t size = pread(descriptor.get(), text, sizeof(text), 0);
    return std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
}

std::size_t open_handles() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

bool is_inheritable(HANDLE) {
    throw CannotTest{"natively nothing inherits handles"};
}

void make_inheritable(HANDLE) {
    throw CannotTest{"natively nothing inherits handles"};
}

}  // namespace ntalpc::conformance

#endif
