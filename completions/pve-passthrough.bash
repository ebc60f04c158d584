# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of pve-passthrough(8) for bash: of what people run, not of the phases.

# The VMs of this node.
_pve_passthrough_vms() {
	local file

	for file in /etc/pve/qemu-server/*.conf; do
		[[ ! -e $file ]] || basename "$file" .conf
	done
}

# The PCI devices of this host, without bridges.
_pve_passthrough_addresses() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ ! -e $dir || -d $dir/pci_bus ]] || basename "$dir"
	done
}

# The mappings of the cluster.
_pve_passthrough_mappings() {
	[[ ! -r /etc/pve/mapping/pci.cfg ]] || sed -n 's/^[A-Za-z][A-Za-z0-9_-]*$/&/p' /etc/pve/mapping/pci.cfg
}

# The nodes of the cluster.
_pve_passthrough_nodes() {
	local dir

	for dir in /etc/pve/nodes/*; do
		[[ ! -e $dir ]] || basename "$dir"
	done
}

_pve_passthrough() {
	local words=() word command="" n=0 offered="" given=" " takes_vm="" before="" value
	local methods="device_specific acpi flr af_flr pm bus cxl_bus"

	# To bash, an address is five words, and --option=value is three.
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [[ ${#words[@]} -gt 0 && ($word == [:=]* || ${words[-1]} == *[:=]) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	word=${words[-1]}
	unset "words[-1]"

	for value in "${words[@]}"; do
		if [[ $before == --@(root|vfs-of|node|mapping|reset) ]]; then
			: its value
		elif [[ $value == -* ]]; then
			given+="$value "
		elif [[ -z $command ]]; then
			command=$value
		else
			n=$((n + 1))
		fi
		before=$value
	done

	case $command in
	"") offered="accept config log mapping plan restore settings status test vm watch" ;;
	accept | watch) takes_vm=1 ;;
	log | plan | settings) takes_vm=1 offered="--json" ;;
	status) offered="--json" ;;
	config) takes_vm=1 offered="--raw" ;;
	restore) takes_vm=1 offered="--all" ;;
	vm)
		takes_vm=1
		offered="--add --detach --fix --gpu --json --mapping --yes -y"
		[[ $given != *" --add "* ]] || offered="--gpu --mapping --yes -y"
		[[ $given != *" --detach "* && $given != *" --fix "* ]] || offered="--yes -y"
		;;
	mapping) offered="--all-twins --alternative --json --node --vfs-of --yes -y" ;;
	test) offered="--json --reset --yes -y" ;;
	esac
	offered+=" --help --root --version -h"

	if [[ $word == --root=* || $before == --root ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "${word#--root=}")
		compopt -o filenames 2>/dev/null
		return
	fi
	case $before in
	--mapping) offered=$(_pve_passthrough_mappings) given="" ;;
	--node) offered="all $(_pve_passthrough_nodes)" given="" ;;
	--vfs-of) offered=$(_pve_passthrough_addresses) given="" ;;
	--reset) offered=$methods given="" ;;
	esac
	if [[ $word == --mapping=* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pve_passthrough_mappings)" -- "${word#--mapping=}")
		return
	fi
	if [[ $word == --reset=* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$methods" -- "${word#--reset=}")
		return
	fi
	if [[ $before == --@(mapping|node|vfs-of|reset) ]]; then
		: the value of an option
	elif [[ $command == mapping && $n -eq 0 ]]; then
		offered+=" $(_pve_passthrough_mappings)"
	elif [[ $command == test && $n -eq 0 ]]; then
		offered+=" $(_pve_passthrough_addresses)"
	elif [[ $command == mapping && $word != -* && $given != *" --vfs-of "* ]]; then
		offered=$(_pve_passthrough_addresses)
	elif [[ -n $takes_vm && $n -eq 0 && $given != *" --all "* ]]; then
		offered+=" $(_pve_passthrough_vms)"
	elif [[ $n -eq 1 && $given == *" --add "* && $word != -* ]]; then
		offered=$(_pve_passthrough_addresses)
	fi
	for value in $given; do
		offered=" $offered "
		offered=${offered// $value / }
	done
	mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
	# bash replaces only what is after the last colon.
	if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
	fi
}
complete -F _pve_passthrough pve-passthrough
