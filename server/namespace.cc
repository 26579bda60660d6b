// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/namespace.h"

#include "ntalpc/status.h"
#include "server/object_security.h"
#include "server/standard_descriptors.h"

namespace ntalpc::server {

namespace {

// "followed (up to 30)": lpc-semantics, namespace rules.
constexpr int kMaxLinks = 30;
constexpr std::uint32_t kMaxSession = 255;

Ref<Directory> add_directory(Directory& parent, std::u16string_view name, OpenTo open_to = OpenTo::readers) {
    if (Object* existing = parent.find(name, CaseRule::sensitive)) {
        return Ref<Directory>(dynamic_cast<Directory*>(existing));
    }
    auto made = make_ref<Directory>();
    made->set_descriptor(directory_descriptor(open_to), {});
    parent.adopt(name, Ref<Object>(made.get()));
    return made;
}

void add_link(Directory& parent, std::u16string_view name, std::u16string target) {
    if (parent.find(name, CaseRule::sensitive)) return;
    parent.adopt(name, Ref<Object>(make_ref<SymbolicLink>(std::move(target)).get()));
}

std::u16string decimal(std::uint32_t number) {
    const std::string text = std::to_string(number);
    return {text.begin(), text.end()};
}

}  // namespace

Namespace::Namespace() : root_(make_ref<Directory>(Directory::IsRoot::yes)) {
    root_->set_descriptor(directory_descriptor(OpenTo::readers), {});
    add_directory(*root_, u"RPC Control", OpenTo::creators);
    for (const char16_t* name :
         {u"Windows", u"Sessions", u"KernelObjects", u"Security", u"Device", u"GLOBAL??", u"ObjectTypes",
          u"Driver", u"FileSystem", u"Callback", u"NLS"}) {
        add_directory(*root_, name);
    }
    add_link(*root_, u"??", u"\\GLOBAL??");
    add_link(*root_, u"DosDevices", u"\\??");
    const auto base = add_directory(*root_, u"BaseNamedObjects", OpenTo::creators);
    add_link(*base, u"Global", u"\\BaseNamedObjects");
    add_link(*base, u"Local", u"\\BaseNamedObjects");
    add_link(*base, u"Session", u"\\Sessions\\BNOLINKS");
    add_directory(*base, u"Restricted", OpenTo::creators);
    add_session(0);
    add_session(1);
}

// Windows Internals, "Session namespace": each session but 0 has a \Windows, a BaseNamedObjects and a
// DosDevices directory of its own, and BNOLINKS leads from a session's number to its BaseNamedObjects.
void Namespace::add_session(std::uint32_t session) {
    // Windows counts sessions up from 0. The directories stay, so a number out of thin air gets none.
    if (session > kMaxSession) return;
    const auto sessions = add_directory(*root_, u"Sessions");
    const auto links = add_directory(*sessions, u"BNOLINKS");
    const std::u16string number = decimal(session);
    if (session == 0) {
        add_link(*links, number, u"\\BaseNamedObjects");
        add_directory(*add_directory(*sessions, number), u"DosDevices");
        return;
    }
    const auto directory = add_directory(*sessions, number);
    add_directory(*directory, u"Windows");
    add_directory(*directory, u"DosDevices");
    const auto base = add_directory(*directory, u"BaseNamedObjects", OpenTo::creators);
    const std::u16string own = u"\\Sessions\\" + number + u"\\BaseNamedObjects";
    add_link(*links, number, own);
    add_link(*base, u"Global", u"\\BaseNamedObjects");
    add_link(*base, u"Local", own);
    add_link(*base, u"Session", u"\\Sessions\\BNOLINKS");
    add_directory(*base, u"Restricted", OpenTo::creators);
}

// Walks to the directory that holds, or would hold, the last component, following links on the way. A link in
// the last place is followed too: none of our calls opens links themselves.
std::int32_t Namespace::locate(std::u16string_view path, CaseRule rule, const security::Token& token,
                               Place* place) const {
    if (path.empty()) return STATUS_OBJECT_NAME_INVALID;
    std::u16string rest(path);
    int links = 0;
restart:
    if (rest.front() != u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    place->directory = root_;
    place->last.clear();
    std::size_t at = 1;
    if (rest.size() == 1) return STATUS_SUCCESS;
    for (;;) {
        const std::size_t end = std::min(rest.find(u'\\', at), rest.size());
        const std::u16string component = rest.substr(at, end - at);
        const bool last = end == rest.size();
        if (component.empty()) return STATUS_OBJECT_NAME_INVALID;
        if (!may_traverse(*place->directory, token)) return STATUS_ACCESS_DENIED;
        Object* const child = place->directory->find(component, rule);
        if (const auto* link = dynamic_cast<const SymbolicLink*>(child)) {
            if (++links > kMaxLinks) return STATUS_OBJECT_NAME_INVALID;
            rest = link->target() + rest.substr(end);
            goto restart;
        }
        if (last) {
            place->last = component;
            return STATUS_SUCCESS;
        }
        if (!child) return STATUS_OBJECT_PATH_NOT_FOUND;
        auto* const directory = dynamic_cast<Directory*>(child);
        if (!directory) return STATUS_OBJECT_TYPE_MISMATCH;
        place->directory = Ref<Directory>(directory);
        at = end + 1;
    }
}

std::int32_t Namespace::open(std::u16string_view path, CaseRule rule, const security::Token& token,
                             Ref<Object>* found) const {
    Place place;
    if (const auto status = locate(path, rule, token, &place); status != STATUS_SUCCESS) return status;
    Object* const object = place.last.empty() ? root_.get() : place.directory->find(place.last, rule);
    if (!object) return STATUS_OBJECT_NAME_NOT_FOUND;
    *found = Ref<Object>(object);
    return STATUS_SUCCESS;
}

std::int32_t Namespace::insert(std::u16string_view path, CaseRule rule, const security::Token& token,
                               Object& object) {
    Place place;
    if (const auto status = locate(path, rule, token, &place); status != STATUS_SUCCESS) return status;
    if (place.last.empty() || place.directory->find(place.last, rule)) return STATUS_OBJECT_NAME_COLLISION;
    std::uint32_t granted = 0;
    if (const auto status = check_object_access(*place.directory, token, kDirectoryCreateObject, &granted))
        return status;
    place.directory->insert(place.last, object);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
