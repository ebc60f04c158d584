// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/standin.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host/base/fs.h"
#include "host/text/mac.h"
#include "host/text/strbuf.h"

#define UUID_LEN 36
#define MAC_LEN	 17
#define MD_LEN	 35

struct standin {
	enum standin_kind kind;
	char *text, *with;
	size_t len;
};

struct standins {
	struct standin *items;
	size_t n;
	unsigned int counts[STANDIN_KINDS];
	bool words; /* they are replaced everywhere */
};

int standins_new(struct standins **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void standins_free(struct standins *standins)
{
	if (!standins)
		return;
	for (size_t i = 0; i < standins->n; i++) {
		free(standins->items[i].text);
		free(standins->items[i].with);
	}
	free(standins->items);
	free(standins);
}

void standins_replace_words(struct standins *standins)
{
	standins->words = true;
}

/* ---- what each becomes ---- */

static char *make_ipv4(const char *text, unsigned int number)
{
	static const char *const nets[] = {"192.0.2", "198.51.100", "203.0.113"};
	unsigned int net = (number - 1) / 254 % 3, host = (number - 1) % 254 + 1;

	if (!strncmp(text, "169.254.", 8))
		return fs_path("169.254.%u.%u", number >> 8 & 0xff, number & 0xff);
	return fs_path("%s.%u", nets[net], host);
}

/* A name that is a word of the configuration, too, says nothing of whose host it is. */
static bool is_telling(const char *name)
{
	static const char *const words[] = {"vm",   "ct",   "kvm",  "qemu", "lxc",	"local",
					    "host", "node", "root", "dir",  "localhost"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i]))
			return false;
	return !after_prefix(name, "ip6-");
}

static char *make(enum standin_kind kind, const char *text, unsigned int number)
{
	switch (kind) {
	case STANDIN_HOST: return is_telling(text) ? fs_path("host-%u", number) : strdup(text);
	case STANDIN_USER: return fs_path("user-%u", number);
	case STANDIN_WORD: return fs_path("word-%u", number);
	case STANDIN_SERIAL: return fs_path("%016x", number);
	case STANDIN_LVM: return fs_path("000000-0000-0000-0000-0000-0000-%06u", number);
	case STANDIN_MAC:
		return fs_path("02:00:00:%02x:%02x:%02x", number >> 16 & 0xff, number >> 8 & 0xff,
			       number & 0xff);
	case STANDIN_UUID: return fs_path("00000000-0000-4000-8000-%012x", number);
	case STANDIN_IPV4: return make_ipv4(text, number);
	case STANDIN_IPV6:
		return fs_path("%s::%x", strncasecmp(text, "fe80:", 5) ? "2001:db8" : "fe80",
			       number);
	case STANDIN_KINDS: break;
	}
	return NULL;
}

/* Names are what they are; numbers may be written with digits of any case. */
static int compare(enum standin_kind kind, const char *a, const char *b, size_t len)
{
	return kind <= STANDIN_WORD ? strncmp(a, b, len) : strncasecmp(a, b, len);
}

const char *standins_of(struct standins *standins, enum standin_kind kind, const char *text,
			size_t len)
{
	struct standin item = {.kind = kind, .len = len};

	for (size_t i = 0; i < standins->n; i++) {
		const struct standin *known = &standins->items[i];

		if (known->kind != kind)
			continue;
		if ((known->len == len && !compare(kind, known->text, text, len)) ||
		    (strlen(known->with) == len && !strncmp(known->with, text, len)))
			return known->with;
	}
	item.text = strndup(text, len);
	item.with = item.text ? make(kind, item.text, ++standins->counts[kind]) : NULL;
	if (!item.with || !array_grow(standins->items, standins->n)) {
		free(item.text);
		free(item.with);
		return NULL;
	}
	standins->items[standins->n++] = item;
	return item.with;
}

/* ---- what is one ---- */

