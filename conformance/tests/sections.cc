// SPDX-License-Identifier: LGPL-2.1-or-later
// Port sections and the views that their makers have of them.
#include "conformance/harness/lpc.h"
#include "conformance/harness/views.h"

namespace ntalpc::conformance {
namespace {

ALPC_TEST(Sections, SizeIsRoundedUpTo64Kilobytes, "V01", "CSK", high) {
    Port port = create_port(port_name());
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 1000));
    EXPECT_NE(section.handle, nullptr);
    EXPECT_EQ(section.size, granularity);
}

ALPC_TEST(Sections, RoundSizesAreRoundedUpToo, "V02", "CSK", high) {
    Port port = create_port(port_name());
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 1024));
    EXPECT_EQ(section.size, granularity);
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, granularity));
    EXPECT_EQ(section.size, granularity);
}

ALPC_TEST(Sections, ActualSizeIsWhatViewsMayHave, "V03", "CSK", high) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 1024));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, 20 * 1024, &view));
    EXPECT_EQ(view.ViewSize, SIZE_T{20480});
    EXPECT_NE(view.ViewBase, nullptr);
}

ALPC_TEST(Sections, ViewOfAClientsSectionIsReadAndWritten, "V04", "P4W test_view_alpc", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(connection.client, made, 0x4000, 0x5C));
    EXPECT_EQ(made.view.Flags, 0u);
    EXPECT_EQ(made.view.ViewSize, SIZE_T{0x4000});
    EXPECT_EQ(reinterpret_cast<ULONG_PTR>(made.view.ViewBase) % granularity, ULONG_PTR{0});
    EXPECT_EQ(access_to(made.view.ViewBase), Access::write);
    EXPECT_TRUE(is_filled(made.view, 0x5C));
}

ALPC_TEST(Sections, NewMemoryIsZero, "8.1", "memory manager", high) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 3 * page));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, 3 * page, &view));
    EXPECT_TRUE(is_filled(view, 0));
}

ALPC_TEST(Sections, UnknownFlagsAreRejected, "V08", "PHNT", medium) {
    Port port = create_port(port_name());
    PortSection section;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create_section(port, &section, page, 0x1));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create_section(port, &section, page, 0x20000));
}

ALPC_TEST(Sections, SecureSectionHasOwnMemory, "V09", "PHNT", medium) {
    Port port = create_port(port_name());
    lpc::Section object(granularity);
    PortSection section;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  create_section(port, &section, page, secure_section, object.get()));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create_section(port, &section, 0, secure_section));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create_section(port, &section, 0));
}

ALPC_TEST(Sections, ViewBaseIsZeroOnInput, "V16", "PHNT remark", medium) {
    Port port = create_port(port_name());
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, page));
    ALPC_DATA_VIEW_ATTR view{};
    view.SectionHandle = section.handle;
    view.ViewSize = page;
    view.ViewBase = &view;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcCreateSectionView(port.get(), ULONG{0}, &view));
}

ALPC_TEST(Sections, ViewFlagsAreZeroOnInput, "V17", "PHNT remark", medium) {
    Port port = create_port(port_name());
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, page));
    ALPC_DATA_VIEW_ATTR view{};
    view.SectionHandle = section.handle;
    view.ViewSize = page;
    view.Flags = ALPC_VIEWFLG_AUTO_RELEASE;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcCreateSectionView(port.get(), ULONG{0}, &view));
    view.Flags = 0;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcCreateSectionView(port.get(), ULONG{1}, &view));
}

ALPC_TEST(Sections, SizeOfAViewIsRoundedUpToPages, "8.2", "ROST (rounded, unit inferred)", low) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, page));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, 1, &view));
    EXPECT_EQ(view.ViewSize, page);
}

ALPC_TEST(Sections, SeveralViewsOfOneSectionAreApart, "8.2", "OVMM comment (section heap)", medium) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 2 * granularity));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, page, &first));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, page, &second));
    std::memset(first.ViewBase, 1, page);
    std::memset(second.ViewBase, 2, page);
    EXPECT_TRUE(is_filled(first, 1));
    EXPECT_TRUE(is_filled(second, 2));
}

