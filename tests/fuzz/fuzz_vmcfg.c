// SPDX-License-Identifier: GPL-2.0-or-later
/* VM configs (vmcfg/vmcfg.h). */
#include "fuzz.h"

#include <string.h>

#include "vmcfg/machine.h"
#include "vmcfg/describe.h"
#include "vmcfg/memory.h"

static struct vmcfg *parse(const char *text, size_t size)
{
	struct vmcfg *vm = NULL;

	fuzz_require(!vmcfg_parse(text, size, &vm) && vm);
	return vm;
}

static void check_value(const struct vmcfg_value *value)
{
	if (!value->text)
		return;
	fuzz_require(value->text[value->len] == '\0');
	fuzz_require(!memchr(value->text, '\n', value->len));
}

static void check_dropped(const struct vmcfg *vm, unsigned int lines)
{
	for (size_t i = 0; i < vm->n_dropped; i++) {
		fuzz_require(vm->dropped[i].line >= 1 && vm->dropped[i].line <= lines);
		fuzz_require(!i || vm->dropped[i].line >= vm->dropped[i - 1].line);
		fuzz_require(fuzz_is_printable(vm->dropped[i].why));
	}
}

/* pcie=1 comes in, once, and nothing else changes. */
static void check_with_pcie(const struct hostpci *entry)
{
	auto_free char *once = hostpci_value_with_pcie(entry);
	auto_free char *twice = NULL;
	struct hostpci *changed = NULL;

	fuzz_require(once);
	/* What it is for is a command line: a value with a NUL ends early there. */
	if (memchr(entry->value, '\0', entry->value_len))
		return;
	fuzz_require(!hostpci_parse(once, strlen(once), &changed, NULL));
	fuzz_require(changed->pcie == 1);
	fuzz_require(same_text(changed->mapping, entry->mapping));
	fuzz_require(same_text(changed->mdev, entry->mdev));
	fuzz_require(same_text(changed->driver, entry->driver));
	fuzz_require(changed->n_hosts == entry->n_hosts &&
		     changed->legacy_igd == entry->legacy_igd);
	twice = hostpci_value_with_pcie(changed);
	fuzz_require(same_text(once, twice));
	hostpci_free(changed);
}

/* Fewer addresses name the same devices, and an entry without pcie=1 is one without it. */
static void check_with_less(const struct hostpci *entry)
{
	auto_free char *once = hostpci_value_once(entry);
	auto_free char *without = hostpci_value_without(entry, "pcie");
	struct hostpci *changed = NULL;

	fuzz_require(once && without);
	if (memchr(entry->value, '\0', entry->value_len) || (!entry->n_hosts && !entry->mapping))
		return;
	fuzz_require(!hostpci_parse(once, strlen(once), &changed, NULL));
	fuzz_require(changed->n_hosts <= entry->n_hosts && changed->pcie == entry->pcie);
	for (size_t i = 0; i < entry->n_hosts; i++)
		fuzz_require(entry->hosts[i].impossible ||
			     hostpci_addresses_name(changed->hosts, changed->n_hosts,
						    &entry->hosts[i].bdf));
	hostpci_free(changed);
	changed = NULL;
	fuzz_require(!hostpci_parse(without, strlen(without), &changed, NULL));
	fuzz_require(changed->pcie == -1 && changed->n_hosts == entry->n_hosts);
	hostpci_free(changed);
}

static void check_hostpci(const struct vmcfg *vm)
{
	for (size_t i = 0; i < HOSTPCI_MAX; i++) {
		const struct hostpci *entry = vm->hostpci[i];

		fuzz_require(!entry == !vm->values[VMCFG_HOSTPCI + i].text);
		if (!entry)
			continue;
		fuzz_require(entry->value_len == vm->values[VMCFG_HOSTPCI + i].len);
		for (size_t j = 0; j < entry->n_hosts; j++) {
			char buf[BDF_TEXT_SIZE];
			const char *text = hostpci_address_format(&entry->hosts[j], buf);

			fuzz_require(fuzz_is_printable(text) && strchr(text, ':') >= text + 4);
		}
		check_with_pcie(entry);
		check_with_less(entry);
	}
}

