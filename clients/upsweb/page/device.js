/* One UPS: state, charts, values, events, and for those who may, commands and settings. */

const CHARTS = [
	{name: "Charge", unit: "%", floor: 0, ceiling: 100, curves: [{name: "charge", var: "battery.charge"}]},
	{name: "Load", unit: "%", floor: 0, ceiling: 100, curves: [{name: "load", var: "ups.load"}]},
	{name: "Voltage", unit: "V", least: 8, curves: [{name: "input", var: "input.voltage"}, {name: "output", var: "output.voltage"}]},
	{name: "Runtime", unit: "min", floor: 0, scale: 1 / 60, curves: [{name: "runtime", var: "battery.runtime"}]},
	{name: "Battery", unit: "V", curves: [{name: "battery", var: "battery.voltage"}]},
];
const RANGES = [["Live", 0], ["1 h", 3600], ["1 d", 86400], ["1 w", 604800], ["30 d", 2592000], ["1 y", 31536000]];
const LIVE_SPAN = 600, LIVE_MS = 2000, HISTORY_TURNS = 30, HISTORY_POINTS = 300;
const CHART_VARS = Object.keys(LIVE_VARS);

function make_head(id) {
	const name = h("h2"), state = h("span", {class: "state"}), since = h("span", {class: "since"});
	const alarm = h("p", {class: "alarm"}), model = h("span", {class: "where"});
	const node = h("section", {class: "panel", "aria-label": "State"},
		h("div", {class: "head"}, name, state, since), model, alarm);
	return {node, set() {
		const d = store.devices.get(id);
		if (!d) {
			say(name, id);
			say(state, "is not watched any more");
			return;
		}
		say(name, title_of(d));
		state.className = `state ${d.level}`;
		say(state, `${MARKS[d.level] || "?"} ${words_of(d)}`);
		say(since, d.since ? `since ${moment(d.since)}` : "");
		say(model, [d.id, [d.mfr, d.model].filter(Boolean).join(" ")].filter(Boolean).join(" · "));
		alarm.hidden = !d.alarm;
		say(alarm, d.alarm || "");
	}};
}

/* ---------------------------------------------------------------- charts */

function make_charts(id) {
	const now = () => Date.now() / 1000;
	let wide = 0, from = null, to = null, asked = 0;
	const note = h("span", {class: "where", role: "status"});
	const buttons = RANGES.map(([name, seconds]) => h("button", {type: "button",
		onclick: () => choose_range(seconds)}, name));
	const exports = ["csv", "json"].map(format => h("a", {class: "button", download: true}, format.toUpperCase()));
	const charts = CHARTS.map(what => make_chart(what, choose));
	const node = h("section", {class: "panel", "aria-label": "Charts"},
		h("div", {class: "row apart"}, h("div", {class: "row", role: "group", "aria-label": "Time"}, buttons),
			h("div", {class: "row"}, note, exports)),
		h("div", {class: "charts"}, charts.map(c => c.node)));

	function mark() {
		buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(from === null && RANGES[i][1] === wide)));
		const [a, b] = window_of();
		exports.forEach((link, i) => {
			link.href = `${api}export?` + new URLSearchParams({id, from: Math.floor(a), to: Math.ceil(b),
				format: ["csv", "json"][i]});
		});
	}
	const window_of = () => from !== null ? [from, to] : [now() - (wide || LIVE_SPAN), now()];
	function choose_range(seconds) {
		wide = seconds;
		from = to = null;
		load();
	}
	function choose(a, b) {
		from = a;
		to = b === null ? null : Math.min(b, now());
		load();
	}
	const show = data => charts.forEach(c => c.set(data));
	function live() {
		if (wide || from !== null)
			return;
		const [a, b] = window_of();
		const series = store.live.get(id) || {};
		const known = Object.values(series).some(points => points.length > 0);
		say(note, known ? "" : "no measured values yet");
		show({from: Math.max(a, Math.min(...Object.values(series).map(p => p[0]?.[0] ?? b), b - 60)), to: b,
			step: 60, series, outages: []});
	}
	async function load() {
		mark();
		if (!wide && from === null) {
			live();
			return;
		}
		const [a, b] = window_of(), turn = ++asked;
		say(note, "loading …");
		try {
			const data = await ask("history", {id, var: CHART_VARS, from: Math.floor(a), to: Math.ceil(b),
				points: HISTORY_POINTS});
			if (turn !== asked)
				return;
			const empty = !Object.values(data.series).some(points => points.length);
			say(note, empty ? "nothing is kept of that time" : "");
			show({...data, from: a, to: b});
		} catch (error) {
			if (turn === asked)
				say(note, error.status === 404 ? "upsweb keeps no history (HISTORY in upsweb.conf)" : error.message);
		}
	}
	load();
	let turns = 0;
	const timer = setInterval(() => {
		if (store.devices.has(id))
			remember(store.devices.get(id));
		live();
		if (++turns % HISTORY_TURNS === 0 && from === null && wide)
			load();
	}, LIVE_MS);
	return {node, live, close: () => clearInterval(timer)};
}

