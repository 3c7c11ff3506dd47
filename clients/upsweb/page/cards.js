/* The overview: a card a UPS. A card is made once, and then only what changed in it is written. */

const MARKS = {ok: "✓", warn: "!", crit: "✖", unknown: "?"};
const view = {search: "", level: "", sort: "level", nodes: new Map(), list: null, empty: null, due: 0};

const CHARGE_LOW = 20, CHARGE_SOME = 50, LOAD_HIGH = 80, LOAD_OVER = 100;

function meter_class(key, n) {
	if (key === "charge")
		return n <= CHARGE_LOW ? "crit" : n <= CHARGE_SOME ? "warn" : "";
	return n >= LOAD_OVER ? "crit" : n >= LOAD_HIGH ? "warn" : "";
}

function make_meter(name) {
	const bar = h("i"), value = h("dd"), node = [h("dt", null, name),
		h("dd", {class: "meter", "aria-hidden": "true"}, bar), value];
	return {node, set(key, text) {
		const n = number(text);
		for (const part of node)
			part.hidden = n === null;
		if (n === null)
			return;
		bar.style.width = `${Math.max(0, Math.min(100, n))}%`;
		bar.className = meter_class(key, n);
		say(value, `${rounded(n, 0)} %`);
	}};
}

function make_figure(name) {
	const value = h("dd", {class: "wide"}), term = h("dt", null, name);
	return {node: [term, value], set(text) {
		term.hidden = value.hidden = !text;
		say(value, text);
	}};
}

function make_card(d) {
	const link = h("a", {href: `#/ups/${encodeURIComponent(d.id)}`});
	const c = {
		link, where: h("div", {class: "where"}), mark: h("span", {class: "mark", "aria-hidden": "true"}),
		words: h("span"), alarm: h("p", {class: "alarm"}), since: h("p", {class: "since"}),
		charge: make_meter("Charge"), load: make_meter("Load"),
		runtime: make_figure("Runtime"), input: make_figure("Input"),
	};
	c.node = h("li", {class: "card"}, h("h2", null, link), c.where,
		h("div", {class: "state"}, c.mark, c.words), c.alarm,
		h("dl", {class: "figures"}, c.charge.node, c.load.node, c.runtime.node, c.input.node), c.since);
	return c;
}

function write_card(c, d) {
	c.node.className = `card ${d.level}${d.condition === "ok" ? "" : " old"}`;
	c.node.dataset.id = d.id;
	say(c.link, title_of(d));
	say(c.where, d.id);
	say(c.mark, MARKS[d.level] || "?");
	say(c.words, words_of(d));
	c.alarm.hidden = !d.alarm;
	say(c.alarm, d.alarm || "");
	c.charge.set("charge", d.charge);
	c.load.set("load", d.load);
	c.runtime.set(span(number(d.runtime)));
	c.input.set(number(d.input) === null ? "" : `${rounded(number(d.input))} V`);
	write_since(c, d);
}

function write_since(c, d) {
	say(c.since, d.since ? `for ${span(Date.now() / 1000 - d.since) || "0 s"}` : "");
}

/* The order is written only where it differs, so that what has the focus keeps it. */
function place_cards(wanted) {
	let at = view.list.firstElementChild;
	for (const d of wanted) {
		const node = view.nodes.get(d.id).node;
		if (node === at)
			at = at.nextElementSibling;
		else
			view.list.insertBefore(node, at);
	}
	while (at) {
		const next = at.nextElementSibling;
		at.remove();
		at = next;
	}
}

function draw_cards() {
	view.due = 0;
	if (!view.list?.isConnected)
		return;
	const wanted = pick(view.search, view.level, view.sort);
	for (const d of wanted) {
		let c = view.nodes.get(d.id);
		if (!c)
			view.nodes.set(d.id, c = make_card(d));
		if (c.shown !== d)
			write_card(c, c.shown = d);
	}
	place_cards(wanted);
	view.empty.hidden = wanted.length > 0;
	say(view.empty, store.devices.size ? "No UPS fits." : "No UPS is watched yet: see MONITOR in upsweb.conf.");
}

/* Many events of one moment are one drawing. */
function draw_soon() {
	view.due ||= requestAnimationFrame(draw_cards);
}

function open_overview(main) {
	view.list = h("ul", {class: "cards", "aria-label": "UPSes"});
	view.empty = h("p", {class: "none"});
	main.replaceChildren(view.list, view.empty);
	draw_cards();
	const watcher = (what, id) => {
		if (what === "gone")
			view.nodes.delete(id);
		if (what !== "link")
			draw_soon();
	};
	store.watchers.add(watcher);
	const timer = setInterval(() => {
		for (const c of view.nodes.values())
			if (c.node.isConnected)
				write_since(c, c.shown);
	}, 5000);
	return () => {
		store.watchers.delete(watcher);
		clearInterval(timer);
		view.list = null;
	};
}
