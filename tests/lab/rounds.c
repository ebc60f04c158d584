// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rounds SEED N BDF...: plays Proxmox VE for four VMs at once, which share the devices: N rounds of
 * starting, running, stopping, failing and being killed, drawn from SEED. Each VM draws from a row
 * of its own, so that a seed repeats what each of them does; how they meet is the kernel's to say.
 *
 * What must hold: no device is in two running VMs; the devices of a running VM are on vfio-pci
 * until it ends; no hook lasts longer than its deadline and a second; and when all is over, every
 * device has the driver and the driver_override it had, no record is left, and no watcher either.
 *
 * Exit code: 0 all held; 1 something did not, and was said; 125 this program failed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SNIPPET "/var/lib/vz/snippets/pve-passthrough"
#define RECORDS "/run/pve-passthrough/records"

enum { FIRST_VM = 100, N_VMS = 4, MAX_DEVICES = 16, MAX_NAMED = 3, EXIT_BROKEN = 125 };
enum { DEADLINE_S = 20, HOOK_MAX_MS = (DEADLINE_S + 1) * 1000, SETTLE_MS = 20000 };

struct device {
	const char *bdf;
	char group[16];
	char driver[64], override[64]; /* as they were at first */
};

/* What all players see. */
struct shared {
	int owner[MAX_DEVICES]; /* the VM that runs with the device's group; 0: none */
	int rounds, started, refused, failed, hooks_killed, vms_killed, stops_killed, reboots,
		watchers_killed, broken, longest_ms;
};

static struct device devices[MAX_DEVICES];
static int n_devices;
static struct shared *shared;

/* One VM and who plays with it. */
struct player {
	int vmid;
	unsigned long random;
	int named[MAX_NAMED], n_named; /* the devices of its config */
	pid_t qemu;
};

static void die(const char *what)
{
	fprintf(stderr, "rounds: %s: %s\n", what, strerror(errno));
	_exit(EXIT_BROKEN);
}

static void broken(const struct player *player, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("broken: VM %d: %s\n", player ? player->vmid : 0, text);
	fflush(stdout);
	__atomic_add_fetch(&shared->broken, 1, __ATOMIC_SEQ_CST);
}

static void count(int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

/* xorshift: the same row everywhere. */
static unsigned int draw(struct player *player, unsigned int n)
{
	player->random ^= player->random << 13;
	player->random ^= player->random >> 7;
	player->random ^= player->random << 17;
	return (unsigned int)(player->random >> 11) % n;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(unsigned int ms)
{
	struct timespec span = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&span, NULL);
}

/* ---- the machine ---- */

static void read_link_name(const char *bdf, const char *name, char *to, size_t size)
{
	char path[128], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	snprintf(to, size, "%s", n > 0 ? strrchr(target, '/') + 1 : "none");
}

static void read_override(const char *bdf, char *to, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, to, size - 1);
	if (n < 0)
		die(path);
	to[n] = '\0';
	to[strcspn(to, "\n")] = '\0';
	close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* ---- what Proxmox VE does ---- */

static int lock_vm(const struct player *player)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/var/lock/qemu-server/lock-%d.conf", player->vmid);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		die(path);
	return fd;
}

/* What the hook says goes nowhere, but its end is waited for as Proxmox VE does: a child of it that
 * holds the stream would hold up the start. */
static void wait_for_silence(int fd)
{
	char text[1024];
	ssize_t n;

	do
		n = read(fd, text, sizeof(text));
	while (n > 0 || (n < 0 && errno == EINTR));
}

/* Runs a phase, or a verb without one; KILL_MS: kills it then (0: not). Returns its exit code, or
 * 137. */
