// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/keys.h"

#include <stdio.h>

#include "vmcfg/machine.h"
#include "vmcfg/memory_values.h"
#include "vmcfg/text/propstr.h"

/* vmcfg_check_value() of one kind. */
typedef int check_value(struct text *value, char **ret_why);

/* A text without a format loses quotes around it. */
static int check_text(struct text *value, char **ret_why)
{
	struct text unquoted = *value;

	(void)ret_why;
	if (text_take(&unquoted, "\"") && text_take_end(&unquoted, "\""))
		*value = unquoted;
	return 0;
}

static int check_as_written(struct text *value, char **ret_why)
{
	(void)value;
	(void)ret_why;
	return 0;
}

static int check_bool(struct text *value, char **ret_why)
{
	int truth = propstr_bool(*value);

	if (truth < 0)
		return text_refuse_part(ret_why, *value, _("it must be %s, not"),
					_(PROPSTR_EXPECT_BOOL));
	*value = text_of(truth ? "1" : "0");
	return 0;
}

static int check_volume(struct text *value, char **ret_why)
{
	if (text_is_volume(*value))
		return 0;
	return text_refuse_part(ret_why, *value,
				_("it must be a volume like local:snippets/name, not"));
}

/* Without a reason: a name decides nothing here. */
static int check_name(struct text *value, char **ret_why)
{
	(void)ret_why;
	return text_is_dns_name(*value) ? 0 : -EINVAL;
}

static int check_machine(struct text *value, char **ret_why)
{
	return machine_check(*value, ret_why);
}

static int check_integer(struct text value, int min, char **ret_why)
{
	const struct propstr_key key = {.min = min, .max = PROPSTR_ANY};

	if (propstr_is_integer(&key, value))
		return 0;
	return text_refuse_part(ret_why, value, _("it must be a whole number, at least %d, not"),
				min);
}

static int check_from_0(struct text *value, char **ret_why)
{
	return check_integer(*value, 0, ret_why);
}

static int check_from_1(struct text *value, char **ret_why)
{
	return check_integer(*value, 1, ret_why);
}

static int check_hotplug(struct text *value, char **ret_why)
{
	return hotplug_check(*value, ret_why);
}

static int check_hugepages(struct text *value, char **ret_why)
{
	if (text_is_one_of(*value, "any|2|1024"))
		return 0;
	return text_refuse_part(ret_why, *value, _("it must be %s, not"), "any|2|1024");
}

static int check_memory(struct text *value, char **ret_why)
{
	return memory_check(*value, ret_why);
}

static int check_node(struct text *value, char **ret_why)
{
	return numa_check(*value, ret_why);
}

static const struct {
	const char *name;
	check_value *check;
} keys[] = {
	[VMCFG_ARCH] = {"arch", check_text},
	[VMCFG_ARGS] = {"args", check_text}, /* see read_line() */
	[VMCFG_BIOS] = {"bios", check_text},
	[VMCFG_HOOKSCRIPT] = {"hookscript", check_volume},
	[VMCFG_LOCK] = {"lock", check_text},
	[VMCFG_MACHINE] = {"machine", check_machine},
	[VMCFG_NAME] = {"name", check_name},
	[VMCFG_TEMPLATE] = {"template", check_bool},
	[VMCFG_OSTYPE] = {"ostype", check_text},
	[VMCFG_VMSTATE] = {"vmstate", check_volume},
	[VMCFG_VGA] = {"vga", check_as_written},
	[VMCFG_AFFINITY] = {"affinity", check_text},
	[VMCFG_BALLOON] = {"balloon", check_from_0},
	[VMCFG_CORES] = {"cores", check_from_1},
	[VMCFG_HOTPLUG] = {"hotplug", check_hotplug},
	[VMCFG_HUGEPAGES] = {"hugepages", check_hugepages},
	[VMCFG_MEMORY] = {"memory", check_memory},
	[VMCFG_NUMA] = {"numa", check_bool},
	[VMCFG_SMP] = {"smp", check_from_1},
	[VMCFG_SOCKETS] = {"sockets", check_from_1},
};

/* Those with a number after them. */
static const struct numbered {
	const char *name;
	enum vmcfg_key first;
	unsigned int n;
	check_value *check; /* NULL: read_entry() */
} numbered[] = {
	{"numa", VMCFG_NODE, NUMA_MAX, check_node},
	{"virtiofs", VMCFG_VIRTIOFS, VIRTIOFS_MAX, check_text},
	{"hostpci", VMCFG_HOSTPCI, HOSTPCI_MAX, NULL},
};

/* That which KEY, from VMCFG_NODE on, is one of. */
static const struct numbered *numbered_of(enum vmcfg_key key)
{
	size_t i = 0;

	while (key >= numbered[i].first + numbered[i].n)
		i++;
	return &numbered[i];
}

const char *vmcfg_key_name(enum vmcfg_key key, char buf[VMCFG_KEY_SIZE])
{
	const struct numbered *kind;

	if (key < VMCFG_NODE)
		return keys[key].name;
	kind = numbered_of(key);
	snprintf(buf, VMCFG_KEY_SIZE, "%s%u", kind->name, (unsigned int)(key - kind->first) % 100);
	return buf;
}

enum vmcfg_key vmcfg_find_key(struct text name)
{
	unsigned int index;

	for (enum vmcfg_key k = 0; k < VMCFG_NODE; k++)
		if (text_is(name, keys[k].name))
			return k;
	for (size_t i = 0; i < ARRAY_SIZE(numbered); i++) {
		struct text number = name;

		if (text_take(&number, numbered[i].name) &&
		    text_parse_index(number, numbered[i].n, &index))
			return numbered[i].first + index;
	}
	return VMCFG_KEYS;
}

bool vmcfg_looks_like_key(struct text line)
{
	struct text word = text_trim(line);
	size_t n = text_span(word, char_is_alpha);

	if (n < word.len && (word.at[n] == '-' || word.at[n] == '_'))
		return false;
	word.len = n;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		if (k != VMCFG_NAME && text_is_nocase(word, keys[k].name))
			return true;
	return text_is_nocase(word, "hostpci");
}

int vmcfg_check_value(enum vmcfg_key key, struct text *value, char **ret_why)
{
	check_value *check = key < VMCFG_NODE ? keys[key].check : numbered_of(key)->check;

	return check(value, ret_why);
}
