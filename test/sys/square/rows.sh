# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the square's scenarios share: a scenario is rows, each with a verdict of its own. A row that fails does not end
# the others, so it leaves things as it found them, or the next row does not rely on them.
. /test/lib.sh

wanted_rows=$(option kanso.rows)

# row NAME COMMAND...: run it (if it is among kanso.rows=NAME,NAME), show what it said, and its verdict
row() {
    row_name=$1
    shift
    case ",$wanted_rows," in
        ,, | *",$row_name,"*) ;;
        *) return ;;
    esac
    step "row $row_name"
    if ("$@") >/tmp/row.log 2>&1; then
        cat /tmp/row.log
        echo "@@ROW $row_name ok"
    else
        cat /tmp/row.log
        echo "@@ROW $row_name failed: $(grep '^row: ' /tmp/row.log | tail -n 1 | cut -c 6-)"
    fi
}

fail() {
    echo "row: $*"
    exit 1
}

# What a tool says is the evidence; a tool that hangs is a row that fails
try() {
    timeout 200 "$@" >/tmp/try.log 2>&1 || {
        status=$?
        cat /tmp/try.log
        fail "status $status from: $*: $(grep . /tmp/try.log | tail -n 1)"
    }
    cat /tmp/try.log
}

guest_says() { # name, text, seconds, count
    await "${3:-200}" "$logs/guest-$1.log" "$2" "${4:-1}" || fail "guest $1 never said '$2'"
}

column() { # domain, number: of xl list
    xl list "$1" | awk -v n="$2" 'NR == 2 { print $n }'
}

become() { # what, wanted, command...: wait until the command prints it
    what=$1
    wanted=$2
    shift 2
    n=0
    until [ "$("$@" 2>/dev/null)" = "$wanted" ]; do
        n=$((n + 1))
        [ $n -lt 400 ] || fail "$what: wanted '$wanted', found '$("$@" 2>&1)'"
        usleep 50000
    done
}

is_in_state() { # domain, letter: yes or no
    case $(column "$1" 5) in *"$2"*) echo yes ;; *) echo no ;; esac
}

# From domain number 1 on all that is left of a row
clean_up() {
    n=0
    while [ "$(xl list | wc -l)" -gt 2 ] && [ $n -lt 50 ]; do
        n=$((n + 1))
        for domain in $(xl list | awk 'NR > 2 { print $2 }'); do
            xl destroy "$domain" >/dev/null 2>&1
        done
    done
}