static int run_hook(const struct player *player, const char *first, const char *second,
		    unsigned int kill_ms)
{
	long begin = now_ms();
	int channel[2], status, took;
	pid_t pid;

	(void)player;
	if (pipe2(channel, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		dup2(channel[1], 1);
		dup2(channel[1], 2);
		execl(SNIPPET, "pve-passthrough", first, second, NULL);
		_exit(EXIT_BROKEN);
	}
	close(channel[1]);
	if (kill_ms) {
		pause_ms(kill_ms);
		kill(pid, SIGKILL);
	}
	wait_for_silence(channel[0]);
	close(channel[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	took = (int)(now_ms() - begin);
	if (took > __atomic_load_n(&shared->longest_ms, __ATOMIC_SEQ_CST))
		__atomic_store_n(&shared->longest_ms, took, __ATOMIC_SEQ_CST);
	if (took > HOOK_MAX_MS)
		broken(player, "%s %s took %d ms", first, second, took);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	if (WEXITSTATUS(status) == EXIT_BROKEN)
		die(SNIPPET);
	return WEXITSTATUS(status);
}

static int run_phase(const struct player *player, const char *phase, unsigned int kill_ms)
{
	char vmid[16];

	snprintf(vmid, sizeof(vmid), "%d", player->vmid);
	return run_hook(player, vmid, phase, kill_ms);
}

static void draw_config(struct player *player)
{
	char path[96], text[1024] = "machine: q35\nmemory: 32\n";
	/* Mostly one, for the VMs to run beside each other. */
	unsigned int n = draw(player, 2) ? 1 : 1 + draw(player, MAX_NAMED);

	player->n_named = 0;
	while (player->n_named < (int)n) {
		int device = (int)draw(player, (unsigned int)n_devices);
		int known = 0;

		for (int i = 0; i < player->n_named; i++)
			known |= player->named[i] == device;
		if (known)
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "hostpci%d: %s\n",
			 player->n_named, devices[device].bdf);
		player->named[player->n_named++] = device;
	}
	snprintf(path, sizeof(path), "/etc/pve/qemu-server/%d.conf", player->vmid);
	write_file(path, text);
}

static int same_group(int a, int b)
{
	return !strcmp(devices[a].group, devices[b].group);
}

/* The groups of the named devices become this VM's, or nobody's. */
static void set_owner(const struct player *player, int owner)
{
	for (int d = 0; d < n_devices; d++)
		for (int i = 0; i < player->n_named; i++) {
			int before;

			if (!same_group(d, player->named[i]))
				continue;
			before = __atomic_exchange_n(&shared->owner[d], owner, __ATOMIC_SEQ_CST);
			if (owner && before && before != owner)
				broken(player, "%s is given to it, and VM %d runs with it",
				       devices[d].bdf, before);
		}
}

static void check_on_vfio(const struct player *player, const char *when)
{
	for (int i = 0; i < player->n_named; i++) {
		char driver[64];

		read_link_name(devices[player->named[i]].bdf, "driver", driver, sizeof(driver));
		if (strcmp(driver, "vfio-pci"))
			broken(player, "%s is on %s %s", devices[player->named[i]].bdf, driver,
			       when);
	}
}

/* A process that has the VM's groups open, as its QEMU, until it is killed. */
static void start_qemu(struct player *player)
{
	char pid_file[64], text[16];
	int ready[2];
	char byte;

	snprintf(pid_file, sizeof(pid_file), "/var/run/qemu-server/%d.pid", player->vmid);
	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	player->qemu = fork();
	if (player->qemu < 0)
		die("fork");
	if (!player->qemu) {
		for (int i = 0; i < player->n_named; i++) {
			char path[64];

			snprintf(path, sizeof(path), "/dev/vfio/%s",
				 devices[player->named[i]].group);
			/* Two of one group: the second open is refused, as it must be. */
			if (open(path, O_RDWR) < 0 && errno != EBUSY)
				broken(player, "%s cannot be opened: %s", path, strerror(errno));
		}
		dup2(ready[1], 9);
		execl("/bin/sh", "sh", "-c", "echo >&9; exec 9>&-; kill -STOP $$", "kvm",
		      "-pidfile", pid_file, NULL);
		_exit(EXIT_BROKEN);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the VM's process");
	close(ready[0]);
	snprintf(text, sizeof(text), "%d\n", player->qemu);
	write_file(pid_file, text);
}

static void end_qemu(struct player *player, int remove_pid_file)
{
	char pid_file[64];

	if (!player->qemu)
		return;
	check_on_vfio(player, "while it runs");
	/* From here on its devices are somebody else's, as soon as they like. */
	set_owner(player, 0);
	kill(player->qemu, SIGKILL);
	waitpid(player->qemu, NULL, 0);
	player->qemu = 0;
	snprintf(pid_file, sizeof(pid_file), "/var/run/qemu-server/%d.pid", player->vmid);
	if (remove_pid_file)
		unlink(pid_file);
}

/* ---- rounds ---- */

/* The start, with the lock held all the while. Returns whether the VM runs. */
static int start(struct player *player, unsigned int kill_ms, int fails)
{
	int lock = lock_vm(player);
	int code = run_phase(player, "pre-start", kill_ms);

	if (code == 0 && !fails) {
		set_owner(player, player->vmid);
		check_on_vfio(player, "after pre-start");
		start_qemu(player);
		count(&shared->started);
	} else if (code == 0) {
		count(&shared->failed);
	} else if (code == 137) {
		count(&shared->hooks_killed);
	} else if (code == 1 || code == 2) {
		count(&shared->refused);
	} else {
		broken(player, "pre-start ended with %d", code);
	}
	close(lock);
	return player->qemu != 0;
}

static void stop(struct player *player, unsigned int kill_ms)
{
	int lock = lock_vm(player);
	int code;

	end_qemu(player, 1);
	code = run_phase(player, "post-stop", kill_ms);
	if (code == 137)
		count(&shared->stops_killed);
	else if (code > 1)
		broken(player, "post-stop ended with %d", code);
	close(lock);
}

static void reboot_vm(struct player *player)
{
	char note[64];
	int lock = lock_vm(player);

	count(&shared->reboots);
	snprintf(note, sizeof(note), "/run/qemu-server/%d.reboot", player->vmid);
	write_file(note, "");
	end_qemu(player, 1);
	if (run_phase(player, "post-stop", 0))
		broken(player, "the post-stop of a reboot failed");
	unlink(note);
	if (draw(player, 2))
		draw_config(player);
	close(lock);
	if (start(player, 0, 0)) {
		pause_ms(draw(player, 100));
		stop(player, 0);
	}
}

/* As an administrator or a unit would after a watcher has died. */
static void kill_watchers(struct player *player)
{
	char command[128], vmid[16];

	count(&shared->watchers_killed);
	snprintf(command, sizeof(command),
		 "ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) pve-passthrough watch %d$/\\1/p' | "
		 "xargs -r kill -9 2>/dev/null",
		 player->vmid);
	if (system(command) == -1)
		die("ps");
	end_qemu(player, 1);
	snprintf(vmid, sizeof(vmid), "%d", player->vmid);
	run_hook(player, "restore", vmid, 0);
}

static void play_round(struct player *player)
{
	unsigned int what = draw(player, 10);

	count(&shared->rounds);
	draw_config(player);
	if (!start(player, what == 0 ? 1 + draw(player, 120) : 0, what == 1))
		return;
	pause_ms(draw(player, 150));
	switch (what) {
	case 2:
	case 3:
		count(&shared->vms_killed);
		end_qemu(player, (int)draw(player, 2));
		break;
	case 4: stop(player, 1 + draw(player, 120)); break;
	case 5: reboot_vm(player); break;
	case 6: kill_watchers(player); break;
	default: stop(player, 0); break;
	}
}

static void play(int vmid, unsigned long seed, int rounds)
{
	struct player player = {.vmid = vmid, .random = seed * 2654435761UL + (unsigned long)vmid};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 20; i++)
		draw(&player, 2);
	for (int i = 0; i < rounds; i++) {
		play_round(&player);
		pause_ms(draw(&player, 80));
	}
	_exit(0);
}

/* ---- the end ---- */

static int files_in(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int n = 0;

	while (folder && (entry = readdir(folder)))
		n += entry->d_name[0] != '.' && !strstr(entry->d_name, ".reboot");
	if (folder)
		closedir(folder);
	return n;
}

/* The records, and who there is to care for them and what each waits for. */
static void show_what_is_left(void)
{
	fflush(stdout);
	if (system("sed 's|^|# |' " RECORDS "/[0-9]*; "
		   "for pid in $(pidof pve-passthrough); do "
		   "printf '# %s waits in %s\\n' \"$(tr '\\0' ' ' </proc/$pid/cmdline)\" "
		   "\"$(cat /proc/$pid/wchan)\"; done") == -1)
		die("sh");
}

static void check_end(void)
{
	long begin = now_ms();

	while (files_in(RECORDS) && now_ms() - begin < SETTLE_MS)
		pause_ms(50);
	if (files_in(RECORDS)) {
		broken(NULL, "%d records are left", files_in(RECORDS));
		show_what_is_left();
	}
	for (int i = 0; i < n_devices; i++) {
		const struct device *device = &devices[i];
		char driver[64], override[64];

		read_link_name(device->bdf, "driver", driver, sizeof(driver));
		read_override(device->bdf, override, sizeof(override));
		if (strcmp(driver, device->driver) || strcmp(override, device->override))
			broken(NULL, "%s: driver %s, override %s; they were %s and %s", device->bdf,
			       driver, override, device->driver, device->override);
	}
}

static void read_devices(char **bdfs, int n)
{
	if (n > MAX_DEVICES) {
		errno = E2BIG;
		die("devices");
	}
	for (int i = 0; i < n; i++) {
		struct device *device = &devices[i];

		device->bdf = bdfs[i];
		read_link_name(bdfs[i], "iommu_group", device->group, sizeof(device->group));
		read_link_name(bdfs[i], "driver", device->driver, sizeof(device->driver));
		read_override(bdfs[i], device->override, sizeof(device->override));
	}
	n_devices = n;
}

int main(int argc, char **argv)
{
	unsigned long seed;
	int rounds;

	if (argc < 4 + MAX_NAMED) {
		fputs("usage: rounds SEED N BDF BDF BDF BDF...\n", stderr);
		return 64;
	}
	seed = strtoul(argv[1], NULL, 10);
	rounds = atoi(argv[2]);
	read_devices(argv + 3, argc - 3);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap");
	clearenv();
	setenv("PATH", "/sbin:/bin:/usr/sbin:/usr/bin", 1);
	setenv("LC_ALL", "C", 1);
	for (int i = 0; i < N_VMS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			play(FIRST_VM + i, seed, rounds / N_VMS + (i < rounds % N_VMS));
	}
	for (int status; wait(&status) > 0 || errno == EINTR;)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			broken(NULL, "a player ended with status %d", status);
	check_end();
	printf("# seed %lu, %d rounds: %d starts, %d refused, %d failed starts, %d hooks and %d stops "
	       "killed, %d VMs killed, %d reboots, %d times the watcher killed; the longest hook %d ms\n",
	       seed, shared->rounds, shared->started, shared->refused, shared->failed,
	       shared->hooks_killed, shared->stops_killed, shared->vms_killed, shared->reboots,
	       shared->watchers_killed, shared->longest_ms);
	return shared->broken ? 1 : 0;
}
