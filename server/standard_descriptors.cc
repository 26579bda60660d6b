// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/standard_descriptors.h"

#include "server/directory.h"

namespace ntalpc::server {

namespace sids = security::sids;

namespace {

security::SecurityDescriptor make_directory_descriptor(OpenTo open_to) {
    const std::uint32_t look = security::access::kReadControl | kDirectoryQuery | kDirectoryTraverse;
    const std::uint32_t everybody =
        open_to == OpenTo::creators ? look | kDirectoryCreateObject | kDirectoryCreateSubdirectory : look;
    const std::uint32_t all = kDirectoryType.mapping.all;
    security::SecurityDescriptor descriptor;
    descriptor.owner = sids::kAdministrators;
    descriptor.group = sids::kSystem;
    descriptor.set_dacl(*security::AclWriter()
                              .allow(sids::kEveryone, everybody)
                              .allow(sids::kRestrictedCode, look)
                              .allow(sids::kAllAppPackages, look)
                              .allow(sids::kSystem, all)
                              .allow(sids::kAdministrators, all)
                              .finish());
    return descriptor;
}

}  // namespace

std::unique_ptr<const security::SecurityDescriptor> directory_descriptor(OpenTo open_to) {
    static const auto for_creators = make_directory_descriptor(OpenTo::creators);
    static const auto for_readers = make_directory_descriptor(OpenTo::readers);
    return std::make_unique<security::SecurityDescriptor>(open_to == OpenTo::creators ? for_creators
                                                                                      : for_readers);
}

}  // namespace ntalpc::server
