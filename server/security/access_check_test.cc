// SPDX-License-Identifier: LGPL-2.1-or-later
// The access check, row by row. table_test_support.h explains the language; its mapping is read = rc+1, write
// = rc+2, execute = rc+4, all = 1F000F.
#include "server/security/access_check.h"

#include <gtest/gtest.h>

#include "server/security/table_test_support.h"

namespace ntalpc::security {
namespace {

constexpr std::size_t kRowsAtLeast = 300;

const char kTable[] = R"table(
token user u WD AU g
token other v WD AU
token admin u WD AU BA^
token noadmin u WD AU BA!
token disabled u WD AU BA~
token denyuser u! WD AU
token system SY WD BA^ il:SI

== MS-DTYP 2.5.3.2: no DACL, no policy
sd o:v
user 1 ok
user f ok
user rc ok
user wdac ok
user del+wo+sync ok
user ga ok
user gr ok
user max 1F000F
user max+1 1F000F
user sacl privilege
user sacl+1 privilege

== MS-DTYP 2.5.3.2: a NULL DACL is none
sd o:v dacl:null
user 1 ok
other f ok
user ga ok
user gx ok
user max 1F000F
user sacl privilege
denyuser 1 ok
user 0 0

== MS-DTYP 2.5.3.2: an empty DACL lets nobody in but the owner, as far as that goes
sd o:u dacl:empty
user 1 denied
user rc ok
user wdac ok
user rc+wdac ok
user rc+1 denied
user wo denied
user del denied
user sync denied
user max rc+wdac
user max+rc rc+wdac
user max+1 denied
user gr denied
user 0 denied
other rc denied
other wdac denied
other max denied
denyuser rc denied
denyuser max denied
admin rc ok
system rc denied

== MS-DTYP 2.5.3.2: the owner may be a group
sd o:BA dacl:empty
admin rc ok
admin wdac ok
admin max rc+wdac
noadmin rc denied
disabled wdac denied
user rc denied
system rc+wdac ok

== MS-DTYP 2.5.3.2: a descriptor without an owner has nobody's implied rights
sd A WD 1
user 1 ok
user rc denied
user max 1

== MS-DTYP 2.5.3.2: allow
sd o:v A u 3
user 1 ok
user 2 ok
user 3 ok
user 4 denied
user 7 denied
user rc denied
user max 3
user max+1 3
user max+4 denied
user gr denied
admin 3 ok
other 3 denied
other rc+wdac ok
other max rc+wdac
denyuser 1 denied
system 1 denied

== MS-DTYP 2.5.3.2: rights of several entries add up
sd o:v A u 1; A g 2; A WD 4; A AU sync
user 1 ok
user 3 ok
user 7 ok
user 7+sync ok
user f denied
user max 7+sync
other 4 ok
other 5 denied
other 4+sync+rc ok
other max 4+sync+rc+wdac
denyuser 1 denied
denyuser 4 ok
denyuser max 4+sync

== MS-DTYP 2.5.3.2: deny before allow
sd o:v D u 1; A WD 3
user 1 denied
user 2 ok
user 3 denied
user max 2
other 1 ok
other 3 ok
other max 3+rc+wdac
denyuser 1 denied
denyuser 2 ok
admin 1 denied

== MS-DTYP 2.5.3.2: an allow that comes first has satisfied the request
sd o:v A WD 1; D u 3; A WD 2
user 1 ok
user 2 denied
user 3 denied
user max 1
other 3 ok
other max 3+rc+wdac

== MS-DTYP 2.5.3.2: a denial of what was granted already changes nothing
sd o:v A u 1; D u 1; A u 2
user 1 ok
user 2 ok
user 3 ok
user max 3

== MS-DTYP 2.5.3.2: denials alone give nothing
sd o:v D WD 1; D WD 2
user 1 denied
user 4 denied
user max denied
other rc ok
other max rc+wdac

== MS-DTYP 2.5.3.2: the owner's rights come before any denial
sd o:u D u rc+wdac+1; A u 3
user rc ok
user wdac ok
user 1 denied
user 2 ok
user max rc+wdac+2

== SID attributes in an access token: groups for denials only, and disabled ones
sd o:v A BA 3; D BA 4; A WD 4
admin 1 ok
admin 3 ok
admin 4 denied
admin max 3
noadmin 1 denied
noadmin 4 denied
noadmin max denied
disabled 1 denied
disabled 4 ok
disabled max 4
user 4 ok
user 1 denied
system 3 ok
system 4 denied

== SID attributes in an access token: a user for denials only
sd o:v A u 1; D u 2; A WD 6
denyuser 1 denied
denyuser 2 denied
denyuser 4 ok
denyuser max 4
user 1 ok
user 2 denied
user max 5

== MS-DTYP 2.4.3: generic rights in the request
sd o:v A u rc+1; A g rc+2
user gr ok
user gw ok
user gr+gw ok
user gx denied
user ga denied
user gr+2 ok
other gr denied

== MS-DTYP 2.4.3: generic rights in entries
sd o:v A u gr; D g gw; A WD ga
user 1 ok
user rc ok
user gr ok
user 2 denied
user gw denied
user 4 ok
user max 1F000D

== MS-DTYP 2.4.3: GENERIC_ALL
sd o:v A u ga
user f ok
user ga ok
user del+rc+wdac+wo+sync ok
user 10 denied
user max 1F000F
user sacl privilege
other 1 denied

== MS-DTYP 2.4.3: generic execute and write
sd o:v A u gx; A g gw
user 4 ok
user 2 ok
user 1 denied
user rc ok
user max rc+6
user gx+gw ok
user gr denied

== MS-DTYP 2.4.4.1: inherit-only entries are for others
sd o:v D u 1 flags:io,oi; A u 3; A u 4 flags:ci,io
user 1 ok
user 3 ok
user 4 denied
user max 3

== MS-DTYP 2.4.4.1: entries that are inherited or can be inherited count
sd o:v A u 1 flags:id; A u 2 flags:oi,ci; D u 4 flags:id,oi; A u c flags:np,oi
user 3 ok
user 1 ok
user 2 ok
user 4 denied
user 8 ok
user max b

== MS-DTYP 2.5.3.2: ACCESS_SYSTEM_SECURITY is the privilege's to give
token auditor u WD priv:security
token lazyauditor u WD held:security
sd o:v A u 1+sacl
auditor sacl ok
auditor sacl+1 ok
auditor sacl+2 denied
auditor 1 ok
auditor max 1
auditor max+sacl 1+sacl
lazyauditor sacl privilege
lazyauditor 1 ok
user sacl privilege
user sacl+1 privilege
user max 1

== MS-DTYP 2.5.3.2: the privilege works without any DACL
sd o:v
auditor sacl ok
auditor max+sacl 1F000F+sacl
auditor max 1F000F

== MS-DTYP 2.5.3.2: the privilege alone opens for nothing else
sd o:v dacl:empty
auditor sacl ok
auditor sacl+rc denied
auditor max denied
auditor max+sacl sacl

== MS-DTYP 2.5.3.2: SeTakeOwnershipPrivilege gives WRITE_OWNER
token taker u WD priv:takeown
token lazytaker u WD held:takeown
sd o:v D WD wo; A u 1
taker wo ok
taker wo+1 ok
taker wo+2 denied
taker max 1+wo
taker 1 ok
lazytaker wo denied
lazytaker max 1
user wo denied

== Privilege constants: backup, restore and debug open no object here
token backup u WD priv:backup,restore,debug
sd o:v dacl:empty
backup 1 denied
backup rc denied
backup gr denied
backup max denied

== MS-DTYP 2.4.2.4 OWNER RIGHTS: replaces what an owner has without being named
sd o:u A OW 1
user rc denied
user wdac denied
user 1 ok
user max 1
other 1 denied
other rc denied

== OWNER RIGHTS: may give less or more
sd o:u A OW rc+2
user rc ok
user wdac denied
user 2 ok
user max rc+2

== OWNER RIGHTS: denied
sd o:u D OW wdac; A u rc+wdac
user rc ok
user wdac denied
user max rc
other rc denied

== OWNER RIGHTS: an entry that is only inherited by others does not count
sd o:u A OW 1 flags:io,oi
user rc ok
user wdac ok
user 1 denied

== OWNER RIGHTS: with a group as the owner
sd o:BA A OW 1
admin 1 ok
admin rc denied
noadmin 1 denied
user 1 denied

== OWNER RIGHTS: denied to owners for denials only
sd o:BA D OW 1; A WD 3
admin 1 denied
admin 2 ok
noadmin 1 denied
noadmin 2 ok
user 1 ok

== MS-ADTS 5.1.3.3.2: object entries without an object type are like any other
sd o:v OA u 1; OD u 2; OA WD 6
user 1 ok
user 2 denied
user 4 ok
user max 5
other 6 ok

== MS-ADTS 5.1.3.3.2: object entries with one do not count when no type was asked for
sd o:v OA u 1 guid; OD u 2 guid; A WD 6
user 1 denied
user 2 ok
user 6 ok
user max 6

== MS-DTYP 2.4.4.17.3: unknown conditions give nothing and deny
sd o:v XA u 1 cond; XD u 2 cond; A WD 6
user 1 denied
user 2 denied
user 4 ok
user max 4
other 2 ok

== MS-DTYP 2.4.4.17: callback entries that are no conditions do not count
sd o:v XA u 1 data; XD u 2 data; XA WD 8; XD WD 2; A WD 6
user 1 denied
user 2 ok
user 8 denied
user max 6

== MS-DTYP 2.4.4.17.3: callback object entries do not count
sd o:v XOA u 1 cond; XOD u 2 cond; XOA WD 1; XOD WD 2 guid; A WD 6
user 1 denied
user 2 ok
user max 6

== MS-DTYP 2.4.4.1: entries of unknown types do not count
sd o:v ?? u 1; A u 2
user 1 denied
user 2 ok
user max 2

== MS-DTYP 2.4.2.4: CREATOR OWNER and CREATOR GROUP stand for nobody in an object's own list
sd o:u g:g A CO 1; A CG 2
user 1 denied
user 2 denied
user max rc+wdac

== MS-DTYP 2.5.3.3: an object without a label is medium and may not be written from below
token low u WD il:LW
token untrusted u WD il:UN
token high u WD il:HI
token nopolicy u WD il:LW policy:0
token newproc u WD il:LW policy:2
token relabel u WD il:LW priv:relabel
sd o:u A u ga
user ga ok
high ga ok
low 1 ok
low 2 denied
low gr ok
low gw denied
low gx ok
low rc ok
low wdac denied
low wo denied
low del denied
low sync denied
low 8 denied
low max rc+5
low max+8 denied
untrusted 1 ok
untrusted gw denied
untrusted max rc+5
nopolicy ga ok
nopolicy max 1F000F
newproc ga ok
relabel wo ok
relabel wdac denied
relabel max rc+5+wo

== MS-DTYP 2.5.3.3: without a DACL the label still counts
sd o:u
low 1 ok
low 8 denied
low wdac denied
low max rc+5
user f ok
high wdac ok

== MS-DTYP 2.5.3.3: a low label lets low subjects write
sd o:v A WD ga; ML LW nw
low ga ok
low max 1F000F
untrusted 2 denied
untrusted 1 ok
untrusted max rc+5
user ga ok

== MS-DTYP 2.5.3.3: a high label, no write up
sd o:v A WD f; ML HI nw
user 1 ok
user 4 ok
user 2 denied
user 8 denied
user max 5
low 1 ok
high f ok
high max f
system f ok

== MS-DTYP 2.5.3.3: no read up
sd o:v A WD f; ML HI nr
user 1 denied
user 2 ok
user 4 ok
user max 6
high f ok

== MS-DTYP 2.5.3.3: no execute up
sd o:v A WD f; ML HI nx
user 1 ok
user 2 ok
user 4 denied
user max 3
high 4 ok

== MS-DTYP 2.5.3.3: nothing up
sd o:u A WD f; ML HI nw+nr+nx
user 1 denied
user rc denied
user wdac denied
user max denied
high f ok
high max f+rc+wdac

== MS-DTYP 2.5.3.3: a label that forbids nothing lets through what is generic
sd o:v A WD ga; ML HI 0
user 7 ok
user rc ok
user 8 denied
user max rc+7
high 8 ok

== MS-DTYP 2.4.4.13: a label that is only inherited by others, and audits, do not count
sd o:v A WD ga; ML HI nw flags:io,oi; AU WD ga
user ga ok
low 8 denied
low 1 ok

== MS-DTYP 2.4.4.13: the first label counts
sd o:v A WD ga; ML LW nw; ML HI nw
low ga ok
user ga ok

== MS-DTYP 2.4.6: a NULL SACL holds no label
sd o:v sacl:null A WD ga
user ga ok
low 8 denied

== Mandatory Integrity Control: taking ownership does not pass an integrity level
token lowtaker u WD il:LW priv:takeown
sd o:v A WD 1
lowtaker wo denied
lowtaker 1 ok
lowtaker max 1

== Restricted Tokens: both lists of SIDs must be granted the access
token limited u WD g restricted:RC
token limitedself u WD restricted:u,RC
token limitedall u WD BA! restricted:WD,u
sd o:v A u 3; A RC 1; A WD 4
limited 1 ok
limited 2 denied
limited 3 denied
limited 4 denied
limited max 1
limitedself 3 ok
limitedself 1 ok
limitedself 4 denied
limitedself max 3
limitedall 7 ok
limitedall max 7
user 3 ok
user 7 ok

== Restricted Tokens: denials of either count
sd o:v D RC 1; A WD 3; A RC 2
limited 1 denied
limited 2 ok
limited max 2
user 1 ok

== Restricted Tokens: an owner's rights need the owner among the restricting SIDs
sd o:u dacl:empty
limited rc denied
limited max denied
limitedself rc ok
limitedself wdac ok
limitedself max rc+wdac

== Restricted Tokens: no DACL restricts nobody
sd o:v
limited 1 ok
limited ga ok
limited max 1F000F

== CreateRestrictedToken, WRITE_RESTRICTED: restricting SIDs are for writing
token writelimited u WD restricted:WR write-restricted
sd o:v A u f; A WR 2
writelimited 1 ok
writelimited 4 ok
writelimited 5 ok
writelimited 2 ok
writelimited max f
limited 1 denied

== WRITE_RESTRICTED: a write that the restricting SIDs do not have
sd o:v A u f; A WR 8
writelimited 1 ok
writelimited 2 denied
writelimited 3 denied
writelimited 8 ok
writelimited max d
limited max denied

== Implement an AppContainer: old lists keep them out
token app u WD container:P il:LW
token appcap u WD container:P caps:C il:LW
sd o:u A u ga; A WD 7; ML LW nw
app 1 denied
app rc denied
app max denied
appcap 1 denied
user 1 ok

== Implement an AppContainer: package, capability and ALL APPLICATION PACKAGES
sd o:u A u ga; A P 1; A AC 2; A C 4; A Q 8; ML LW nw
app 1 ok
app 2 ok
app 3 ok
app 4 denied
app 8 denied
app max 3
appcap 4 ok
appcap 7 ok
appcap max 7
user 1 ok
user f ok

== Implement an AppContainer: the user must have the access as well
sd o:v A P f; A u 1; ML LW nw
app 1 ok
app 2 denied
app max 1
user 1 ok
user 2 denied

== Implement an AppContainer: a package can be denied
sd o:v D P 1; A AC 3; A WD 3; ML LW nw
app 1 denied
app 2 ok
app max 2
user 3 ok

== Implement an AppContainer: integrity counts as for everybody
sd o:v A P ga; A WD ga
app 1 ok
app 8 denied
app max rc+5
)table";

TEST(AccessCheck, DoesWhatTheDocumentationSays) {
    EXPECT_GE(table::Table().run(kTable), kRowsAtLeast);
}

}  // namespace
}  // namespace ntalpc::security
