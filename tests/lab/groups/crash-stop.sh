# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# kill -9 of post-stop at every write: the next run completes it.
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

t_stop_killed_before() {
	want display disk
	sweep 12 post-stop -- post-stop
}

t_stop_killed_after() {
	want disk
	sweep 4 post-stop -a -- post-stop
}

# Only the hook dies; its workers go on while the next post-stop comes.
t_stop_hook_killed() {
	want disk
	sweep 4 post-stop -h -- post-stop
}

# Stopped halfway and then started again: the before-image must not be forgotten.
t_stop_killed_started_again() {
	want disk
	sweep 4 post-stop -- pre-start post-stop
}
