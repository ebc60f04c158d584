// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/page.h"

#include "host/setup/picture/html.h"
#include "host/setup/picture/page_files.h"
#include "host/setup/picture/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* In hex, and its NUL. */
#define NONCE_SIZE 33

/* What a browser runs of this page, and loads for it, is what has this word: nothing else, whatever
 * the page should hold by a mistake (Content Security Policy Level 3). */
static int make_nonce(char nonce[NONCE_SIZE])
{
	unsigned char bytes[NONCE_SIZE / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static char *title_of(const struct picture *picture)
{
	return picture->host ? fs_path(_("PCI devices of %s"), picture->host)
			     : strdup(_("PCI devices of this host"));
}

static void add_head(struct strbuf *page, const char *title, const char *nonce)
{
	/* The language of the page's texts, as HTML names it: "zh-CN". */
	const char *language = _("en");

	strbuf_add(page, "%s", PAGE_BEGIN);
	html_text(page, language);
	strbuf_add(page, "\">\n<meta charset=\"utf-8\">\n");
	strbuf_add(page,
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		   "style-src 'nonce-%s'; script-src 'nonce-%s'; base-uri 'none'; "
		   "form-action 'none'\">\n",
		   nonce, nonce);
	strbuf_add(page, "<meta name=\"viewport\" content=\"width=device-width\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n");
	html_element(page, "title", NULL, title);
	strbuf_add(page, "\n<style nonce=\"%s\">\n%s</style>\n", nonce, page_css);
}

/* How many groups there are of each verdict, which is the legend, too. */
static void add_verdicts(struct strbuf *page, const struct groups *groups)
{
	static const struct {
		enum group_verdict verdict;
		const char *class, *text;
	} rows[] = {
		{GROUP_CAN, "can", N_("can be passed through")},
		{GROUP_USED, "used", N_("in use now")},
		{GROUP_CANNOT, "cannot", N_("cannot be passed through")},
		{GROUP_BRIDGES, "stays", N_("only bridges")},
	};

	html_open(page, "ul", "legend");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = 0;

		for (size_t g = 0; g < groups->n; g++)
			n += groups->items[g].verdict == rows[i].verdict;
		if (!n)
			continue;
		html_open(page, "li", rows[i].class);
		strbuf_add(page, "<b>%zu</b> ", n);
		html_text(page, _(rows[i].text));
		html_close(page, "li");
	}
	html_close(page, "ul");
}

static void add_header(struct strbuf *page, const struct picture *picture, const char *title)
{
	auto_free char *counts = fs_path(_("%zu functions in %zu IOMMU groups"), picture->n,
					 picture->groups.n);
	time_t now = time(NULL);
	struct tm local;
	char text[64] = "";

	if (localtime_r(&now, &local))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
	html_open(page, "header", NULL);
	html_element(page, "h1", NULL, title);
	html_open(page, "p", NULL);
	html_text(page, counts);
	if (picture->release) {
		strbuf_add(page, " · Linux ");
		html_text(page, picture->release);
	}
	strbuf_add(page, " · ");
	html_element(page, "time", NULL, text);
	html_close(page, "p");
	if (picture->groups.n)
		add_verdicts(page, &picture->groups);
	else
		html_element(page, "p", "off",
			     _("there are no IOMMU groups: the IOMMU is off; see: host-setup "
			       "check"));
	html_close(page, "header");
}

static void add_button(struct strbuf *page, const char *shows, const char *text)
{
	strbuf_add(page, "<button");
	html_attribute(page, "data-shows", shows);
	html_attribute(page, "aria-pressed", *shows ? "false" : "true");
	strbuf_add(page, ">");
	html_text(page, text);
	html_close(page, "button");
}

/* Of use only with JavaScript, which shows them. */
static void add_tools(struct strbuf *page)
{
	strbuf_add(page, "\n<search id=tools hidden><input type=search");
	html_attribute(page, "placeholder", _("Search: name, address, driver, VM, disk …"));
	html_attribute(page, "aria-label", _("Search"));
	strbuf_add(page, ">");
	add_button(page, "", _("All"));
	add_button(page, "free", _("Free"));
	add_button(page, "used", _("In use"));
	add_button(page, "vm", _("Of a VM"));
	strbuf_add(page, "<output");
	html_attribute(page, "data-none", _("nothing like that"));
	strbuf_add(page, "></output></search>\n");
}

int page_make(const struct picture *picture, char **ret)
{
	auto_strbuf struct strbuf page = {0};
	auto_free char *title = title_of(picture);
	char nonce[NONCE_SIZE];
	int err = title ? make_nonce(nonce) : -ENOMEM;

	if (err)
		return err;
	add_head(&page, title, nonce);
	add_header(&page, picture, title);
	add_tools(&page);
	html_element(&page, "aside", NULL,
		     _("Point at a device, or go through them with the Tab key: its details and "
		       "commands are shown here. Enter keeps them."));
	strbuf_add(&page, "\n");
	html_open(&page, "main", NULL);
	err = tree_add(&page, picture);
	html_close(&page, "main");
	strbuf_add(&page, "\n<script nonce=\"%s\">\n%s</script>\n", nonce, page_js);
	if (err)
		return err;
	*ret = strbuf_take(&page);
	return *ret ? 0 : -ENOMEM;
}
