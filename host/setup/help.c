// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/help.h"

#include "host/base/base.h"

static const char boot_options[] = N_(
	"  --bootloader NAME    grub or systemd-boot, instead of the detected one\n"
	"  --root DIR           work on a tree that is not running (an image, a\n"
	"                       chroot), and run no commands\n");

static const char edit_options[] = N_(
	"  --dry-run            show the changes as a unified diff, and the\n"
	"                       commands; change nothing\n"
	"  --root-changed       the next boot may have another root= than this one\n"
	"  -y, --yes            do not ask\n");

static const char edit_codes[] = N_(
	"Exit codes: 0 done, 1 failed (everything is as it was), 2 refused, 64 usage.\n");

const char *const summary_help[] = {
	N_("usage: host-setup [COMMAND] [options]\n"
	   "\n"),
	N_("Sets up a Proxmox VE host for passing PCI devices through to VMs, checks it,\n"
	   "and undoes it. Without a command: the checklist, and what enable would change.\n"
	   "\n"),
	N_("  check                what this host has and lacks, with evidence and cures\n"
	   "  enable               set up the boot loader, the modules and the initramfs\n"
	   "  disable              remove exactly what enable added\n"
	   "  confirm              keep what enable --confirm-within has changed\n"
	   "  groups               the IOMMU groups and their devices\n"
	   "  capture              what is read of this host, in a file for a bug report\n"
	   "  sriov                virtual functions: those of each PF, made at every boot\n"
	   "  early                devices that no driver of the host sees at boot\n"
	   "\n"),
	boot_options,
	N_("  -h, --help           this text, or that of a command\n"
	   "  --version            the version\n"),
	NULL,
};

const char *const check_help[] = {
	N_("usage: host-setup check [options]\n"
	   "\n"),
	N_("Prints one line for each finding: ok, note, warning or missing, with the evidence\n"
	   "and the cure. What is missing keeps VMs with devices from starting.\n"
	   "The VMs of this node that have devices are listed last: whether they run, and what\n"
	   "each still needs.\n"
	   "\n"),
	N_("  --json               the same for programs\n"
	   "  --kernel RELEASE     only what this kernel lacks, as at its installation\n"),
	boot_options,
	N_("Exit codes: 0 ready, 1 could not check, 2 not ready, 3 ready after a reboot,\n"
	   "4 ready now, but not after the next boot, 64 usage.\n"),
	NULL,
};

const char *const enable_help[] = {
	N_("usage: host-setup enable [options]\n"
	   "\n"),
	N_("Adds intel_iommu=on iommu=pt (Intel) or iommu=pt (AMD) to the kernel command\n"
	   "line, and vfio's modules to those loaded at boot; runs update-grub or\n"
	   "proxmox-boot-tool, and update-initramfs. What you have set by hand is kept. After\n"
	   "any failure, every file is restored.\n"
	   "\n"),
	edit_options,
	boot_options,
	N_("  --processor NAME     intel or amd, instead of what /proc/cpuinfo says\n"
	   "  --confirm-within MINUTES\n"
	   "                       take it all back, and reboot once more, unless\n"
	   "                       `host-setup confirm` is run so soon after the reboot\n"),
	N_("only when you need them; each prints its risk, stays when enable is run again, and\n"
	   "disable removes it:\n"
	   "  --acs-override=WHAT  downstream, multifunction or both: pretend that devices\n"
	   "                       are isolated\n"
	   "  --pci-realloc=off    do not let the kernel move PCI resources\n"
	   "  --unsafe-interrupts  allow passthrough without interrupt remapping\n"
	   "  --ignore-msrs        let KVM ignore unknown machine registers\n"
	   "  --kernel-arg WORD    a further word for the kernel command line (repeatable)\n"
	   "  --only               only what this command names: what an earlier enable was\n"
	   "                       asked for by one of these options is removed\n"),
	edit_codes,
	NULL,
};

const char *const disable_help[] = {
	N_("usage: host-setup disable [options]\n"
	   "\n"),
	N_("Removes exactly what enable added, even if the files were edited since.\n"
	   "\n"),
	edit_options,
	boot_options,
	N_("  --manual-too         also remove what you have set by hand for the same\n"
	   "                       purpose; the diff is shown in any case\n"),
	edit_codes,
	NULL,
};

