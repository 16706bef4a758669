# Completion of cwtui for bash 4.4 or newer.
_cwtui_completion() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
        "$1" completion bash --answer 2>/dev/null)
}

complete -o nosort -F _cwtui_completion cwtui
