// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/reduce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "vmcfg/vmcfg.h"

static void becomes(const char *text, const char *wanted)
{
	auto_free char *reduced = NULL;

	assert_int_equal(vmcfg_reduce(text, strlen(text), &reduced), 0);
	assert_string_equal(reduced, wanted);
}

/* What decides stays, in its line. */
static void test_keys(void **state)
{
	(void)state;
	becomes("#notes\nhostpci0: 0000:01:00,pcie=1\ncores: 4\nmemory: 2048\n",
		"#\nhostpci0: 0000:01:00,pcie=1\ncores: 4\nmemory: 2048\n");
	becomes("cipassword: x\nname: secret\nscsi0: local:vm-1,size=4G\nide2: none,media=cdrom\n",
		"#\nname: vm\nscsi0: disk\nide2: none,media=cdrom\n");
	becomes("net0: virtio=52:54:00:12:34:56,bridge=vmbr0,tag=7\nsmbios1: uuid=7d0c3a52-8f0e-4c11-9d64-0123456789ab,serial=x",
		"net0: mac=52:54:00:12:34:56,bridge=vmbr0\nsmbios1: uuid=7d0c3a52-8f0e-4c11-9d64-0123456789ab");
	becomes("[PENDING]\ndelete: hostpci0,cipassword\nmachine: q35\n[snap]\n#x\nhostpci1: 02:00\n",
		"[PENDING]\ndelete: hostpci0,,\nmachine: q35\n[snapshot]\n#\n#\n");
	becomes("name: a\nargs: -S\n[PENDING]\nname: b\nargs: -x\nvirtiofs0: c\n",
		"name: vm\nargs: -S\n[PENDING]\nname: vm2\nargs: -S -S\nvirtiofs0: dir\n");
	becomes("hostpci0: \nmachine:  \nx: \nhostpci1:\nsmbios1: serial=secret\n [secret\n",
		"hostpci0: \nmachine:  \n#\nhostpci1:\nsmbios1: uuid=none\n [\n");
	becomes("HostPCI0: 01:00 secret\nhostpci16: secret\nvmstate: ab:secret\n",
		" HostPCI0 ...\nhostpci16: none\nvmstate: local:state\n");
}

/* What QEMU is to open of the host's nodes. */
static void test_nodes(void **state)
{
	(void)state;
	becomes("scsi1: file=/dev/disk/by-id/x,size=4G,serial=secret\nide2: cdrom\nserial0: "
		"/dev/ttyS1\nserial1: socket\nefidisk0: /dev/sdb1,efitype=4m\nunused0: /dev/sdc\n",
		"scsi1: /dev/disk/by-id/x\nide2: /dev/cdrom,media=cdrom\nserial0: /dev/ttyS1\n"
		"serial1: none\nefidisk0: /dev/sdb1\nunused0: disk\n");
	becomes("scsi1: size=4G,volume=/dev/a=b\nserial2: /dev/a=b\n",
		"scsi1: file=/dev/a=b\nserial2: /dev/a=b\n");
	becomes("cdrom: /dev/sr0\n[PENDING]\ndelete: cdrom\n",
		"cdrom: /dev/sr0\n[PENDING]\ndelete: cdrom,\n");
	becomes("ide0: /dev/sr0,media=cdrom\nscsi2: /mnt/secret.raw\n[PENDING]\ndelete: ide0,net0\n",
		"ide0: /dev/sr0,media=cdrom\nscsi2: disk\n[PENDING]\ndelete: ide0,,\n");
}

static void test_args(void **state)
{
	(void)state;
	becomes("args: -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
		"7d0c3a52-8f0e-4c11-9d64-0123456789ab -vnc :1\n",
		"args: -device \"vfio-pci,sysfsdev=/sys/bus/mdev/devices/"
		"7d0c3a52-8f0e-4c11-9d64-0123456789ab\"\n");
	becomes("args: -device vfio-pci,host=01:00.0 -drive file=secret -cpu host,kvm=off -vnc :1\n",
		"args: -device \"vfio-pci,host=01:00.0\" -cpu host,kvm=off\n");
	becomes("args: -machine q35,memory-backend=/secret -smbios type=1\n",
		"args: -machine q35 -numa none\n");
	becomes("args: 'secret\n", "args: \"\n");
	becomes("args: -cpu 'host,kvm=off' -machine \"q35\"\n",
		"args: -cpu host,kvm=off -machine q35\n");
	becomes("args: -smbios secret\n", "args: -S\n");
	becomes("args: -drive file=/dev/sr0,id=secret -device usb-host,hostdevice=/dev/bus/usb/1/2\n",
		"args: -drive \"/dev/sr0\" -drive \"/dev/bus/usb/1/2\"\n");
}

/* What is found in one is found in the other. */
static void test_the_same(void **state)
{
	static const char text[] =
		"#a\nargs: -device vfio-pci,host=01:00.0 -m 7\nhostpci0: x\nmachine: pc\n"
		"hostpci1: 02:00.0,bad=1\nefidisk0: a:b\nbad line\nmemory: lots\n[PENDING]\nmachine: q35\n";
	cleanup_with(vmcfg_freep) struct vmcfg *a = NULL, *b = NULL;
	auto_free char *reduced = NULL;

	(void)state;
	assert_int_equal(vmcfg_reduce(text, strlen(text), &reduced), 0);
	assert_int_equal(vmcfg_parse(text, strlen(text), &a), 0);
	assert_int_equal(vmcfg_parse(reduced, strlen(reduced), &b), 0);
	assert_int_equal(a->n_dropped, b->n_dropped);
	for (size_t i = 0; i < a->n_dropped; i++) {
		assert_int_equal(a->dropped[i].line, b->dropped[i].line);
		assert_string_equal(a->dropped[i].why, b->dropped[i].why);
	}
	assert_int_equal(a->drives.n, b->drives.n);
	assert_string_equal(a->pending_keys, b->pending_keys);
}

static void test_container(void **state)
{
	static const char text[] =
		"#secret\ndev0: /dev/dri/card0,mode=0666\nhostname: secret\n"
		"mp0: /dev/sdb1,mp=/secret\nlxc.mount.entry: /dev/snd dev/snd none bind\n"
		"net0: name=eth0,bridge=vmbr0,hwaddr=52:54:00:12:34:56\n[snap]\ndev1: /dev/x\n";
	auto_free char *reduced = NULL;

	(void)state;
	assert_int_equal(ctcfg_reduce(text, strlen(text), &reduced), 0);
	assert_string_equal(
		reduced, "#\ndev0: /dev/dri/card0\n#\nmp0: /dev/sdb1\nlxc.mount.entry: /dev/snd\n"
			 "net0: mac=52:54:00:12:34:56,bridge=vmbr0\n[snapshot]\n#\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),	  cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_args),	  cmocka_unit_test(test_the_same),
		cmocka_unit_test(test_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
