/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of messages, by GNU gettext. The English text in the code is a message's id: _() of
 * host/base.h around it gives the text to say, N_() only marks it, where a table is filled. What
 * programs read (files, JSON, `config`) is not marked. po/ has the other languages.
 */
#ifndef HOST_LANGUAGE_H
#define HOST_LANGUAGE_H

/*
 * From now on messages are in the language of the environment (LC_ALL, LC_MESSAGES, LANG, and
 * LANGUAGE; gettext(3)), as far as there is a catalog of it below LOCALEDIR, else in English. A
 * locale that this host has not generated is good enough for that. Proxmox VE runs hookscripts with
 * LC_ALL=C: English. To be called once, by a main, before anything is said.
 */
void language_open(const char *localedir);

/*
 * From now on messages are in the language NAME, "en" or that of a catalog ("zh_CN"), whatever the
 * environment says. Programs that are started afterwards find LANGUAGE=NAME in theirs, where
 * gettext looks for it only if LC_ALL and the like name another locale than C.
 */
void language_set(const char *name);

#endif
