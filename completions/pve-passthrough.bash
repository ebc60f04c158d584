# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of pve-passthrough(8) for bash: of what people run, not of the phases.

# The VMs of this node.
_pve_passthrough_vms() {
	local file

	for file in /etc/pve/qemu-server/*.conf; do
		[[ ! -e $file ]] || basename "$file" .conf
	done
}

_pve_passthrough() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local words="--help --root --version -h" command="" i

	# To bash, --option=value is three words.
	[[ $word != = ]] || word=
	[[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		accept | config | log | plan | restore | settings | status | vm | watch) command=${COMP_WORDS[i]} ;;
		esac
	done

	case $command in
	accept | log | plan | settings | watch) words+=" $(_pve_passthrough_vms)" ;;
	config) words+=" --raw $(_pve_passthrough_vms)" ;;
	restore) words+=" --all $(_pve_passthrough_vms)" ;;
	vm) words+=" --add --detach --fix --gpu --yes -y $(_pve_passthrough_vms)" ;;
	status) ;;
	*) words+=" accept config log plan restore settings status vm watch" ;;
	esac

	if [[ $before == --root ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		compopt -o filenames 2>/dev/null
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _pve_passthrough pve-passthrough
