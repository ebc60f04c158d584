// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/owner.h"

#include "tree.h"

#define ID "d6b15f04feb95083acea4b9caa6e59f8ebe67e3e3cf9cb8c59fad543490ee3ef"

static void test_parse(void **state)
{
	static const struct {
		const char *cgroup;
		enum owner_kind kind;
		unsigned int number;
		const char *name, *unit;
	} rows[] = {
		{"", OWNER_UNKNOWN, 0, NULL, NULL},
		{"0::/\n", OWNER_UNKNOWN, 0, NULL, NULL},
		{"0::/system.slice\n", OWNER_UNKNOWN, 0, NULL, NULL},
		{"nonsense\n:\n0::\n", OWNER_UNKNOWN, 0, NULL, NULL},
		{"0::/init.scope\n", OWNER_PART, 0, "init.scope", NULL},
		{"0::/system.slice/x.service\n", OWNER_UNIT, 0, "x.service", "x.service"},
		{"0::/system.slice/x.service/sub/y.service\n", OWNER_UNIT, 0, "x.service",
		 "x.service"},
		{"0::/system.slice/system-ceph\\x2dosd.slice/ceph-osd@3.service\n", OWNER_UNIT, 0,
		 "ceph-osd@3.service", "ceph-osd@3.service"},
		{"0::/system.slice/snap.plex.plex.service\n", OWNER_UNIT, 0,
		 "snap.plex.plex.service", "snap.plex.plex.service"},
		{"0::/system.slice/run-r1.scope\n", OWNER_UNIT, 0, "run-r1.scope", NULL},
		{"0::/system.slice/.service\n", OWNER_UNKNOWN, 0, NULL, NULL},
		/* The old hierarchy, and both at once. */
		{"5:devices:/system.slice/a.service\n1:name=systemd:/system.slice/x.service\n",
		 OWNER_UNIT, 0, "x.service", "x.service"},
		{"1:name=systemd:/system.slice/x.service\n0::/\n", OWNER_UNIT, 0, "x.service",
		 "x.service"},
		{"5:devices:/system.slice/a.service\n", OWNER_UNKNOWN, 0, NULL, NULL},
		/* What has to run on. */
		{"0::/system.slice/pvestatd.service\n", OWNER_PART, 0, "pvestatd.service", NULL},
		{"0::/system.slice/pve-cluster.service\n", OWNER_PART, 0, "pve-cluster.service",
		 NULL},
		{"0::/system.slice/qmeventd.service\n", OWNER_PART, 0, "qmeventd.service", NULL},
		{"0::/system.slice/systemd-logind.service\n", OWNER_PART, 0,
		 "systemd-logind.service", NULL},
		{"0::/system.slice/ssh@3.service\n", OWNER_PART, 0, "ssh@3.service", NULL},
		{"0::/system.slice/sshfs.service\n", OWNER_UNIT, 0, "sshfs.service",
		 "sshfs.service"},
		/* Guests. */
		{"0::/qemu.slice/105.scope\n", OWNER_VM, 105, NULL, NULL},
		{"0::/qemu.slice/x.scope\n", OWNER_UNIT, 0, "x.scope", NULL},
		{"0::/lxc/105\n", OWNER_CT, 105, NULL, NULL},
		{"0::/lxc/105/ns/system.slice/jellyfin.service\n", OWNER_CT, 105, NULL, NULL},
		{"0::/lxc/105/ns/system.slice/docker-" ID ".scope\n", OWNER_CT, 105, NULL, NULL},
		{"0::/lxc.payload.105/system.slice/x.service\n", OWNER_CT, 105, NULL, NULL},
		{"0::/lxc.monitor/105\n", OWNER_CT, 105, NULL, NULL},
		{"1:name=systemd:/lxc/105/ns\n", OWNER_CT, 105, NULL, NULL},
		{"0::/lxc/105x/y\n", OWNER_UNKNOWN, 0, NULL, NULL},
		{"0::/system.slice/docker-" ID ".scope\n", OWNER_DOCKER, 0, "d6b15f04feb9", NULL},
		{"0::/system.slice/system-docker.slice/docker-" ID ".scope\n", OWNER_DOCKER, 0,
		 "d6b15f04feb9", NULL},
		{"0::/docker/" ID "\n", OWNER_DOCKER, 0, "d6b15f04feb9", NULL},
		{"0::/system.slice/docker.service\n", OWNER_UNIT, 0, "docker.service",
		 "docker.service"},
		{"0::/machine.slice/libpod-" ID ".scope/container\n", OWNER_PODMAN, 0,
		 "d6b15f04feb9", NULL},
		{"0::/machine.slice/libpod-conmon-" ID ".scope\n", OWNER_PODMAN, 0, "d6b15f04feb9",
		 NULL},
		/* A container that is a service's ends with it. */
		{"0::/system.slice/frigate.service/libpod-payload-" ID "\n", OWNER_UNIT, 0,
		 "frigate.service", "frigate.service"},
		/* People. */
		{"0::/user.slice/user-1000.slice/session-3.scope\n", OWNER_SESSION, 1000, "3",
		 NULL},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service\n",
		 OWNER_MANAGER, 1000, "pipewire.service", "user@1000.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", OWNER_MANAGER,
		 1000, "init.scope", "user@1000.service"},
		{"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
		 OWNER_MANAGER, 1000, "libpod-" ID ".scope", "user@1000.service"},
		{"0::/user.slice/user-1000.slice\n", OWNER_UNKNOWN, 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_owner struct owner owner;

		assert_int_equal(owner_parse(rows[i].cgroup, &owner), 0);
		if (owner.kind != rows[i].kind || owner.number != rows[i].number)
			fail_msg("%s: kind %d, number %u", rows[i].cgroup, (int)owner.kind,
				 owner.number);
		assert_string_equal(owner.name ? owner.name : "", rows[i].name ? rows[i].name : "");
		assert_string_equal(owner.unit ? owner.unit : "", rows[i].unit ? rows[i].unit : "");
	}
}

