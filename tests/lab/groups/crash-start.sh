# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# kill -9 of pre-start at every write: whatever it was doing when it died, the next run makes it good.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device bochs-display,bus=rp1,addr=0.0,multifunction=on -device intel-hda,bus=rp1,addr=0.1,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme,bus=rp2,serial=lab3
#seconds 180

# shellcheck source=tests/lab/guest/sweep.sh
. /lab/sweep.sh

t_start_killed_before() {
	want display disk
	sweep 9 pre-start -- post-stop
}

t_start_killed_after() {
	want disk
	sweep 3 pre-start -a -- post-stop
}

# Only the hook dies; its workers go on while post-stop comes.
t_start_hook_killed() {
	want display
	sweep 6 pre-start -h -- post-stop
}

# The same, and nobody calls post-stop: Proxmox VE takes it for a failed start.
t_start_hook_killed_watched() {
	want display
	start_fails=yes
	sweep 6 pre-start -h --
}

t_start_killed_started_again() {
	want display
	sweep 6 pre-start -a -- pre-start post-stop
}

# The same at the writes of the records.
t_start_killed_at_records() {
	want display
	sweep 2 pre-start -d /run/pve-passthrough -- post-stop
}

# What is said of a capture is what is said here.
t_captured_crash_start() { # more
	all_captured
}
