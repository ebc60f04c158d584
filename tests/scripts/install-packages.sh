# shellcheck shell=bash disable=SC2154 # variables of lib
# mk/install-packages beside package sources that fail.

install=$top/mk/install-packages

# What is installed are the words of ./installed; apt-get knows the packages of ./known, and can fetch those of
# ./fetched. What apt-get is asked for is in ./asked.
machine() {
	: >asked
	printf '%s\n' base >installed
	printf '%s\n' base tool other >known
	printf '%s\n' base tool other >fetched
	fake id <<<'echo 0'
	fake dpkg-query <<-'END'
	for package; do :; done
	grep -qx "$package" installed && echo installed
	END
	fake apt-cache <<-'END'
	grep -x "$2" known
	END
	fake apt-get <<-'END'
	echo "$*" >>asked
	[ "$1" != update ] || exec sh ./update
	for package; do
		case $package in
		install | -*) continue ;;
		esac
		grep -qx "$package" fetched || { echo "E: Unable to fetch $package" >&2; exit 100; }
		echo "$package" >>installed
	done
	END
	echo 'exit 0' >update
}

# Proxmox VE's enterprise repository without a subscription: the other lists are fetched all the same.
update_fails_in_part() {
	cat >update <<-END
	echo 'E: Failed to fetch https://enterprise.proxmox.com/debian/pve/dists/bookworm/InRelease 401 Unauthorized' >&2
	${1-}
	exit 100
	END
}

t_nothing_is_asked_when_nothing_is_missing() {
	machine
	exits 0 "$install" base
	expect "what apt-get was asked" "" "$(cat asked)"
}

t_known_packages_need_no_update() {
	machine
	exits 0 "$install" base tool
	expect "what apt-get was asked" "install -y -qq --no-install-recommends tool" "$(cat asked)"
}

t_a_fresh_machine_is_updated_first() {
	machine
	: >known
	exits 0 "$install" tool
	expect "what apt-get was asked" "update -qq" "$(head -n 1 asked)"
}

t_a_failing_source_is_a_warning() {
	machine
	: >known
	update_fails_in_part 'printf "%s\n" base tool other >known'
	exits 0 "$install" tool other
	expect_line 'warning: apt-get update failed' out
	expect "installed" "base tool other" "$(paste -sd ' ' installed)"
}

# The lists are there, but name files that the mirror has no more.
t_old_lists_are_updated_once() {
	machine
	: >fetched
	update_fails_in_part 'echo tool >fetched'
	exits 0 "$install" tool
	expect_line 'warning: apt-get update failed' out
	expect "updates" 1 "$(grep -c update asked)"
}

t_what_cannot_be_installed_is_an_error() {
	machine
	: >fetched
	update_fails_in_part
	exits 1 "$install" tool
	expect_line 'could not install tool' out
}

t_who_is_not_root_is_told() {
	machine
	fake id <<<'echo 1000'
	exits 1 "$install" tool
	expect_line 'needs root: apt-get install tool' out
	expect "what apt-get was asked" "" "$(cat asked)"
}

# No script asks apt-get update by itself, and stops when it fails.
t_there_is_one_way_to_install() {
	grep -rnE 'apt-get (-[^ ]+ )*update' "$top/Makefile" "$top/mk" "$top/.ci" "$top/tests/lab" "$top/tests/package" \
		"$top/tests/bench" "$top/tests/fuzz" "$top/debian" >found || true
	grep -vE 'mk/install-packages:|private_apt|inside/lib.sh:|^[^:]*:[0-9]*:#' found >others || true
	expect "others" "" "$(cat others)"
}