static void assert_owner(struct tree *tree, enum owner_kind kind, const char *user,
			 const char *unit)
{
	auto_owner struct owner owner;

	assert_int_equal(owner_read(&tree->root, 20, &owner), 0);
	assert_int_equal(owner.kind, kind);
	assert_string_equal(owner.user ? owner.user : "", user);
	assert_string_equal(owner.unit ? owner.unit : "", unit);
}

/* Only a login that a display manager made ends with that. */
static void test_logins(void **state)
{
	struct tree *tree = *state;

	tree_process(tree, 20, "Xorg", "Xorg");
	assert_owner(tree, OWNER_UNKNOWN, "", "");
	tree_file(tree, "proc/20/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
	assert_owner(tree, OWNER_SESSION, "uid 1000", "");
	tree_file(tree, "etc/passwd",
		  "root:x:0:0::/root:/bin/sh\nbad\nmax:x:1000:1000::/:/bin/sh\n");
	tree_file(tree, "run/systemd/sessions/2", "UID=1000\nTYPE=x11\nSERVICE=sddm\n");
	assert_owner(tree, OWNER_SESSION, "max", "");
	tree_link(tree, "etc/systemd/system/display-manager.service",
		  "/usr/lib/systemd/system/sddm.service");
	assert_owner(tree, OWNER_SESSION, "max", "sddm.service");
	tree_file(tree, "run/systemd/sessions/2", "UID=1000\nTYPE=tty\nSERVICE=sshd\n");
	assert_owner(tree, OWNER_SESSION, "max", "");
	tree_file(tree, "run/systemd/sessions/2", "UID=1000\nTYPE=wayland\nSERVICE=login\n");
	assert_owner(tree, OWNER_SESSION, "max", "");
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		WITH_TREE(test_logins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