/* A VM that starts has all of its memory in pages, on nodes that there are. */
static void check_memory(const struct vmcfg *vm)
{
	const struct memory_host host = {.nodes = 7, .pages = {true, true}};
	struct memory_config config;
	struct memory_verdict verdict;
	uint64_t mib = 0;

	fuzz_require(!memory_config_read(vm, &config));
	fuzz_require(config.mib >= 16 && config.sockets && config.cpus >= config.sockets);
	/* An absurd number of sockets is gone through one by one. */
	if (config.sockets > 1000)
		return;
	verdict = memory_judge(&config, &host);
	if (verdict.rule != MEMORY_STARTS || config.hugepages == HUGEPAGES_NONE)
		return;
	for (unsigned int size = 0; size < PAGE_SIZES; size++)
		for (unsigned int i = 0; i < PAGE_NODES; i++) {
			mib += verdict.pages[size][i] * PAGE_MIB(size);
			fuzz_require(!verdict.pages[size][i] || host.nodes >> i & 1);
		}
	fuzz_require(mib == config.mib || config.hotplug);
}

/* A comment at the end changes nothing, wherever that end is. */
static void check_comment(const char *text, size_t size, const char *description)
{
	static const char comment[] = "\n# a comment";
	auto_free char *longer = malloc(size + strlen(comment));
	struct vmcfg *vm;
	auto_free char *said = NULL;

	fuzz_require(longer);
	if (size)
		memcpy(longer, text, size);
	memcpy(longer + size, comment, strlen(comment));
	vm = parse(longer, size + strlen(comment));
	said = vmcfg_describe_raw(vm);
	fuzz_require(same_text(said, description));
	vmcfg_free(vm);
}

/* What [PENDING] makes of a VM is as good as what the main section is. */
static void check_pending(struct vmcfg *vm)
{
	bool waits = vmcfg_resumes(vm), is_pending = vm->pending;
	enum vmcfg_pending found = vmcfg_apply_pending(vm, false);
	auto_free char *description = NULL;

	fuzz_require(is_pending == !!vm->pending_keys);
	fuzz_require(found == (!is_pending ? VMCFG_PENDING_NONE
			       : waits	   ? VMCFG_PENDING_WAITS
					   : VMCFG_PENDING_APPLIED));
	for (size_t i = 0; i < VMCFG_KEYS; i++)
		check_value(&vm->values[i]);
	check_hostpci(vm);
	description = vmcfg_describe_raw(vm);
	fuzz_require(description);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_bytes(data, size);
	unsigned int lines = fuzz_count_lines(text, size);
	const struct vmcfg_value *machine;
	struct vmcfg *vm = NULL;
	auto_free char *description = NULL, *table = NULL;

	if (size > VMCFG_TEXT_MAX - 100) {
		fuzz_require(size <= VMCFG_TEXT_MAX || vmcfg_parse(text, size, &vm) == -EFBIG);
		return 0;
	}
	vm = parse(text, size);
	for (size_t i = 0; i < VMCFG_KEYS; i++)
		check_value(&vm->values[i]);
	check_dropped(vm, lines);
	check_hostpci(vm);
	machine = &vm->values[VMCFG_MACHINE];
	fuzz_require(vmcfg_is_q35(vm) ==
		     (machine->text && machine_is_q35(machine->text, machine->len)));
	description = vmcfg_describe_raw(vm);
	fuzz_require(description);
	table = vmcfg_describe(vm, false);
	fuzz_require(table);
	check_comment(text, size, description);
	check_memory(vm);
	check_pending(vm);
	vmcfg_free(vm);
	return 0;
}
