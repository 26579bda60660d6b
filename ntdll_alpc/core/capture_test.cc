// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading arguments: bad memory of every kind, structures that contradict themselves, times at their
// extremes.
#include "core/capture.h"

#include <array>
#include <cstring>
#include <limits>

#include "core/attributes.h"
#include "core/bad_memory_test_support.h"

namespace ntalpc::core {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

class CaptureTest : public testing::Test {
  protected:
    static UNICODE_STRING string_of(char16_t* text, USHORT bytes) { return {bytes, bytes, text}; }
    BadMemory memory_;
};

// ---- Probing ----

TEST_F(CaptureTest, ProbingKeepsTheContent) {
    std::array<char, 3 * BadMemory::kPage> bytes;
    bytes.fill(0x5A);
    EXPECT_EQ(probe_for_write(bytes.data(), bytes.size()), STATUS_SUCCESS);
    for (const char byte : bytes) ASSERT_EQ(byte, 0x5A);
}

TEST_F(CaptureTest, ProbingFindsEveryPage) {
    EXPECT_EQ(probe_for_write(memory_.writable(), BadMemory::kPage), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_write(memory_.writable(), BadMemory::kPage + 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_write(memory_.read_only(), 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_write(memory_.missing(), 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_write(nullptr, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_write(nullptr, 0), STATUS_SUCCESS);
    EXPECT_EQ(probe_for_write(memory_.writable(), std::numeric_limits<std::size_t>::max()),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(probe_for_write(reinterpret_cast<void*>(~std::uintptr_t{7}), 8), STATUS_ACCESS_VIOLATION);
}

// ---- Strings and names ----

TEST_F(CaptureTest, AStringIsCopied) {
    char16_t text[] = u"abc";
    const UNICODE_STRING string = string_of(text, 6);
    std::u16string captured;
    EXPECT_EQ(capture_string(&string, &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured, u"abc");
}

TEST_F(CaptureTest, AnEmptyStringNeedsNoBuffer) {
    const UNICODE_STRING string = string_of(nullptr, 0);
    std::u16string captured = u"before";
    EXPECT_EQ(capture_string(&string, &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured, u"");
}

TEST_F(CaptureTest, StringsThatAreNotThere) {
    std::u16string captured;
    for (const UNICODE_STRING* bad :
         {static_cast<UNICODE_STRING*>(nullptr), memory_.missing<UNICODE_STRING>(),
          memory_.straddling<UNICODE_STRING>(8)})
        EXPECT_EQ(capture_string(bad, &captured), STATUS_ACCESS_VIOLATION);
    for (char16_t* bad :
         {static_cast<char16_t*>(nullptr), memory_.missing<char16_t>(), memory_.straddling<char16_t>(4)}) {
        const UNICODE_STRING string = string_of(bad, 6);
        EXPECT_EQ(capture_string(&string, &captured), STATUS_ACCESS_VIOLATION);
    }
}

TEST_F(CaptureTest, AStringOfOddLengthIsNoName) {
    char16_t text[] = u"abc";
    const UNICODE_STRING string = string_of(text, 5);
    std::u16string captured;
    EXPECT_EQ(capture_string(&string, &captured), STATUS_OBJECT_NAME_INVALID);
}

TEST_F(CaptureTest, ObjectAttributesAreChecked) {
    char16_t text[] = u"\\x";
    UNICODE_STRING string = string_of(text, 4);
    OBJECT_ATTRIBUTES good;
    InitializeObjectAttributes(&good, &string, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    const auto status = [](const OBJECT_ATTRIBUTES& attributes) {
        ObjectName name;
        return capture_object_attributes(&attributes, &name);
    };
    EXPECT_EQ(status(good), STATUS_SUCCESS);
    OBJECT_ATTRIBUTES bad = good;
    bad.Length = sizeof(bad) - 1;
    EXPECT_EQ(status(bad), STATUS_INVALID_PARAMETER);
    bad = good;
    bad.Attributes = 1;
    EXPECT_EQ(status(bad), STATUS_INVALID_PARAMETER);
    bad = good;
    bad.RootDirectory = reinterpret_cast<HANDLE>(4);
    EXPECT_EQ(status(bad), STATUS_OBJECT_PATH_SYNTAX_BAD) << "an absolute name below a directory";
    bad = good;
    bad.ObjectName = memory_.missing<UNICODE_STRING>();
    EXPECT_EQ(status(bad), STATUS_ACCESS_VIOLATION);
    ObjectName name;
    EXPECT_EQ(capture_object_attributes(memory_.straddling<OBJECT_ATTRIBUTES>(16), &name),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture_object_attributes(nullptr, &name), STATUS_SUCCESS);
    EXPECT_TRUE(name.path.empty());
}

TEST_F(CaptureTest, APortIsNoDirectory) {
    char16_t text[] = u"x";
    UNICODE_STRING string = string_of(text, 2);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &string, 0, reinterpret_cast<HANDLE>(0x7FFC), nullptr);
    ObjectName name;
    EXPECT_EQ(capture_object_attributes(&attributes, &name), STATUS_INVALID_HANDLE);
}

// ---- SIDs ----

TEST_F(CaptureTest, SidsAreChecked) {
    std::array<std::uint8_t, 12> sid = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
    std::vector<std::byte> captured;
    EXPECT_EQ(capture_sid(sid.data(), &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured.size(), sid.size());
    EXPECT_EQ(capture_sid(nullptr, &captured), STATUS_SUCCESS);
    EXPECT_TRUE(captured.empty());
    sid[0] = 2;
    EXPECT_EQ(capture_sid(sid.data(), &captured), STATUS_INVALID_SID);
    sid[0] = 1;
    sid[1] = 16;
    EXPECT_EQ(capture_sid(sid.data(), &captured), STATUS_INVALID_SID);
    EXPECT_EQ(capture_sid(memory_.missing(), &captured), STATUS_ACCESS_VIOLATION);
    sid[1] = 1;
    EXPECT_EQ(capture_sid(memory_.cut_off(sid, 8), &captured), STATUS_ACCESS_VIOLATION);
}

// ---- Times ----

std::int64_t nanoseconds_of(std::int64_t units) {
    LARGE_INTEGER time;
    time.QuadPart = units;
    std::int64_t result = -2;
    EXPECT_EQ(capture_timeout(&time, &result), STATUS_SUCCESS);
    return result;
}

TEST_F(CaptureTest, TimesBecomeNanosecondsFromNow) {
    std::int64_t result;
    EXPECT_EQ(capture_timeout(nullptr, &result), STATUS_SUCCESS);
    EXPECT_EQ(result, -1);
    EXPECT_EQ(nanoseconds_of(0), 0);
    EXPECT_EQ(nanoseconds_of(-1), 100);
    EXPECT_EQ(nanoseconds_of(-10'000'000), 1'000'000'000);
    EXPECT_EQ(nanoseconds_of(1), 0) << "the year 1601";
}

TEST_F(CaptureTest, TimesTooLongForNanosecondsAreForEver) {
    EXPECT_EQ(nanoseconds_of(-(kMost / 100)), kMost / 100 * 100);
    EXPECT_EQ(nanoseconds_of(-(kMost / 100) - 1), -1);
    EXPECT_EQ(nanoseconds_of(kLeast), -1);
    EXPECT_EQ(nanoseconds_of(kLeast + 1), -1);
    EXPECT_EQ(nanoseconds_of(kMost), -1);
}

TEST_F(CaptureTest, TimesThatAreNotThere) {
    std::int64_t result;
    EXPECT_EQ(capture_timeout(memory_.missing<LARGE_INTEGER>(), &result), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture_timeout(memory_.straddling<LARGE_INTEGER>(4), &result), STATUS_ACCESS_VIOLATION);
}

// ---- Messages ----

TEST_F(CaptureTest, LengthsOfMessagesAreUnsigned) {
    PORT_MESSAGE message{};
    message.u1.s1.DataLength = -2;
    message.u1.s1.TotalLength = -1;
    CapturedMessage captured;
    EXPECT_EQ(capture_message(&message, &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured.header.data_length, 0xFFFE);
    EXPECT_EQ(captured.header.total_length, 0xFFFF);
    EXPECT_EQ(captured.data.size(), 0xFFFEu);
    EXPECT_EQ(captured.data.data(), reinterpret_cast<const std::byte*>(&message + 1));
}

TEST_F(CaptureTest, MessagesThatAreNotThere) {
    CapturedMessage captured;
    EXPECT_EQ(capture_message(nullptr, &captured), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture_message(memory_.straddling<PORT_MESSAGE>(sizeof(PORT_MESSAGE) - 1), &captured),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture_message(memory_.straddling<PORT_MESSAGE>(sizeof(PORT_MESSAGE)), &captured),
              STATUS_SUCCESS);
}

TEST_F(CaptureTest, MessagesAreWrittenWhereThereIsMemory) {
    wire::PortMessage header;
    header.data_length = 8;
    header.total_length = sizeof(PORT_MESSAGE) + 8;
    header.message_id = 8;
    const std::array<std::byte, 8> data{};
    constexpr std::size_t size = sizeof(PORT_MESSAGE) + 8;
    auto* const place = memory_.last_writable<PORT_MESSAGE>(size);
    EXPECT_EQ(write_message(place, header, data), STATUS_SUCCESS);
    EXPECT_EQ(place->MessageId, 8u);
    EXPECT_EQ(write_message(memory_.last_writable<PORT_MESSAGE>(size - 1), header, data),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(write_message(memory_.read_only<PORT_MESSAGE>(), header, data), STATUS_ACCESS_VIOLATION);
}

// ---- Message attributes ----

class AttributeBuffer {
  public:
    explicit AttributeBuffer(std::uint32_t allocated) { get()->AllocatedAttributes = allocated; }
    ALPC_MESSAGE_ATTRIBUTES* get() { return reinterpret_cast<ALPC_MESSAGE_ATTRIBUTES*>(bytes_.data()); }
    ALPC_CONTEXT_ATTR* context() {
        return static_cast<ALPC_CONTEXT_ATTR*>(attributes::find(get(), ALPC_MESSAGE_CONTEXT_ATTRIBUTE));
    }

  private:
    alignas(8) std::array<std::byte, 256> bytes_{};
};

TEST_F(CaptureTest, OnlyValidAttributesAreSent) {
    AttributeBuffer buffer(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    buffer.context()->MessageContext = reinterpret_cast<PVOID>(0x1234);
    wire::MessageAttributes captured;
    EXPECT_EQ(capture_send_attributes(buffer.get(), &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured.valid, 0u);
    EXPECT_EQ(captured.message_context, 0u);
    buffer.get()->ValidAttributes = 0xFFFFFFFF;
    EXPECT_EQ(capture_send_attributes(buffer.get(), &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured.valid, unsigned{ALPC_MESSAGE_CONTEXT_ATTRIBUTE})
        << "only what is allocated can be valid";
    EXPECT_EQ(captured.message_context, 0x1234u);
    EXPECT_EQ(capture_send_attributes(nullptr, &captured), STATUS_SUCCESS);
}

TEST_F(CaptureTest, AttributesThatAreNotThere) {
    wire::MessageAttributes captured;
    EXPECT_EQ(capture_send_attributes(memory_.missing<ALPC_MESSAGE_ATTRIBUTES>(), &captured),
              STATUS_ACCESS_VIOLATION);
    const ALPC_MESSAGE_ATTRIBUTES header = {ALPC_MESSAGE_CONTEXT_ATTRIBUTE, ALPC_MESSAGE_CONTEXT_ATTRIBUTE};
    EXPECT_EQ(capture_send_attributes(memory_.cut_off(header, sizeof(header)), &captured),
              STATUS_ACCESS_VIOLATION)
        << "the header is there, the attribute is not";
    EXPECT_EQ(capture_receive_attributes(memory_.cut_off(header, sizeof(header)), &captured),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture_receive_attributes(memory_.read_only<ALPC_MESSAGE_ATTRIBUTES>(), &captured),
              STATUS_ACCESS_VIOLATION);
}

TEST_F(CaptureTest, UnknownAttributesTakeNoRoom) {
    auto* const header = memory_.last_writable<ALPC_MESSAGE_ATTRIBUTES>();
    *header = {0x01FFFFFF, 0};
    wire::MessageAttributes captured;
    EXPECT_EQ(capture_receive_attributes(header, &captured), STATUS_SUCCESS);
    EXPECT_EQ(captured.allocated, 0u);
}

TEST_F(CaptureTest, ReceivedAttributesGoToTheirPlaces) {
    AttributeBuffer buffer(ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE);
    wire::MessageAttributes received;
    received.allocated = buffer.get()->AllocatedAttributes;
    received.valid = ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE;
    received.port_context = 1;
    received.message_context = 2;
    received.sequence = 3;
    received.token_id = 0x500000004;
    EXPECT_EQ(write_received_attributes(buffer.get(), received, {}), STATUS_SUCCESS);
    EXPECT_EQ(buffer.get()->ValidAttributes, received.valid);
    EXPECT_EQ(buffer.context()->PortContext, reinterpret_cast<PVOID>(1));
    EXPECT_EQ(buffer.context()->MessageContext, reinterpret_cast<PVOID>(2));
    EXPECT_EQ(buffer.context()->Sequence, 3u);
    const auto* const token =
        static_cast<ALPC_TOKEN_ATTR*>(attributes::find(buffer.get(), ALPC_MESSAGE_TOKEN_ATTRIBUTE));
    EXPECT_EQ(token->TokenId.LowPart, 4u);
    EXPECT_EQ(token->TokenId.HighPart, 5);
    EXPECT_EQ(write_received_attributes(nullptr, received, {}), STATUS_SUCCESS);
}

}  // namespace
}  // namespace ntalpc::core