/* A place in a text: what is from AT to END, with what is before it from BEGIN. */
struct place {
	const char *begin, *at, *end;
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word_char(char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

static bool is_hex(char c)
{
	return c && strchr("0123456789abcdefABCDEF", c);
}

/* The character N after the place; NUL beyond the end. */
static char after(const struct place *p, size_t n)
{
	return (size_t)(p->end - p->at) > n ? p->at[n] : '\0';
}

static char before(const struct place *p)
{
	return p->at > p->begin ? p->at[-1] : '\0';
}

static bool is_behind(const struct place *p, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(p->at - p->begin) >= n && !strncmp(p->at - n, text, n);
}

/* How many hexadecimal digits there are from N on, at most MAX. */
static size_t digits(const struct place *p, size_t n, size_t max)
{
	size_t count = 0;

	while (count < max && is_hex(after(p, n + count)))
		count++;
	return count;
}

/* Each of these returns the length of what is there, or 0. */

static size_t uuid_at(const struct place *p)
{
	static const size_t parts[] = {8, 4, 4, 4, 12};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (i && after(p, n++) != '-')
			return 0;
		if (digits(p, n, parts[i]) != parts[i])
			return 0;
		n += parts[i];
	}
	return is_alnum(after(p, n)) ? 0 : n;
}

/* As LVM writes it. */
static size_t lvm_uuid_at(const struct place *p)
{
	static const size_t parts[] = {6, 4, 4, 4, 4, 4, 6};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (i && after(p, n++) != '-')
			return 0;
		for (size_t k = 0; k < parts[i]; k++)
			if (!is_alnum(after(p, n++)))
				return 0;
	}
	return is_word_char(after(p, n)) ? 0 : n;
}

/* As mdadm(8) writes it, "3aaa0122:29827cfa:5331ad66:ca767371". */
static size_t md_uuid_at(const struct place *p)
{
	for (size_t i = 0; i < 4; i++)
		if (digits(p, 9 * i, 9) != 8 || (i && after(p, 9 * i - 1) != ':'))
			return 0;
	return is_alnum(after(p, MD_LEN)) || after(p, MD_LEN) == ':' ? 0 : MD_LEN;
}

/* A disk's name by its id, which has its serial number in it, or by a path over the network, which
 * has that of another host: whether or not there is such a disk now. */
static size_t disk_at(const struct place *p)
{
	bool remote = is_behind(p, "by-path/") && after(p, 0) == 'i' && after(p, 1) == 'p' &&
		      after(p, 2) == '-';
	size_t n = 0;

	if (!remote && !is_behind(p, "by-id/"))
		return 0;
	while (after(p, n) && !strchr(" \t\r\n\"'`,;/(){}<>|&", after(p, n)))
		n++;
	return n;
}

/* "0x5000c500a1b2c3d4", in a disk's name by its path: "pci-0000:03:00.0-sas-0x…-lun-0". */
static size_t wwn_at(const struct place *p)
{
	bool begins = is_behind(p, "-0x") || is_behind(p, "-exp0x");

	return begins && digits(p, 0, 17) == 16 && after(p, 16) == '-' ? 16 : 0;
}

/* A device's, as this program's own files have it: that of one that is gone is in no other. */
static size_t serial_at(const struct place *p)
{
	return is_behind(p, "serial = \"") && digits(p, 0, 17) == 16 && after(p, 16) == '"' ? 16
											    : 0;
}

static size_t mac_at(const struct place *p)
{
	char sign = after(p, 2);

	/* "5254.0000.ab07" (systemd.network(5), MACAddress=) */
	if (digits(p, 0, 5) == 4 && after(p, 4) == '.' && digits(p, 5, 5) == 4 &&
	    after(p, 9) == '.' && digits(p, 10, 5) == 4 && !is_alnum(after(p, 14)))
		return after(p, 14) == '.' ? 0 : 14;
	if (sign != ':' && sign != '-')
		return 0;
	for (size_t i = 0; i < MAC_SIZE; i++)
		if (digits(p, 3 * i, 2) != 2 || (i && after(p, 3 * i - 1) != sign))
			return 0;
	return is_alnum(after(p, MAC_LEN)) || after(p, MAC_LEN) == sign ? 0 : MAC_LEN;
}

