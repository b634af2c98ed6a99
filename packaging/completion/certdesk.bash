# shellcheck shell=bash
# Completion of certdesk(1) for bash; goes to /usr/share/bash-completion/completions/certdesk.
# tools/check-docs compares it with the words that the program has.

_certdesk_options() {
    case "$1" in
    audit) echo "-o --action --actor --checkpoint --config --data --database --from --output --signer --to --help" ;;
    calendar | dashboard) echo "-o --output --help" ;;
    job) echo "-o --output --state --type --help" ;;
    notification)
        echo "-o --channel --check-schedule --default-assignee --disable --enable --output --periods" \
            "--renewal-scan --state --to --unreachable-after --help"
        ;;
    schedule) echo "-o --output --wait --help" ;;
    token) echo "-o --expires-at --output --scopes --help" ;;
    trust) echo "-o --output --help" ;;
    webhook) echo "-o --enabled --events --name --output --template --url --help" ;;
    backup) echo "--force --help" ;;
    ca)
        echo "-o --days --description --exclude --intermediate --key --output --permit --storage" \
            "--subject --token-key --url --help"
        ;;
    check)
        echo "-c -f -o --allow-untrusted --ca-file --concurrency --crit --file --output --proxy" \
            "--proxy-credential-file --sni --starttls --timeout --warn --help"
        ;;
    csr)
        echo "-o --assignee --business-group --chain --description --key --limit --name --output" \
            "--owner --search --share-groups --share-users --subject --tags --unused --used --help"
        ;;
    key) echo "-o --output --wait --help" ;;
    login) echo "--user --token-file --help" ;;
    cert)
        echo "-f -o --all --assignee --business-group --chain --comment --confirm --csr --description --expires-after --expires-before" \
            "--field --file --flag --force --groups --issuer --key --key-groups --key-password-file --key-users --limit" \
            "--name --notification-periods --notify-groups --notify-users --output --owner --password-file" \
            "--profile --protocol --reason --required-names --resource --search --share-groups --share-users" \
            "--sni --sort --source --stage --status --subject --summary --tag" \
            "--tags --unused --use-key --user --users --wait --help"
        ;;
    csv)
        echo "-o --assignee --business-group --dry-run --output --owner --search --source --status --subject --summary --tag" \
            "--help"
        ;;
    business-group) echo "-o --description --name --output --reassign-to --help" ;;
    field) echo "-o --choices --discard --label --output --required --type --help" ;;
    group) echo "-o --description --output --help" ;;
    profile)
        echo "-o --allow --approvals --approvers --auto-renew --ca --description --disable --domains --email" \
            "--enable --everybody --fix --groups --ip --keys --lifetime --made-by --max-names --name --names" \
            "--output --renewal-key --require --scan-minutes --stop --subject --uri --usage --users" \
            "--wildcards --window --help"
        ;;
    resource)
        echo "-o --address --description --endpoint --group --name --output --rounds --search --slot" \
            "--socket --timeout --type --user --wait --help"
        ;;
    deployment) echo "-o --certificate --output --resource --state --wait --help" ;;
    ticket) echo "-o --assignee --certificate --comment --csr --description --domain --due --etag --force --key --labels --output --priority --profile --project --reason --revoke --search --status --subject --summary --user --help" ;;
    config) echo "-o --config --help" ;;
    restore)
        echo "--check --config --data --database --recovery-key --signer --help"
        ;;
    serve) echo "--config --data --database --listen --tls-cert --tls-key --help" ;;
    standby) echo "--help" ;;
    user)
        echo "-o --disable --display-name --email --enable --hand-over-to --output --password-file" \
            "--role --search --help"
        ;;
    version) echo "-o --help" ;;
    view) echo "-o --columns --default --filter --output --shared --help" ;;
    esac
}

_certdesk_words() {
    case "$1" in
    audit) echo "verify list" ;;
    calendar) echo "list add remove" ;;
    dashboard) echo "show" ;;
    job) echo "list show retry" ;;
    notification) echo "show set test log resend" ;;
    schedule) echo "list run preview" ;;
    token) echo "list add remove" ;;
    trust) echo "list add remove" ;;
    webhook) echo "list add edit secret remove" ;;
    ca) echo "list create show csr install crl edit disable enable remove issued" ;;
    csr) echo "create list show use delete" ;;
    key) echo "show rotate recovery" ;;
    standby) echo "end" ;;
    cert) echo "list show add edit delete watch unwatch versions compare log confirm dead alive update export import replace access bulk enroll renew revoke" ;;
    csv) echo "import export" ;;
    business-group) echo "list add edit remove" ;;
    field) echo "list add edit remove" ;;
    group) echo "list show add remove join leave" ;;
    view) echo "list show save remove" ;;
    profile) echo "list show add edit check delete force" ;;
    resource) echo "list show add edit remove put clear test deploy" ;;
    deployment) echo "list show retry" ;;
    ticket) echo "create list show edit acknowledge snooze enroll renew revoke cancel resolve reopen approve refuse comment uncomment csr attachment attach detach watch unwatch" ;;
    user) echo "list add edit remove" ;;
    config) echo "check show list" ;;
    esac
}

_certdesk() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    local word="${COMP_WORDS[1]-}"

    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "audit backup business-group ca calendar cert check config csr csv dashboard deployment field group job key login notification profile resource restore schedule serve standby ticket token trust user version view webhook --help" \
            -- "$current")
        return
    fi
    case "$previous" in
    -f | --file | --ca-file | --proxy-credential-file | --token-file | --key | --chain | --password-file | --key-password-file \
        | --recovery-key | --config | --tls-cert | --tls-key)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --socket)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --data)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    -o | --output)
        mapfile -t COMPREPLY < <(compgen -W "table json csv" -- "$current")
        return
        ;;
    --starttls)
        mapfile -t COMPREPLY < <(compgen -W "smtp imap pop3 ftp ldap postgres mysql xmpp" \
            -- "$current")
        return
        ;;
    esac
    if [[ "$current" == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_certdesk_options "$word")" -- "$current")
    elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$(_certdesk_words "$word")" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_certdesk_words "$word")" -- "$current")
    elif [ "$word" = cert ] && [[ "${COMP_WORDS[2]}" = import || "${COMP_WORDS[2]}" = replace ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [ "$word" = csv ] && [ "${COMP_WORDS[2]}" = import ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [ "$word" = check ]; then
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$current")
    fi
}

complete -F _certdesk certdesk