const char *const confirm_help[] = {
	N_("usage: host-setup confirm [--boot]\n"
	   "\n"),
	N_("Keeps what `host-setup enable --confirm-within` has changed, once the host has\n"
	   "booted with it. Without that, `host-setup disable` is run when the minutes are\n"
	   "over, or at once in a later boot, and the host reboots.\n"
	   "\n"),
	N_("  --boot               wait for that, and else undo the change, as\n"
	   "                       pve-passthrough-confirm.service does\n"),
	edit_codes,
	NULL,
};

const char *const groups_help[] = {
	N_("usage: host-setup groups [--json | --html FILE] [--root DIR]\n"
	   "\n"),
	N_("The IOMMU groups: their devices, drivers and reset methods, which VMs name\n"
	   "them, what the host does with them, and whether a group can be passed through. A\n"
	   "VM gets a group as a whole, except its bridges.\n"),
	N_("\n"
	   "  --html FILE          a page for a browser: the tree of devices with all of\n"
	   "                       that, links, disks and USB devices; - is standard output\n"),
	NULL,
};

const char *const capture_help[] = {
	N_("usage: host-setup capture FILE.tar.xz [options]\n"
	   "\n"),
	N_("Writes what check, groups, plan, vm and config read of this host into a file, with\n"
	   "which others see what these say here: without comments and command lines, and\n"
	   "with stand-ins for host names, MACs, IP addresses, UUIDs and serial numbers.\n"
	   "Lists every file, and asks before it writes.\n"
	   "To read it, as an ordinary user: tar xf FILE.tar.xz -C DIR; then each of these\n"
	   "commands with --root DIR.\n"
	   "\n"),
	N_("  --dry-run            only list what would be in it\n"
	   "  -y, --yes            do not ask\n"
	   "  --root DIR           of a tree that is not running (an image, a chroot)\n"
	   "\n"),
	N_("Exit codes: 0 done, 1 failed, 2 refused, 64 usage.\n"),
	NULL,
};

const char *const sriov_help[] = {
	N_("usage: host-setup sriov [ADDRESS N] [options]\n"
	   "\n"),
	N_("Lists the devices that can have virtual functions (SR-IOV): each PF with its\n"
	   "driver, its interface, how many VFs it can have, has, and has at every boot; each\n"
	   "VF with its driver, MAC address, VLAN and VM.\n"
	   "With ADDRESS and N it has N VFs of that PF made at every boot, and now where the\n"
	   "host does not use the PF; 0 undoes it exactly.\n"
	   "\n"),
	N_("  --json               the answer for programs\n"),
	N_("  --dry-run            show the changes and the command; change nothing\n"
	   "  --now                now, too, although the host uses the PF, whose link goes\n"
	   "                       for seconds\n"
	   "  --host-driver        let the host's drivers take the VFs; without it they get\n"
	   "                       none, and appear as no interfaces\n"
	   "  -y, --yes            do not ask\n"
	   "  --boot               make what is set up, as pve-passthrough-sriov.service does\n"),
	boot_options,
	edit_codes,
	NULL,
};

const char *const early_help[] = {
	N_("usage: host-setup early [ADDRESS... | --remove ADDRESS...] [options]\n"
	   "\n"),
	N_("Lists the devices that are held early: at boot they go to vfio-pci before any\n"
	   "other driver sees them. Others of their kind stay with the host.\n"
	   "With addresses these are held from the next boot on, and, after a question, the\n"
	   "other devices of their IOMMU groups; --remove undoes it exactly. A device is known\n"
	   "by its slot: when one of its kind has appeared, vanished or moved, none is held.\n"
	   "For one boot without it: pve_passthrough.early=0 on the kernel command line.\n"
	   "\n"),
	N_("  --remove             hold these no longer; one that is gone: by its slot\n"),
	N_("  --json               the answer for programs\n"),
	N_("  --dry-run            show the changes as a unified diff, and the\n"
	   "                       commands; change nothing\n"
	   "  -y, --yes            do not ask\n"
	   "  --boot               complete what the initramfs has begun, as\n"
	   "                       pve-passthrough-early.service does\n"),
	boot_options,
	edit_codes,
	NULL,
};