/* ---------------------------------------------------------------- values */

function make_values(id) {
	const rows = new Map(), body = h("tbody"), filter = h("input", {type: "search", placeholder: "Filter",
		"aria-label": "Filter the values"});
	const node = h("section", {class: "panel", "aria-label": "Values"},
		h("div", {class: "row apart"}, h("h3", null, "Values"), filter),
		h("div", {class: "scroll"}, h("table", null, h("thead", null, h("tr", null,
			["Name", "Value", "Meaning"].map(t => h("th", {scope: "col"}, t)))), body)));
	let meta = {};

	const fits = name => (name + " " + (meta[name]?.desc || "")).toLowerCase().includes(filter.value.toLowerCase());
	function write(name, value, fresh) {
		let row = rows.get(name);
		if (!row) {
			row = {value: h("td", {class: "value"}), node: h("tr")};
			row.node.append(h("td", {class: "name"}, name), row.value, h("td", null, h("small", null, meta[name]?.desc || "")));
			rows.set(name, row);
			const after = [...rows.keys()].filter(other => other > name).sort()[0];
			body.insertBefore(row.node, after ? rows.get(after).node : null);
			row.node.hidden = !fits(name);
		}
		const unit = meta[name]?.unit;
		const text = unit ? `${value} ${unit}` : value;
		if (fresh && row.value.textContent !== text) {
			row.value.classList.remove("fresh");
			requestAnimationFrame(() => row.value.classList.add("fresh"));
		}
		say(row.value, text);
	}
	filter.addEventListener("input", () => {
		for (const [name, row] of rows)
			row.node.hidden = !fits(name);
	});
	return {node, all(device) {
		meta = device.meta || {};
		rows.clear();
		body.replaceChildren();
		for (const name of Object.keys(device.vars).sort())
			write(name, device.vars[name], false);
	}, change({set, unset}) {
		for (const [name, value] of Object.entries(set || {}))
			write(name, value, true);
		for (const name of unset || []) {
			rows.get(name)?.node.remove();
			rows.delete(name);
		}
	}};
}

/* ------------------------------------------------------------------ whole */

function open_device(main, id) {
	const head = make_head(id), charts = make_charts(id), values = make_values(id), log = make_log(id);
	const control = h("div", {class: "detail"}), trouble = h("p", {class: "answer bad", role: "alert", hidden: true});
	main.replaceChildren(h("div", {class: "detail"}, h("p", {class: "row"}, h("a", {class: "button", href: "#/"}, "← All UPSes")),
		trouble, head.node, charts.node, control, values.node,
		h("section", {class: "panel", "aria-label": "Events"}, h("h3", null, "Events"), log.node)));
	let open = true;

	async function load() {
		try {
			const device = await ask(`ups/${encodeURIComponent(id)}`);
			const may = session.user && !session.readonly;
			const parts = may ? await Promise.all([make_commands(id), make_settings(id)]) : [];
			if (!open)
				return;
			trouble.hidden = true;
			values.all(device);
			control.replaceChildren(...parts);
		} catch (error) {
			trouble.textContent = error.message;
			trouble.hidden = false;
		}
	}
	const watcher = (what, which) => {
		if (which === id || what === "ready")
			head.set();
		if (which === id && what === "ups")
			charts.live();
		if (what === "session")
			load();
	};
	store.watchers.add(watcher);
	const unlisten = listen(`?id=${encodeURIComponent(id)}`, {vars: e => e.id === id && values.change(e)},
		live => live && load());
	head.set();
	return () => {
		open = false;
		store.watchers.delete(watcher);
		unlisten();
		charts.close();
		log.close();
	};
}
