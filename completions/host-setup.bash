# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of host-setup(8) for bash.
_host_setup() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local words="--help --root --version -h" command="" i

	# To bash, --option=value is three words.
	[[ $word != = ]] || word=
	[[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		capture | check | confirm | disable | early | enable | groups | sriov) command=${COMP_WORDS[i]} ;;
		esac
	done

	case $command in
	capture) words+=" --dry-run --yes -y" ;;
	check) words+=" --bootloader --json --kernel" ;;
	confirm) words+=" --boot" ;;
	disable) words+=" --bootloader --dry-run --manual-too --root-changed --yes -y" ;;
	early) words+=" --bootloader --boot --dry-run --json --remove --yes -y" ;;
	enable)
		words+=" --bootloader --dry-run --root-changed --yes -y --acs-override --confirm-within --ignore-msrs"
		words+=" --kernel-arg --only --pci-realloc --processor --unsafe-interrupts"
		;;
	groups) words+=" --html --json" ;;
	sriov) words+=" --bootloader --boot --dry-run --host-driver --json --now --yes -y" ;;
	*) words+=" capture check confirm disable early enable groups sriov --bootloader" ;;
	esac

	case $before in
	--html)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames 2>/dev/null
		return
		;;
	--root)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		compopt -o filenames 2>/dev/null
		return
		;;
	--acs-override) words="downstream multifunction both" ;;
	--bootloader) words="grub systemd-boot" ;;
	--confirm-within | --kernel-arg) words="" ;;
	--kernel) words=$(ls /lib/modules 2>/dev/null) ;;
	--pci-realloc) words="off" ;;
	--processor) words="intel amd" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _host_setup host-setup
