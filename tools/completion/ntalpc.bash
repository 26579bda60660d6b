# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash of alpcctl, alpctrace, alpcrun and alpcserver. What there is to offer is read from the --help of
# the program, so that it is never out of date.

# The options in the help, and the first words of its list of commands.
_ntalpc_options() {
    "$1" --help 2>/dev/null | grep -o -E -e '(^|[[ ,])--?[a-z][a-z-]*=?' | sed 's/^[[ ,]//' | sort -u
}
_ntalpc_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_ntalpc_client() {
    local current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    if test "$COMP_CWORD" -eq 1; then
        COMPREPLY=($(compgen -W "$(_ntalpc_commands "$1") --help --version" -- "$current"))
    elif test "${current#-}" != "$current"; then
        COMPREPLY=($(compgen -W "$(_ntalpc_options "$1")" -- "$current"))
    fi
    case ${COMPREPLY[0]} in *=) compopt -o nospace 2>/dev/null ;; esac
}

_ntalpc_program() {
    local current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    test "${current#-}" = "$current" || COMPREPLY=($(compgen -W "$(_ntalpc_options "$1")" -- "$current"))
}

# Where there is nothing of ours to offer, a file may be meant.
complete -o default -F _ntalpc_client alpcctl alpctrace
complete -o default -F _ntalpc_program alpcrun alpcserver
