// SPDX-License-Identifier: LGPL-2.1-or-later
// Recording traces, and looking at the present.
#include <unistd.h>

#include <ctime>

#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/inspector.h"
#include "server/log.h"
#include "server/recorder.h"
#include "server/trace_points.h"

namespace ntalpc::server {

namespace {

std::uint64_t real_time_now() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

template <class Type>
void reply_with_part(Call& call) {
    std::unique_ptr<TraceBuffer>& rest = call.thread.inspection();
    const wire::Bytes part = rest ? rest->take(kRecordBatch) : wire::Bytes();
    typename Type::Reply reply;
    reply.more = rest && rest->size() != 0;
    call.reply<Type>(STATUS_SUCCESS, reply, {.data = part});
    if (!reply.more) rest.reset();
}

}  // namespace

// A trace shows everybody's traffic.
void handle(Call& call, const wire::TraceStart::Request& request, const wire::TraceStart::RequestBlobs&) {
    if (!may_look_at_others(call.process())) return call.finish(STATUS_ACCESS_DENIED);
    if (call.thread.recorder()) return call.finish(STATUS_INVALID_DEVICE_REQUEST);
    TraceCharge charge;
    if (!charge.charge(call.process().account())) return call.finish(STATUS_QUOTA_EXCEEDED);
    wire::TraceStart::Reply reply;
    reply.start_clock = static_cast<std::uint64_t>(Tracer::now());
    reply.start_real_time = real_time_now();
    reply.server_process = static_cast<std::uint32_t>(getpid());
    call.kernel.leases.take_back_all("messages are being recorded");
    call.thread.set_recorder(std::make_unique<Recorder>(request.payload_limit, std::move(charge)));
    trace_point::describe_present(call.kernel, call.process(), call.thread.recorder()->buffer());
    call.reply<wire::TraceStart>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::TraceRead::Request& request, const wire::TraceRead::RequestBlobs&) {
    if (!call.thread.recorder()) return call.finish(STATUS_INVALID_DEVICE_REQUEST);
    if (request.timeout == 0 || call.thread.recorder()->buffer().size() >= request.at_least)
        return reply_with_records(call.thread);
    call.thread.park(std::make_unique<RecorderWait>(call.thread, request.at_least));
    call.kernel.set_deadline(*call.thread.wait(), request.timeout);
}

void handle(Call& call, const wire::Inspect::Request& request, const wire::Inspect::RequestBlobs&) {
    if (!may_look_at_others(call.process())) return call.finish(STATUS_ACCESS_DENIED);
    call.thread.inspection() = std::make_unique<TraceBuffer>(0);
    inspect(call.kernel, call.process(), request.what, *call.thread.inspection());
    reply_with_part<wire::Inspect>(call);
}

void handle(Call& call, const wire::InspectMore::Request&, const wire::InspectMore::RequestBlobs&) {
    reply_with_part<wire::InspectMore>(call);
}

void handle(Call& call, const wire::EndConnection::Request& request,
            const wire::EndConnection::RequestBlobs&) {
    if (!may_look_at_others(call.process())) return call.finish(STATUS_ACCESS_DENIED);
    const Ref<Connection> connection(find_connection(call.kernel, request.connection));
    if (!connection || connection->state() != Connection::State::accepted)
        return call.finish(STATUS_NOT_FOUND);
    log(LogLevel::always, "connection %llu is ended for process %u (%s)",
        static_cast<unsigned long long>(request.connection), call.process().facts().unix_process,
        call.process().facts().image_path.c_str());
    connection->end(Side::server, STATUS_PORT_DISCONNECTED);
    call.finish(STATUS_SUCCESS);
}

}  // namespace ntalpc::server
