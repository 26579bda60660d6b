#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inputs that requests_fuzz begins with: conversations in the language of fuzz_format.h, one for each thing that the
server does. Numbers of requests and fields come from include/protocol.def."""

import struct
import sys

import make_protocol
import protocol_fields
from fuzz_seeds import SOURCE, Seeds, constants, enumerators

FORMAT = enumerators("server/fuzz_format.h")
API = constants("include/ntalpc/ntlpcapi.h", "A?LPC_")
STRUCTS, REQUESTS = make_protocol.parse(SOURCE / "include/protocol.def")
LAYOUTS = make_protocol.layouts_of(STRUCTS, REQUESTS)
CODES = list(REQUESTS)


def places(request):
    record = REQUESTS[request][0]
    sizes = {blob + "_size" for blob in record.blobs}
    numbers = protocol_fields.numbers(LAYOUTS[request, 0], LAYOUTS, make_protocol.SCALARS)
    return [name for name, _, _ in numbers if name not in sizes] + record.blobs + ["descriptors"]


def own(back):
    return bytes([FORMAT["own_answer"], back])


def other(client, back=0):
    return bytes([FORMAT["other_answer"], client, back])


def name(index):
    return bytes([FORMAT["known_name"], index])


def known(index):
    return bytes([FORMAT["known_data"], index])


def text(data):
    return bytes([FORMAT["literal_bytes"], len(data)]) + data


def handles(*back):
    return bytes([FORMAT["several_handles"], len(back), *back])


def objects(*types_and_values):
    return bytes([FORMAT["objects"], len(types_and_values) // 2, *types_and_values])


def descriptors(*kinds):
    return bytes([len(kinds)]) + b"".join(kinds)


MEMORY, SEALED, READ_ONLY, NULL = (bytes([FORMAT[kind]]) for kind in (
    "memory", "sealed_memory", "read_only_memory", "null_device"))


def client_end(client, back=0):
    return bytes([FORMAT["client_end"], client, back])


class Conversation:
    def __init__(self):
        self.data = bytearray()

    def ask(self, thread, request, shape=0, **changes):
        """A dot in the name of a field is written as __."""
        self.data += bytes([CODES.index(request), thread, shape, len(changes)])
        for place, value in changes.items():
            self.data.append(places(request).index(place.replace("__", ".")))
            if isinstance(value, int):
                value = bytes([FORMAT["literal_64"]]) + struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF)
            self.data += value
        return self

    def event(self, step, *arguments):
        self.data += bytes([FORMAT[step], *arguments])
        return self

    # Client 0 has the connection port and is thread 0, client 1 connects and is thread 1.
    def connected(self, **changes):
        return (self.ask(0, "create_port").ask(1, "connect_port", **changes)
                .ask(0, "send_wait_receive").ask(0, "accept_port"))

    def receive(self, thread=0, back=1, **changes):
        return self.ask(thread, "send_wait_receive", 0, handle=own(back), **changes)

    def datagram(self, thread=1, **changes):
        return self.ask(thread, "send_wait_receive", 1, **changes)

    def request(self, thread=1, **changes):
        return self.ask(thread, "send_wait_receive", 2, **changes)

    def reply(self, thread=0, back=1, **changes):
        return self.ask(thread, "send_wait_receive", 3, handle=own(back), **changes)

    def lpc_connected(self, **changes):
        return (self.ask(0, "create_port", 1).ask(1, "lpc_connect_port", **changes)
                .ask(0, "lpc_message").ask(0, "lpc_accept_port"))


def begin():
    return Conversation()


def connections():
    yield "connect", begin().connected()
    yield "refuse", begin().ask(0, "create_port").ask(1, "connect_port").ask(0, "send_wait_receive").ask(0, "accept_port", 1)
    yield "connect_asynchronously", begin().connected(flags=0).receive(1, 0)
    yield "connect_times_out", begin().ask(0, "create_port").ask(1, "connect_port", timeout=10**9).event("pass_time", 2)
    yield "connect_to_a_sid", begin().connected(required_sid=known(0), server_requirements=known(4))
    yield "server_dies", begin().connected().request().event("end_process", 0, 0)
    yield "client_dies", begin().connected().datagram().request().event("end_process", 1, 1).receive().receive()
    yield "thread_dies", begin().connected().ask(1, "register_termination_port").request().event("end_thread", 1).receive()
    yield "close", begin().connected().event("close_handle", 1, 0).receive().event("close_handle", 0, 0)
    yield "disconnect", begin().connected().datagram().ask(0, "disconnect_port").ask(1, "disconnect_port", flags=1)
    yield "disconnect_listener", begin().connected().ask(0, "disconnect_port", handle=own(1)).ask(1, "connect_port")
    yield "end_connection", begin().connected().ask(0, "end_connection").receive(1, 0)
    yield "other_user", begin().event("start_process", FORMAT["of_other_user"]).ask(0, "create_port").ask(
        2, "connect_port").ask(0, "send_wait_receive").ask(0, "accept_port").ask(2, "send_wait_receive", 1)
    yield "no_sockets", begin().ask(0, "create_port").event("break_sockets").ask(0, "create_port", name=name(1)).event(
        "break_sockets").ask(1, "connect_port").event("break_sockets").ask(0, "send_wait_receive").ask(0, "accept_port")
    yield "ports", begin().connected().ask(1, "query_connection").ask(0, "query_port").ask(0, "set_port").ask(
        0, "query_object").ask(0, "query_thread").ask(0, "set_hard_error_port", handle=own(1))
    yield "adopt", begin().ask(0, "create_port").ask(1, "adopt_handle", descriptors=descriptors(client_end(0))).ask(
        1, "query_object").event("close_handle", 0, 0).event("close_handle", 1, 0)


def messages():
    yield "datagram", begin().connected().datagram().receive()
    yield "server_speaks", begin().connected().datagram(0).receive(1, 0)
    yield "request", begin().connected().request().receive().reply()
    yield "conversation", begin().connected().request().receive().reply(flags=0, has_receive=0).receive(1, 0).reply(1, 0)
    yield "callback", begin().connected().request().receive().ask(
        0, "send_wait_receive", 2, handle=own(1), message__message_id=own(0), message__callback_id=own(0))
    yield "cancel", begin().connected().datagram().ask(1, "cancel_message").request().ask(1, "cancel_message").receive().ask(
        0, "cancel_message", handle=own(1))
    yield "cancel_received", begin().connected().request().receive().ask(0, "cancel_message", handle=own(1)).receive(1, 0)
    yield "cancel_wait", begin().connected().request().ask(1, "cancel_wait", status=0xC0000120).receive()
    yield "too_small", begin().connected().datagram().receive(receive_capacity=8).receive()
    yield "waiting_receiver", begin().connected().ask(0, "send_wait_receive", timeout=-1, handle=own(1)).datagram()
    yield "time_out", begin().connected().request(timeout=10**9).event("pass_time", 2).receive()
    yield "context", begin().connected().datagram(
        send_attributes__valid=API["ALPC_MESSAGE_CONTEXT_ATTRIBUTE"], send_attributes__message_context=7).receive()
    yield "query_message", begin().connected().datagram().receive().ask(0, "query_message", handle=own(1))
    yield "work_ticket", begin().connected().datagram(
        send_attributes__valid=API["ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE"]).receive()
    yield "reserve", begin().connected().ask(1, "create_reserve").datagram(
        message__message_id=own(0)).ask(1, "delete_reserve")
    yield "direct", begin().connected().ask(1, "prepare_direct_event").datagram(
        send_attributes__valid=API["ALPC_MESSAGE_DIRECT_ATTRIBUTE"]).receive().ask(1, "query_direct", message_id=own(0))
    yield "references", begin().connected().ask(1, "wait_for_references").datagram(
        flags=API["ALPC_MSGFLG_RELEASE_MESSAGE"] | API["ALPC_MSGFLG_TRACK_PORT_REFERENCES"])
    yield "pool", begin().connected(port__max_pool_usage=60).datagram().datagram()
    yield "wait_ports", begin().connected().ask(0, "wait_ports", handles=handles(0, 1)).datagram().ask(
        0, "wait_ports", handles=handles(1), all=1).ask(0, "port_event", handle=own(1))
    yield "notes", begin().connected().ask(0, "associate_port", handle=own(1)).ask(0, "take_notes").datagram().ask(
        0, "take_notes").ask(0, "drop_association").event("close_handle", 0, 0)
    yield "impersonate", begin().connected().request().receive().ask(0, "alpc_impersonate", handle=own(1), message_id=own(0))
    yield "security_context", begin().connected().ask(1, "create_security_context").datagram(
        send_attributes__valid=API["ALPC_MESSAGE_SECURITY_ATTRIBUTE"], send_attributes__security_context=own(0)).receive().ask(
            0, "alpc_impersonate", handle=own(1), message_id=own(0)).ask(1, "delete_security_context")
    yield "token", begin().connected().ask(0, "present_token").datagram(0).ask(0, "present_token", of_process=1, handle=5, token=known(5)).ask(
        0, "present_token", token=text(b""))


def legacy():
    yield "lpc", begin().lpc_connected().ask(0, "lpc_finish_accept").ask(1, "lpc_message", 1).ask(
        0, "lpc_message", handle=own(1)).ask(0, "lpc_message", 2)
    yield "lpc_views", begin().lpc_connected(has_view=1, descriptors=descriptors(SEALED)).ask(
        0, "lpc_finish_accept", descriptors=descriptors(MEMORY)).ask(1, "lpc_view_mapped", base=0x10000)
    yield "lpc_refuse", begin().ask(0, "create_port", 1).ask(1, "lpc_connect_port").ask(0, "lpc_message").ask(
        0, "lpc_accept_port", accept=0, information=text(b"no"))
    yield "lpc_callback", begin().lpc_connected().ask(0, "lpc_finish_accept").ask(1, "lpc_message", 1).ask(
        0, "lpc_message", handle=own(1)).ask(0, "lpc_message", 3).ask(1, "lpc_message").ask(1, "lpc_message", 2)
    yield "lpc_impersonate", begin().lpc_connected().ask(0, "lpc_finish_accept").ask(1, "lpc_message", 1).ask(
        0, "lpc_message", handle=own(1)).ask(0, "lpc_impersonate")
    # One entry of PORT_DATA_INFORMATION: 16 bytes at 0x1000.
    entry = struct.pack("<IIQII", 1, 0, 0x1000, 16, 0)
    yield "request_data", begin().lpc_connected().ask(0, "lpc_finish_accept").ask(
        1, "lpc_message", 1, data=text(entry), message__data_length=len(entry), message__total_length=len(entry) + 40,
        message__data_info_offset=40).ask(0, "lpc_message", handle=own(1)).ask(0, "request_data", size=8).ask(
            1, "serve_data", data=text(b"8 bytes!"))
    yield "event_pair", begin().ask(0, "create_event_pair").ask(1, "open_event_pair").ask(1, "event_pair_memory").ask(
        0, "create_event_pair", attributes=0x80).ask(0, "query_security").ask(0, "set_security", security_descriptor=known(4))
    yield "permanent", begin().ask(0, "create_event_pair", attributes=0x10).event("close_handle", 0, 0).ask(1, "open_event_pair")
    yield "mirror", begin().ask(0, "create_event_pair", name=text("\\RPC Control\\d\\e".encode("utf-16-le")), root__known=14)


def objects_and_views():
    handle = API["ALPC_MESSAGE_HANDLE_ATTRIBUTE"]
    view = API["ALPC_MESSAGE_VIEW_ATTRIBUTE"]
    yield "pass_file", begin().connected().ask(1, "attach_handles", descriptors=descriptors(NULL)).datagram(
        send_attributes__valid=handle).receive().ask(0, "query_handle", handle=own(1)).ask(0, "handles_taken")
    yield "pass_port", begin().connected().ask(
        1, "attach_handles", objects=objects(31, 0), descriptors=descriptors(client_end(1))).datagram(
            send_attributes__valid=handle).receive().ask(0, "query_handle", handle=own(1))
    windows = FORMAT["of_windows"]
    keeping = (begin().event("start_process", windows).event("start_process", windows).ask(2, "create_port")
               .ask(3, "connect_port").ask(2, "send_wait_receive").ask(2, "accept_port")
               .event("start_thread", 2).ask(4, "keep_handles", results=text(b"")))
    yield "keeper", keeping.ask(3, "attach_handles", 1, objects=objects(4, 7)).ask(4, "keep_handles").ask(
        3, "send_wait_receive", 1, send_attributes__valid=handle).ask(2, "send_wait_receive", handle=own(1)).ask(
            2, "query_handle", handle=own(1)).ask(2, "handles_taken")
    yield "view", begin().connected().ask(1, "create_section").ask(1, "create_view").datagram(
        send_attributes__valid=view, send_attributes__view=own(0), send_attributes__view_section=own(0),
        send_attributes__view_size=0x1000, send_attributes__view_flags=API["ALPC_VIEWFLG_AUTO_RELEASE"]).receive().ask(
            0, "delete_view").ask(1, "delete_section").ask(1, "serve_views")
    yield "secure_view", begin().connected().ask(1, "create_section", secure=1).ask(1, "create_view").ask(
        1, "secure_view").ask(1, "unsecure_view").ask(1, "flush_views")
    yield "program_section", begin().connected().ask(1, "create_section", descriptors=descriptors(MEMORY)).ask(
        1, "create_view").ask(1, "delete_view", handle=0)
    yield "completion_list", begin().connected().ask(0, "register_completion_list", handle=own(1)).ask(
        0, "fetch_completion_list", handle=own(1)).datagram().ask(
            0, "fetch_completion_list", handle=own(1), published=1, wake=1).ask(
                0, "send_wait_receive", handle=own(1), list_posts=1).ask(0, "control_completion_list", handle=own(1))
    yield "full_list", begin().connected().ask(0, "register_completion_list", handle=own(1)).datagram().ask(
        0, "fetch_completion_list", handle=own(1), room=8).ask(0, "fetch_completion_list", handle=own(1), room=8, blocked=1).ask(
            0, "control_completion_list", handle=own(1), action=2)


def looking():
    yield "trace", begin().ask(0, "trace_start").connected().datagram().receive().ask(0, "trace_read", timeout=0).ask(
        0, "trace_read", at_least=1).datagram()
    yield "inspect", begin().connected().datagram().ask(0, "inspect").ask(0, "inspect_more").ask(0, "server_status")
    yield "check_access", begin().ask(0, "create_port").ask(0, "check_access", sid=known(0))
    yield "raw", begin().event("raw_packet", 0, CODES.index("server_status"), 0, 0).event("raw_packet", 1, 0xFF, 0xFF, 2, 1, 2)
    yield "two_requests", begin().connected().request().event("trouble_thread", 1, CODES.index("query_port"), 0, 0)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: requests_fuzz_seeds.py DIRECTORY")
    seeds = Seeds(sys.argv[1])
    for group in (connections, messages, legacy, objects_and_views, looking):
        for title, conversation in group():
            seeds.add(title, bytes(conversation.data))
    for code, request in enumerate(CODES):
        for thread in (0, 1):
            seeds.word([code, thread, 0, 0])
        changes = {field: own(0) for field in places(request) if field == "handle"}
        seeds.word(bytes(Conversation().ask(0, request, 0, **changes).data))
    for step in ("start_process", "start_thread", "end_thread", "end_process", "pass_time", "close_handle"):
        seeds.word([FORMAT[step], 1])
    for number in dict.fromkeys(API.values()):
        if number >= 0x100:
            seeds.words_of_number(number, 4)
    seeds.finish()


if __name__ == "__main__":
    main()