ALPC_TEST(Sections, RegionsOfASectionRunOut, "8.2", "INF", low) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, granularity));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, page, &first));
    EXPECT_STATUS(STATUS_NO_MEMORY, create_view(port, section, page, &second));
    ASSERT_STATUS(STATUS_SUCCESS, delete_view(port, first.ViewBase));
    EXPECT_STATUS(STATUS_SUCCESS, create_view(port, section, page, &second));
}

ALPC_TEST(Sections, ViewLargerThanItsSection, "8.2", "INF", low) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, granularity));
    EXPECT_STATUS(STATUS_INVALID_VIEW_SIZE, create_view(port, section, granularity + 1, &view));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, create_view(port, section, 0, &view));
}

ALPC_TEST(Sections, LimitsOfThePortHold, "8.1", "WI, statuses inferred", low) {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    attributes.MaxSectionSize = 2 * granularity;
    attributes.MaxTotalSectionSize = 3 * granularity;
    attributes.MaxViewSize = granularity;
    Port port = create_port(port_name(), attributes);
    PortSection section, second;
    ALPC_DATA_VIEW_ATTR view;
    EXPECT_STATUS(STATUS_SECTION_TOO_BIG, create_section(port, &section, 2 * granularity + 1));
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 2 * granularity));
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED, create_section(port, &second, granularity + 1));
    EXPECT_STATUS(STATUS_SUCCESS, create_section(port, &second, granularity));
    EXPECT_STATUS(STATUS_INVALID_VIEW_SIZE, create_view(port, section, granularity + 1, &view));
    EXPECT_STATUS(STATUS_SUCCESS, create_view(port, section, granularity, &view));
    // What is deleted does not count any more.
    ASSERT_STATUS(STATUS_SUCCESS, delete_section(port, second));
    EXPECT_STATUS(STATUS_SUCCESS, create_section(port, &second, granularity));
}

ALPC_TEST(Sections, LimitsOfZeroAreNone, "4.1", "TERM and UA leave them zero", low) {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = 0x1000;
    Port port = create_port(port_name(), attributes);
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, 5 * granularity, 0x11));
}

ALPC_TEST(Sections, SectionTooLargeForAnyAddressSpace, "8.1", "INF", low) {
    Port port = create_port(port_name());
    PortSection section;
    EXPECT_STATUS(STATUS_SECTION_TOO_BIG, create_section(port, &section, ~SIZE_T{0}));
}

ALPC_TEST(Sections, SectionIsDeletedOnce, "8.4", "INF", low) {
    Port port = create_port(port_name());
    PortSection section;
    ALPC_DATA_VIEW_ATTR view;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, page));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcDeletePortSection(port.get(), ULONG{1}, section.handle));
    EXPECT_STATUS(STATUS_SUCCESS, delete_section(port, section));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, delete_section(port, section));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, create_view(port, section, page, &view));
}

ALPC_TEST(Sections, SectionOfAnotherPortIsNone, "8.1", "INF", low) {
    Port port = create_port(port_name());
    Port other = create_port(port_name("2"));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, page, 0x42));
    ALPC_DATA_VIEW_ATTR view;
    EXPECT_STATUS(STATUS_INVALID_HANDLE, create_view(other, made.section, page, &view));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, delete_view(other, made.view.ViewBase));
}

ALPC_TEST(Sections, ViewOutlivesItsSection, "8.4", "OVMM (the region survives)", medium) {
    Port port = create_port(port_name());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, page, 0x42));
    ASSERT_STATUS(STATUS_SUCCESS, delete_section(port, made.section));
    EXPECT_TRUE(is_filled(made.view, 0x42));
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(port, made.view.ViewBase));
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
}

ALPC_TEST(Sections, ViewIsDeletedOnce, "8.4", "INF", low) {
    Port port = create_port(port_name());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, 2 * page, 0x42));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcDeleteSectionView(port.get(), ULONG{1}, made.view.ViewBase));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, delete_view(port, bytes_of(made.view) + page));
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(port, made.view.ViewBase));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, delete_view(port, made.view.ViewBase));
}

