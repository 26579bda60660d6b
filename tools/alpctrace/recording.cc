// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/recording.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "alpctrace/trace_file.h"
#include "generated/trace_events.h"

namespace ntalpc {

namespace {

// Records are fetched in large pieces, so that recording costs the recorded little, and at the latest after a
// time that people do not notice.
constexpr std::int64_t kMoment = 50'000'000;
constexpr std::uint32_t kPiece = 48 * 1024;

}  // namespace

Recording::Recording(const std::string& directory, std::uint32_t payload_limit) : client_(directory) {
    wire::TraceStart::Request request;
    request.payload_limit = payload_limit;
    const auto answer = client_.call<wire::TraceStart>(request);
    std::memcpy(header_.magic, trace::kMagic, sizeof(header_.magic));
    header_.version = trace::kVersion;
    header_.header_size = sizeof(header_);
    header_.start_clock = answer.start_clock;
    header_.start_real_time = answer.start_real_time;
    header_.server_process = answer.server_process;
    header_.payload_limit = payload_limit;
    header_.protocol_hash = wire::kProtocolHash;
}

wire::Bytes Recording::read(std::int64_t timeout, std::uint32_t at_least) {
    wire::TraceRead::Request request;
    request.timeout = timeout;
    request.at_least = at_least;
    wire::TraceRead::ReplyBlobs blobs;
    client_.call<wire::TraceRead>(request, {}, &blobs);
    return blobs.data;
}

wire::Bytes Recording::next() {
    return read(kMoment, kPiece);
}

wire::Bytes Recording::rest() {
    return read(0, 0);
}

TraceWriter::TraceWriter(const std::string& path, const trace::FileHeader& header)
    : path_(path), file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) {
    if (!file_)
        throw TraceError("cannot make " + path + ": " + std::strerror(errno) + "; name another file with -o");
    write(std::as_bytes(std::span(&header, 1)));
}

void TraceWriter::write(wire::Bytes records) {
    while (!records.empty()) {
        const ssize_t written = ::write(file_.get(), records.data(), records.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw TraceError("cannot write " + path_ + ": " + std::strerror(errno));
        records = records.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace ntalpc
