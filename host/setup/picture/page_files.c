// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/page_files.h"

/* The files themselves, and the NUL that makes them strings. */
__asm__(".pushsection .rodata\n"
	".global page_css, page_js\n"
	"page_css: .incbin \"host/setup/picture/page.css\"\n"
	".byte 0\n"
	"page_js: .incbin \"host/setup/picture/page.js\"\n"
	".byte 0\n"
	".popsection\n");
