// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/trace_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace ntalpc {

namespace {

std::vector<std::byte> read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw TraceError("cannot open " + path + ": " + std::strerror(errno));
    const std::streamoff size = file.tellg();
    if (size < 0) throw TraceError(path + " is not a file; name one that alpctrace record has written");
    std::vector<std::byte> data(static_cast<std::size_t>(size));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(data.data()), size);
    if (!file) throw TraceError("cannot read " + path + ": " + std::strerror(errno));
    return data;
}

void check_header(const std::string& path, const trace::FileHeader& header, std::size_t size) {
    if (std::memcmp(header.magic, trace::kMagic, sizeof(header.magic)) != 0)
        throw TraceError(path + " is no trace; name a file that alpctrace record has written");
    if (header.version != trace::kVersion) {
        throw TraceError(path + " is of version " + std::to_string(header.version) +
                         ", this alpctrace reads " + std::to_string(trace::kVersion) +
                         "; use the alpctrace that recorded it");
    }
    if (header.header_size < sizeof(header) || header.header_size > size)
        throw TraceError(path + " has a damaged header; record it again");
}

}  // namespace

TraceFile::TraceFile(const std::string& path) : TraceFile(path, read_all(path)) {}

TraceFile::TraceFile(const std::string& path, std::vector<std::byte> data) : data_(std::move(data)) {
    if (data_.size() < sizeof(header_))
        throw TraceError(path + " is no trace; name a file that alpctrace record has written");
    std::memcpy(&header_, data_.data(), sizeof(header_));
    check_header(path, header_, data_.size());
    const wire::Bytes records = wire::Bytes(data_).subspan(header_.header_size);
    const std::size_t used =
        RecordSplitter::split(records, [&](const Event& event) { events_.push_back(event); });
    torn_bytes_ = records.size() - used;
}

}  // namespace ntalpc