/* A MAC without separators, in the name of an interface. */
static size_t bare_mac_at(const struct place *p)
{
	if (p->at - p->begin < 3 || strncmp(p->at - 3, "enx", 3) ||
	    digits(p, 0, 13) != (size_t)MAC_SIZE * 2)
		return 0;
	return is_alnum(after(p, (size_t)MAC_SIZE * 2)) ? 0 : (size_t)MAC_SIZE * 2;
}

static size_t address_at(const struct place *p, const char *chars, int family)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t n = 0;

	while (n < sizeof(text) - 1 && after(p, n) && strchr(chars, after(p, n)))
		n++;
	/* "fe80::1:" at the end of a clause, "10.0.0.1." at that of a sentence. */
	while (n && (p->at[n - 1] == ':' || p->at[n - 1] == '.') &&
	       !(n > 1 && p->at[n - 2] == p->at[n - 1]))
		n--;
	memcpy(text, p->at, n);
	return n && !is_alnum(after(p, n)) && inet_pton(family, text, bytes) == 1 ? n : 0;
}

static size_t ipv4_at(const struct place *p)
{
	return address_at(p, "0123456789.", AF_INET);
}

static size_t ipv6_at(const struct place *p)
{
	return before(p) == ':' ? 0 : address_at(p, "0123456789abcdefABCDEF:.", AF_INET6);
}

/* Those that say nothing of whose host it is. */
static bool is_common(enum standin_kind kind, const char *text, size_t len)
{
	static const char *const ipv4[] = {"0.", "127.", "255."};
	/* Of the variables of EFI itself, and of boot loaders. */
	static const char *const uuids[] = {"8be4df61-93ca-11d2-aa0d-00e098032b8c",
					    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"};
	const char *same = kind == STANDIN_MAC ? "0:-." : "0-";

	for (size_t i = 0; kind == STANDIN_UUID && i < ARRAY_SIZE(uuids); i++)
		if (!strncasecmp(text, uuids[i], len))
			return true;
	if (kind == STANDIN_IPV6)
		return len < 4 && text[0] == ':';
	for (size_t i = 0; kind == STANDIN_IPV4 && i < ARRAY_SIZE(ipv4); i++)
		if (!strncmp(text, ipv4[i], strlen(ipv4[i])))
			return true;
	if (kind == STANDIN_IPV4)
		return strtoul(text, NULL, 10) >= 224;
	if (kind == STANDIN_MAC && strspn(text, "fF:-.") >= len)
		return true;
	return strspn(text, same) >= len;
}

/* ---- known words ---- */

/* Whether a name of that length is a word of its own there. A host's may have its domain behind it,
 * which *LEN takes in; and is no part of a path, but below nodes/, and in an array's "/md/HOST:0".
 */
static bool stands_alone(const struct place *p, enum standin_kind kind, size_t *len)
{
	char prior = before(p);

	if (is_word_char(prior) || is_word_char(after(p, *len)))
		return false;
	if (kind != STANDIN_HOST)
		return true;
	if (prior == '.' || (prior == '/' && !is_behind(p, "nodes/") && !is_behind(p, "/md/") &&
			     !is_behind(p, "S:md/")))
		return false;
	while (after(p, *len) == '.' && is_alnum(after(p, *len + 1)))
		for (++*len; is_word_char(after(p, *len));)
			++*len;
	return true;
}

/* The known word that is there, with its length in *RET_LEN; NULL: none. */
static const char *word_at(const struct standins *standins, const struct place *p, size_t *ret_len)
{
	for (size_t i = 0; i < standins->n; i++) {
		const struct standin *item = &standins->items[i];
		size_t len = item->len;

		/* There may be thousands: most are none by their first character. */
		if (((*item->text ^ *p->at) & ~('a' ^ 'A')) || item->kind > STANDIN_SERIAL ||
		    (item->kind == STANDIN_WORD && !standins->words) ||
		    len > (size_t)(p->end - p->at) || compare(item->kind, p->at, item->text, len) ||
		    !stands_alone(p, item->kind, &len))
			continue;
		*ret_len = len;
		return item->with;
	}
	return NULL;
}

/* ---- all of a text ---- */

static const struct {
	enum standin_kind kind;
	size_t (*at)(const struct place *p);
} matchers[] = {
	{STANDIN_UUID, uuid_at}, {STANDIN_LVM, lvm_uuid_at}, {STANDIN_MAC, mac_at},
	{STANDIN_IPV6, ipv6_at}, {STANDIN_IPV4, ipv4_at},
};

/* Adds the digits of a stand-in, with what is between those that it stands for. */
static void add_digits(struct strbuf *out, const char *with, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_hex(text[i])) {
			strbuf_add_bytes(out, text + i, 1);
			continue;
		}
		while (!is_hex(*with))
			with++;
		strbuf_add_bytes(out, with++, 1);
	}
}

