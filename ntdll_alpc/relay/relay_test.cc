// SPDX-License-Identifier: LGPL-2.1-or-later
// What a relay trace says: values by name, bad memory, calls through closures, and which calls it leaves out.
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/bad_memory_test_support.h"
#include "core/no_growing_files_test_support.h"
#include "ntalpc/status.h"
#include "relay/closures.h"
#include "relay/decode.h"
#include "relay/relay.h"
#include "relay/unwind_frames.h"
#include "relay/values.h"

namespace ntalpc::relay {
namespace {

const RelayCall& call_named(std::string_view name) {
    const auto calls = relay_calls();
    return *std::ranges::find_if(calls, [&](const RelayCall& call) { return call.name == name; });
}

template <class T>
std::uint64_t value_of(T value) {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<std::uintptr_t>(value);
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

struct Message {
    PORT_MESSAGE header{};
    char data[8] = "hi\1";
};

TEST(RelayValues, AreShownByName) {
    EXPECT_EQ(named_text(0x30001, NameSet::ALPC_MSGFLG),
              "ALPC_MSGFLG_REPLY_MESSAGE|ALPC_MSGFLG_RELEASE_MESSAGE|ALPC_MSGFLG_SYNC_REQUEST");
    EXPECT_EQ(named_text(0x8000004, NameSet::ALPC_MSGFLG), "0x8000004");
    EXPECT_EQ(named_text(0, NameSet::ALPC_MSGFLG), "0");
    EXPECT_EQ(named_text(2, NameSet::SECURITY_IMPERSONATION_LEVEL), "SecurityImpersonation");
    EXPECT_EQ(named_text(0, NameSet::ALPC_PORT_INFORMATION_CLASS), "AlpcBasicInformation");
    EXPECT_EQ(named_text(99, NameSet::ALPC_PORT_INFORMATION_CLASS), "99");
    EXPECT_EQ(message_type_text(LPC_REQUEST | LPC_CONTINUATION_REQUIRED),
              "LPC_REQUEST|LPC_CONTINUATION_REQUIRED");
    EXPECT_EQ(status_text(STATUS_PORT_DISCONNECTED), "STATUS_PORT_DISCONNECTED");
}

TEST(RelayValues, TimesStringsAndSids) {
    LARGE_INTEGER limit;
    limit.QuadPart = -15000;
    EXPECT_EQ(timeout_text(value_of(&limit)), "1.5 ms");
    char16_t name[] = u"\\a\n\"\u00E4";
    const UNICODE_STRING string = {10, 10, name};
    EXPECT_EQ(string_text(value_of(&string)), "\"\\a\\x000a\\\"\xC3\xA4\"");
    const unsigned char sid[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 33, 2, 0, 0};
    EXPECT_EQ(sid_text(value_of(sid)), "S-1-5-32-545");
}

TEST(RelayValues, ASendIsShownWithItsMessageAndAttributes) {
    Message message;
    message.header.u1.s1 = {3, 43};
    message.header.u2.s2.Type = LPC_REPLY;
    message.header.MessageId = 0x1c;
    struct {
        ALPC_MESSAGE_ATTRIBUTES header{ALPC_MESSAGE_VIEW_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE,
                                       ALPC_MESSAGE_VIEW_ATTRIBUTE};
        ALPC_DATA_VIEW_ATTR view{ALPC_VIEWFLG_AUTO_RELEASE, nullptr, nullptr, 4096};
        ALPC_CONTEXT_ATTR context{};
    } attributes;
    const std::uint64_t values[] = {
        0x34, ALPC_MSGFLG_RELEASE_MESSAGE, value_of(&message), value_of(&attributes), 0, 0, 0, 0};
    EXPECT_EQ(
        arguments_text(call_named("NtAlpcSendWaitReceivePort"), values),
        "PortHandle=0x34, Flags=ALPC_MSGFLG_RELEASE_MESSAGE, SendMessage={Type=LPC_REPLY, DataLength=3, "
        "TotalLength=43, Client=0:0, MessageId=0x1c, CallbackId=0, Data=\"hi.\"}, "
        "SendMessageAttributes={Allocated=ALPC_MESSAGE_VIEW_ATTRIBUTE|ALPC_MESSAGE_CONTEXT_ATTRIBUTE, "
        "Valid=ALPC_MESSAGE_VIEW_ATTRIBUTE, View={Flags=ALPC_VIEWFLG_AUTO_RELEASE, SectionHandle=NULL, "
        "ViewBase=NULL, ViewSize=4096}}, ReceiveMessage=NULL, BufferLength=NULL, "
        "ReceiveMessageAttributes=NULL, Timeout=NULL");
}

TEST(RelayValues, BadMemoryIsSaidToBeUnreadable) {
    BadMemory memory;
    const auto bad = value_of(memory.missing());
    for (const RelayCall& call : relay_calls()) {
        std::uint64_t values[kMaxArguments];
        std::ranges::fill(values, bad);
        for (const std::string& text : {arguments_text(call, values), outputs_text(call, values, 0)}) {
            const bool shows_memory = text.find('{') != text.npos || text.find('"') != text.npos;
            EXPECT_FALSE(shows_memory) << call.name << ": " << text;
        }
    }
    // A message whose header is at the end of what can be read.
    PORT_MESSAGE header{};
    header.u1.s1.DataLength = 4000;
    const PORT_MESSAGE* const last = memory.cut_off(header, sizeof(header));
    const std::uint64_t values[] = {0x34, value_of(last)};
    EXPECT_NE(arguments_text(call_named("NtRequestPort"), values).find("Data=<unreadable>"),
              std::string::npos);
}

TEST(RelayValues, OutputsOfAFailedCallAreOnlyLengths) {
    HANDLE handle = reinterpret_cast<HANDLE>(0x44);
    SIZE_T length = 77;
    std::uint64_t values[11] = {value_of(&handle)};
    values[7] = value_of(&length);
    const RelayCall& connect = call_named("NtAlpcConnectPort");
    EXPECT_EQ(outputs_text(connect, values, STATUS_SUCCESS), "PortHandle=0x44, BufferLength=77");
    EXPECT_EQ(outputs_text(connect, values, static_cast<std::uint32_t>(STATUS_BUFFER_TOO_SMALL)),
              "BufferLength=77");
}

TEST(RelayPatterns, MatchListsWithExceptions) {
    EXPECT_TRUE(Patterns("").match("anything"));
    EXPECT_TRUE(Patterns("NtAlpc*,Tp*").match("TpReleaseAlpcCompletion"));
    EXPECT_FALSE(Patterns("NtAlpc*").match("NtReplyPort"));
    EXPECT_FALSE(Patterns("Nt*,-*Reply*").match("NtReplyPort"));
    EXPECT_TRUE(Patterns("-*Reply*").match("NtListenPort"));
    EXPECT_TRUE(Patterns("RPCRT4.dll").match("rpcrt4.DLL"));
}

// ---- Closures ----

std::vector<CallRecord> told;
bool shows = true;
__attribute__((ms_abi)) void note(CallRecord* record) {
    told.push_back(*record);
    record->shown = shows;
}

std::uint64_t got[11];
__attribute__((ms_abi)) NTSTATUS connect(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                                         std::uint32_t e, std::uint64_t f, std::uint64_t g, std::uint64_t h,
                                         std::uint64_t i, std::uint64_t j, std::uint64_t k) {
    const std::uint64_t all[] = {a, b, c, d, e, f, g, h, i, j, k};
    std::ranges::copy(all, got);
    return STATUS_PORT_DISCONNECTED;
}
__attribute__((ms_abi)) std::uint32_t nothing() {
    return 0xFFFF;
}

TEST(RelayClosures, PassArgumentsAndResults) {
    told.clear();
    void* const code = make_closure(call_named("NtAlpcConnectPort"), reinterpret_cast<void*>(&connect), note);
    ASSERT_NE(code, nullptr);
    const auto status =
        reinterpret_cast<decltype(&connect)>(code)(1, 2, 3, 4, 0x80000005, 6, 7, 8, 9, 10, 11);
    EXPECT_EQ(status, STATUS_PORT_DISCONNECTED);
    const std::uint64_t wanted[] = {1, 2, 3, 4, 0x80000005, 6, 7, 8, 9, 10, 11};
    EXPECT_TRUE(std::ranges::equal(got, wanted));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_FALSE(told[0].ended);
    EXPECT_TRUE(std::equal(std::begin(wanted), std::end(wanted), told[0].values));
    EXPECT_TRUE(told[1].ended);
    EXPECT_EQ(static_cast<NTSTATUS>(told[1].result), STATUS_PORT_DISCONNECTED);
}

TEST(RelayClosures, SayNothingOfTheEndOfWhatIsNotShown) {
    told.clear();
    shows = false;
    void* const code =
        make_closure(call_named("AlpcMaxAllowedMessageLength"), reinterpret_cast<void*>(&nothing), note);
    EXPECT_EQ(reinterpret_cast<decltype(&nothing)>(code)(), 0xFFFFu);
    EXPECT_EQ(told.size(), 1u);
    shows = true;
}

[[gnu::noinline]] std::uint32_t call_it(void* code, const void** here) {
    const auto result = reinterpret_cast<decltype(&nothing)>(code)();
    *here = __builtin_return_address(0);
    return result;
}

TEST(RelayClosures, KnowTheCallerEvenWithoutArguments) {
    told.clear();
    void* const code =
        make_closure(call_named("AlpcMaxAllowedMessageLength"), reinterpret_cast<void*>(&nothing), note);
    ASSERT_NE(code, nullptr);
    const void* after = nullptr;
    EXPECT_EQ(call_it(code, &after), 0xFFFFu);
    ASSERT_EQ(told.size(), 2u);
    const auto start = reinterpret_cast<std::uintptr_t>(&call_it), at = value_of(told[0].caller);
    EXPECT_GT(at, start);
    EXPECT_LT(at, start + 256);
}

TEST(RelayClosures, FramesOfLibffiAreFound) {
    const FrameTable& table = frame_table();
    ASSERT_EQ(table.count, 2u);
    EXPECT_LT(table.functions[0].end, table.functions[1].begin);
    for (const RuntimeFunction& function : table.functions) {
        Dl_info here;
        ASSERT_NE(dladdr(reinterpret_cast<void*>(table.base + function.begin), &here), 0);
        EXPECT_NE(std::string_view(here.dli_fname).find("libffi"), std::string_view::npos);
    }
}

TEST(RelayClosures, ExistForEveryCall) {
    for (const RelayCall& call : relay_calls()) {
        ASSERT_LE(call.arguments.size(), kMaxArguments);
        EXPECT_NE(make_closure(call, reinterpret_cast<void*>(&nothing), note), nullptr) << call.name;
    }
}

// ---- Lines ----

class RelayLines : public testing::Test {
  protected:
    // What is written about a call from `module`.
    std::string lines(const char* modules, const std::string& module) {
        char path[] = "/tmp/relay-XXXXXX";
        UniqueFd file(mkstemp(path));
        const Relay relay{Patterns(""), Patterns(modules), std::move(file)};
        CallRecord record;
        record.call = &call_named("NtListenPort");
        record.values[0] = 0x30;
        const auto caller = [&](const void*) { return Caller{"0020:0024", module, 0x123}; };
        relay.tell(record, caller);
        if (!record.shown) return text_of(path);
        record.ended = true;
        record.result = static_cast<std::uint32_t>(STATUS_INVALID_HANDLE);
        relay.tell(record, caller);
        return text_of(path);
    }
    static std::string text_of(const char* path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        unlink(path);
        return text.str();
    }
};

TEST_F(RelayLines, HaveTheCallerAndTheStatus) {
    const std::string text = lines("", "x.exe");
    EXPECT_TRUE(text.starts_with(
        "0020:0024 Call NtListenPort(PortHandle=0x30, ConnectionRequest=NULL) from x.exe+0x123\n"
        "0020:0024 Ret  NtListenPort = STATUS_INVALID_HANDLE after 0.0"))
        << text;
}

TEST_F(RelayLines, AreLeftOutForOtherModules) {
    EXPECT_EQ(lines("rpcrt4.dll", "x.exe"), "");
    EXPECT_NE(lines("rpcrt4.dll", "rpcrt4.dll"), "");
}

TEST_F(RelayLines, GetLostWhereFilesMustNotGrow) {
    std::string text;
    {
        const NoGrowingFiles limit;
        text = lines("", "x.exe");
    }
    EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace ntalpc::relay
