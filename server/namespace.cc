// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/namespace.h"

#include "ntalpc/status.h"
#include "server/object_security.h"
#include "server/standard_descriptors.h"

namespace ntalpc::server {

namespace {

// "followed (up to 30)": lpc-semantics, namespace rules.
constexpr int kMaxLinks = 30;
// One in another: far more than any program has, and few enough that they may end one by the other.
constexpr std::size_t kMaxMirrors = 100;
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

Namespace::Namespace() : root_(make_ref<Directory>()), nameless_(make_ref<Directory>()) {
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

Namespace::~Namespace() {
    if (root_) root_->let_go();
    if (nameless_) nameless_->let_go();
}

// Windows Internals, "Session namespace": each session but 0 has a \Windows, a BaseNamedObjects and a
// DosDevices directory of its own, and BNOLINKS leads from a session's number to its BaseNamedObjects.
void Namespace::add_session(std::uint32_t session) {
    // Windows counts sessions up from 0. The directories stay, so a number out of thin air gets none.
    if (session > kMaxSession) return;
    const auto sessions = add_directory(*root_, u"Sessions");
    const std::u16string number = decimal(session);
    if (const Object* const known = sessions->find(number, CaseRule::sensitive); known && known->permanent())
        return;
    const auto links = add_directory(*sessions, u"BNOLINKS");
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

namespace {

std::size_t mirrors_above(const Directory& directory) {
    std::size_t count = 0;
    for (const Directory* at = &directory; at && at->kind() != Directory::Kind::permanent; at = at->parent())
        ++count;
    return count;
}

// A name stands twice in its directory.
std::int32_t charge_name(Object& object, std::u16string_view name, const NameUser& user) {
    MessageCharge charge;
    if (!charge.charge(user.account, 2 * sizeof(char16_t) * name.size())) return STATUS_QUOTA_EXCEEDED;
    object.set_name_charge(std::move(charge));
    return STATUS_SUCCESS;
}

// A directory that a client has in its own world. It has the default descriptor of who needs it first.
std::int32_t make_mirror(Directory& parent, std::u16string_view name, Directory::Kind kind,
                         const NameUser& user, Ref<Directory>* made) {
    if (mirrors_above(parent) >= kMaxMirrors) return STATUS_OBJECT_NAME_INVALID;
    std::uint32_t granted = 0;
    if (kind == Directory::Kind::mirror) {
        const auto status = check_object_access(parent, user.token, kDirectoryCreateSubdirectory, &granted);
        if (status != STATUS_SUCCESS) return status;
    }
    auto mirror = make_ref<Directory>(kind);
    if (!mirror->charge.charge(user.account)) return STATUS_QUOTA_EXCEEDED;
    if (const auto status = charge_name(*mirror, name, user)) return status;
    parent.insert(name, *mirror);
    if (const auto status = assign_descriptor(*mirror, {}, user.token, user.account)) return status;
    *made = std::move(mirror);
    return STATUS_SUCCESS;
}

// What is missing when a client's own directory has no mirror: there is nothing in it.
std::int32_t nothing_behind(std::u16string_view rest) {
    return rest.find(u'\\') == rest.npos ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
}

}  // namespace

std::int32_t Namespace::find_start(const ObjectPath& path, const NameUser* maker,
                                   Ref<Directory>* start) const {
    *start = root_;
    if (path.nameless.empty()) return STATUS_SUCCESS;
    *start = Ref<Directory>(static_cast<Directory*>(nameless_->find(path.nameless, CaseRule::sensitive)));
    if (*start) return STATUS_SUCCESS;
    return maker ? make_mirror(*nameless_, path.nameless, Directory::Kind::nameless, *maker, start)
                 : nothing_behind(path.text.substr(1));
}

// Walks to the directory that holds, or would hold, the last component, following links on the way. A link in
// the last place is followed too: none of our calls opens links themselves. With a maker, directories of the
// client's world are made.
std::int32_t Namespace::locate(ObjectPath path, const security::Token& token, const NameUser* maker,
                               Place* place) const {
    if (path.text.empty()) return STATUS_OBJECT_NAME_INVALID;
    if (!path.nameless.empty()) path.text.insert(0, u"\\");
    std::u16string& rest = path.text;
    int links = 0;
restart:
    if (rest.front() != u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (const auto status = find_start(path, maker, &place->directory)) return status;
    place->last.clear();
    std::size_t at = 1;
    if (rest.size() == 1) return STATUS_SUCCESS;
    for (;;) {
        const std::size_t end = std::min(rest.find(u'\\', at), rest.size());
        const std::u16string component = rest.substr(at, end - at);
        const bool last = end == rest.size();
        if (component.empty()) return STATUS_OBJECT_NAME_INVALID;
        if (!may_traverse(*place->directory, token)) return STATUS_ACCESS_DENIED;
        Object* const child = place->directory->find(component, path.rule);
        if (const auto* link = dynamic_cast<const SymbolicLink*>(child)) {
            if (++links > kMaxLinks) return STATUS_OBJECT_NAME_INVALID;
            path.known = path.known > end ? path.known - end + link->target().size() : 0;
            rest = link->target() + rest.substr(end);
            path.nameless.clear();
            goto restart;
        }
        if (last) {
            place->last = component;
            return STATUS_SUCCESS;
        }
        Ref<Directory> next(dynamic_cast<Directory*>(child));
        if (child && !next) return STATUS_OBJECT_TYPE_MISMATCH;
        if (!child && end > path.known) return STATUS_OBJECT_PATH_NOT_FOUND;
        if (!child && !maker) return nothing_behind(rest.substr(path.known + 1));
        if (!child) {
            const auto status =
                make_mirror(*place->directory, component, Directory::Kind::mirror, *maker, &next);
            if (status != STATUS_SUCCESS) return status;
        }
        place->directory = std::move(next);
        at = end + 1;
    }
}

std::int32_t Namespace::open(const ObjectPath& path, const security::Token& token, Ref<Object>* found) const {
    Place place;
    if (const auto status = locate(path, token, nullptr, &place); status != STATUS_SUCCESS) return status;
    Object* const object =
        place.last.empty() ? place.directory.get() : place.directory->find(place.last, path.rule);
    if (!object) return STATUS_OBJECT_NAME_NOT_FOUND;
    *found = Ref<Object>(object);
    return STATUS_SUCCESS;
}

std::int32_t Namespace::insert(const ObjectPath& path, const NameUser& user, Object& object) {
    Place place;
    if (const auto status = locate(path, user.token, &user, &place); status != STATUS_SUCCESS) return status;
    if (place.last.empty() || place.directory->find(place.last, path.rule))
        return STATUS_OBJECT_NAME_COLLISION;
    std::uint32_t granted = 0;
    auto status = check_object_access(*place.directory, user.token, kDirectoryCreateObject, &granted);
    if (status == STATUS_SUCCESS) status = charge_name(object, place.last, user);
    if (status != STATUS_SUCCESS) return status;
    place.directory->insert(place.last, object);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
