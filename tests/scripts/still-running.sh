# shellcheck shell=bash disable=SC2154 # variables of lib
# mk/still-running beside a command that is silent.

export STILL_SECONDS=1
still=$top/mk/still-running

t_silence_is_filled() {
	exits 0 "$still" slow sh -c 'echo begin; sleep 2.7; printf half; sleep 1.2; echo " a line" >&2; printf end'
	sed 's/([0-9]* s)/(N s)/' out | uniq >lines
	printf '%s\n' begin 'still running: slow (N s)' 'half a line' end | head -c -1 >expected
	expect "lines" "$(cat expected)" "$(cat lines)"
	expect "the last line has no end" "" "$(tail -c 1 out | tr -d d)"
}

t_who_talks_is_left_alone() {
	exits 0 env STILL_SECONDS=5 "$still" talk sh -c 'echo 1; sleep 0.5; echo 2; sleep 0.5; echo 3'
	expect "lines" "1 2 3" "$(paste -sd ' ' out)"
}

t_the_exit_code_is_the_commands() {
	exits 7 "$still" fails sh -c 'echo why; exit 7'
	expect "lines" why "$(cat out)"
	exits 127 "$still" none ./no-such-command
	exits 143 "$still" killed sh -c 'kill $$'
}

# As one that a package starts at its installation.
t_a_daemon_is_not_waited_for() {
	exits 0 timeout 20 "$still" daemon sh -c 'sleep 98765.25 & echo $! >daemon; echo started'
	kill "$(cat daemon)"
	expect "lines" started "$(cat out)"
}