/* Adds that of the MAC or UUID there of LEN bytes, whatever is between its digits. */
static int add_number(struct standins *standins, struct strbuf *out, enum standin_kind kind,
		      const struct place *p, size_t len)
{
	static const char *const forms[STANDIN_KINDS] = {
		[STANDIN_MAC] = "00:00:00:00:00:00",
		[STANDIN_UUID] = "00000000-0000-0000-0000-000000000000",
	};
	auto_strbuf struct strbuf number = {0};
	const char *digit = p->at, *with = NULL;

	for (const char *c = forms[kind]; *c; c++) {
		while (*c == '0' && !is_hex(*digit))
			digit++;
		strbuf_add_bytes(&number, *c == '0' ? digit++ : c, 1);
	}
	if (!number.failed)
		with = standins_of(standins, kind, number.text, number.len);
	if (with)
		add_digits(out, with, p->at, len);
	return with ? 0 : -ENOMEM;
}

/* Adds the stand-in of what is there. Returns its length in the text, 0: there is nothing; or
 * -ENOMEM. */
static ssize_t replace_one(struct standins *standins, struct strbuf *out, const struct place *p)
{
	size_t len = bare_mac_at(p);
	const char *with;

	if (len)
		return add_number(standins, out, STANDIN_MAC, p, len) ?: (ssize_t)len;
	len = wwn_at(p) ?: disk_at(p) ?: serial_at(p);
	if (len) {
		with = standins_of(standins, STANDIN_SERIAL, p->at, len);
		strbuf_add(out, "%s", with ? with : "");
		return with ? (ssize_t)len : -ENOMEM;
	}
	if (is_alnum(before(p)))
		return 0;
	len = md_uuid_at(p);
	if (len)
		return add_number(standins, out, STANDIN_UUID, p, len) ?: (ssize_t)len;
	for (size_t i = 0; i < ARRAY_SIZE(matchers); i++) {
		len = matchers[i].at(p);
		if (!len || is_common(matchers[i].kind, p->at, len))
			continue;
		if (matchers[i].kind == STANDIN_MAC)
			return add_number(standins, out, STANDIN_MAC, p, len) ?: (ssize_t)len;
		with = standins_of(standins, matchers[i].kind, p->at, len);
		if (!with)
			return -ENOMEM;
		strbuf_add(out, "%s", with);
		return (ssize_t)len;
	}
	with = word_at(standins, p, &len);
	if (with)
		strbuf_add(out, "%s", with);
	return with ? (ssize_t)len : 0;
}

char *standins_replace(struct standins *standins, const char *text, size_t len, size_t *ret_len)
{
	auto_strbuf struct strbuf out = {0};
	struct place p = {text, text, text + len};

	while (p.at < p.end) {
		ssize_t n = is_alnum(*p.at) || *p.at == ':' ? replace_one(standins, &out, &p) : 0;

		if (n < 0)
			return NULL;
		if (!n)
			strbuf_add_bytes(&out, p.at, (size_t)(n = 1));
		p.at += n;
	}
	if (ret_len)
		*ret_len = out.len;
	return strbuf_take(&out);
}