ALPC_TEST(Sections, ViewsGoWithTheirPort, "8.4", "SI (views hang on the port)", medium) {
    Port port = create_port(port_name());
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, page, 0x42));
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    EXPECT_EQ(access_to(made.view.ViewBase), Access::none);
}

ALPC_TEST(Sections, ViewsStayWhileThePortHasAHandle, "8.4", "object manager", medium) {
    Port port = create_port(port_name());
    Port other(lpc::duplicate(port.get()));
    FilledView made;
    ASSERT_NO_FATAL_FAILURE(fill_view(port, made, page, 0x42));
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    EXPECT_TRUE(is_filled(made.view, 0x42));
    EXPECT_STATUS(STATUS_SUCCESS, delete_view(other, made.view.ViewBase));
}

ALPC_TEST(Sections, SectionObjectOfTheProgramIsWrapped, "8.1", "PHNT, WI", medium) {
    Port port = create_port(port_name());
    lpc::Section object(3 * granularity);
    PortSection section;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &section, 2 * granularity, 0, object.get()));
    EXPECT_EQ(section.size, 2 * granularity);
    ALPC_DATA_VIEW_ATTR first, second;
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, page, &first));
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, section, granularity, &second));
    std::memset(first.ViewBase, 1, first.ViewSize);
    std::memset(second.ViewBase, 2, second.ViewSize);
    // What the program sees in its section: the regions, one after another.
    PortSection again;
    ALPC_DATA_VIEW_ATTR whole;
    ASSERT_STATUS(STATUS_SUCCESS, create_section(port, &again, 0, 0, object.get()));
    EXPECT_EQ(again.size, 3 * granularity);
    ASSERT_STATUS(STATUS_SUCCESS, create_view(port, again, 3 * granularity, &whole));
    EXPECT_EQ(bytes_of(whole)[page - 1], 1);
    EXPECT_EQ(bytes_of(whole)[page], 0);
    EXPECT_EQ(bytes_of(whole)[granularity], 2);
    EXPECT_EQ(bytes_of(whole)[2 * granularity], 0);
    bytes_of(whole)[granularity + 5] = 9;
    EXPECT_EQ(bytes_of(second)[5], 9);
}

ALPC_TEST(Sections, SectionObjectIsNotThatLarge, "8.1", "INF", low) {
    Port port = create_port(port_name());
    lpc::Section object(granularity);
    PortSection section;
    EXPECT_STATUS(STATUS_SECTION_TOO_BIG, create_section(port, &section, granularity + 1, 0, object.get()));
}

ALPC_TEST(Sections, ReadOnlySectionObjectIsNotEnough, "8.1", "INF", low) {
    Port port = create_port(port_name());
    lpc::Section object(granularity, lpc::Section::Kind::read_only);
    PortSection section;
    EXPECT_STATUS(STATUS_ACCESS_DENIED, create_section(port, &section, granularity, 0, object.get()));
}

ALPC_TEST(Sections, OtherObjectsAreNoSections, "8.1", "object manager", medium) {
    Port port = create_port(port_name());
    PortSection section;
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, create_section(port, &section, page, 0, port.get()));
    EXPECT_STATUS(STATUS_INVALID_HANDLE,
                  create_section(port, &section, page, 0, reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF4})));
}

ALPC_TEST(Sections, BadPointersAreReported, "5.3", "probing", medium) {
    Port port = create_port(port_name());
    auto* const nowhere = reinterpret_cast<PVOID>(ULONG_PTR{0x10});
    PortSection section;
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().NtAlpcCreatePortSection(port.get(), ULONG{0}, HANDLE{}, page,
                                                static_cast<PALPC_HANDLE>(nowhere), &section.size));
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().NtAlpcCreatePortSection(port.get(), ULONG{0}, HANDLE{}, page, &section.handle,
                                                static_cast<PSIZE_T>(nowhere)));
    EXPECT_STATUS(
        STATUS_ACCESS_VIOLATION,
        api().NtAlpcCreateSectionView(port.get(), ULONG{0}, static_cast<PALPC_DATA_VIEW_ATTR>(nowhere)));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, delete_view(port, nowhere));
}

}  // namespace
}  // namespace ntalpc::conformance
