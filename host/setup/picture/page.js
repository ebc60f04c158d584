// Search and filters: all else of the page works without.
"use strict";
(() => {
	const tools = document.getElementById("tools");
	const search = tools.querySelector("input");
	const buttons = [...tools.querySelectorAll("button")];
	const output = tools.querySelector("output");
	const devices = [...document.querySelectorAll("main li.d")];
	const places = document.querySelectorAll("main section, main li:not(.x li)");
	const texts = new Map();
	let shows = "";

	// What is said of the device itself, not of those below it, and which group it is in.
	function textOf(device) {
		if (!texts.has(device)) {
			const own = [...device.children].filter((child) => !child.matches("ul:not(.x)"));
			const head = device.closest(".g")?.querySelector(".h b");
			texts.set(device, [head, ...own].map((e) => e?.textContent ?? "").join(" ").toLowerCase());
		}
		return texts.get(device);
	}

	// With an element, all that it is in, and the bridges above, which stand before the list of what is below them.
	function keep(element, kept) {
		for (let at = element; at && !kept.has(at); at = at.parentElement) {
			kept.add(at);
			for (const bridge of at.matches("ul") ? at.parentElement.querySelectorAll(":scope > .g > ul > li") : [])
				kept.add(bridge);
		}
	}

	function apply() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const all = !shows && !words.length;
		const kept = new Set();
		let n = 0;

		for (const device of devices) {
			const fits = (!shows || device.classList.contains(shows)) &&
				words.every((word) => textOf(device).includes(word));
			device.classList.toggle("pale", !fits);
			n += fits;
			if (fits)
				keep(device, kept);
		}
		for (const place of places)
			place.hidden = !all && !kept.has(place);
		output.textContent = all ? "" : n ? `${n} / ${devices.length}` : output.dataset.none;
	}

	for (const button of buttons)
		button.addEventListener("click", () => {
			shows = button.dataset.shows;
			for (const other of buttons)
				other.setAttribute("aria-pressed", other === button);
			apply();
		});
	search.addEventListener("input", apply);

	// What was chosen is let go: by a second click, and by Escape.
	function release() {
		document.activeElement?.blur();
		location.replace("#-");
	}
	document.addEventListener("click", (event) => {
		const link = event.target.closest("main a");
		if (link && link.hash === decodeURIComponent(location.hash)) {
			event.preventDefault();
			release();
		}
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape")
			release();
	});
	tools.hidden = false;
})();
