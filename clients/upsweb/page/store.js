/* All that is known of the UPSes: who wants to know is called. */

const LEVELS = ["crit", "warn", "unknown", "ok"];
const LIVE_POINTS = 400;
const LIVE_VARS = {"battery.charge": "charge", "ups.load": "load", "input.voltage": "input",
	"output.voltage": "output", "battery.voltage": "battery", "battery.runtime": "runtime"};

const store = {
	devices: new Map(),
	live: new Map(), /* id: {var: [[t, min, avg, max], ...]} */
	links: false,
	watchers: new Set(), /* (what, id): "ups" | "gone" | "ready" | "link" */
};

function tell(what, id) {
	for (const watcher of store.watchers)
		watcher(what, id);
}

function remember(d) {
	let kept = store.live.get(d.id);
	if (!kept)
		store.live.set(d.id, kept = {});
	const now = Date.now() / 1000;
	for (const [name, key] of Object.entries(LIVE_VARS)) {
		const n = d.condition === "ok" ? number(d[key]) : null;
		if (n === null)
			continue;
		const points = kept[name] ||= [];
		points.push([now, n, n, n]);
		if (points.length > LIVE_POINTS)
			points.shift();
	}
}

function title_of(d) {
	return d.text || d.ups;
}

/* What the device is doing, in a few words. */
function words_of(d) {
	if (d.condition === "ok")
		return (d.words || []).join(", ") || d.status || "no status";
	const told = {connecting: "connecting", stale: "data are stale", disconnected: "no driver",
		unreachable: "cannot be reached", refused: "refused"}[d.condition] || d.condition;
	return d.why ? `${told}: ${d.why}` : told;
}

function take_device(d) {
	const before = store.devices.get(d.id);
	store.devices.set(d.id, d);
	remember(d);
	if (before && before.level !== d.level)
		announce(`${title_of(d)}: ${words_of(d)}`);
	tell("ups", d.id);
}

function drop_device(id) {
	store.devices.delete(id);
	store.live.delete(id);
	tell("gone", id);
}

/* After a break: those that the first round of the new stream did not name have gone. */
function store_listen() {
	let fresh = new Set();
	listen("", {
		ups: d => {
			fresh?.add(d.id);
			take_device(d);
		},
		gone: d => drop_device(d.id),
		log: e => log_take(e),
		ready: () => {
			for (const id of [...store.devices.keys()])
				if (fresh && !fresh.has(id))
					drop_device(id);
			fresh = null;
			tell("ready");
		},
	}, live => {
		if (!live)
			fresh = new Set();
		store.links = live;
		tell("link");
	});
}

function matches(d, wanted) {
	const text = [d.id, d.text, d.status, words_of(d), d.mfr, d.model, d.alarm].join(" ").toLowerCase();
	return wanted.toLowerCase().split(/\s+/).every(word => text.includes(word));
}

const least = key => (a, b) => (number(a[key]) ?? Infinity) - (number(b[key]) ?? Infinity);
const by_name = (a, b) => title_of(a).localeCompare(title_of(b), undefined, {numeric: true}) ||
	a.id.localeCompare(b.id);
const ORDERS = {
	level: (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level),
	name: () => 0,
	charge: least("charge"),
	runtime: least("runtime"),
	load: (a, b) => (number(b.load) ?? -1) - (number(a.load) ?? -1),
};

/* Those that fit the search and the level ("" for all), in order. */
function pick(search, level, sort) {
	return [...store.devices.values()]
		.filter(d => (!level || d.level === level) && (!search || matches(d, search)))
		.sort((a, b) => ORDERS[sort](a, b) || by_name(a, b));
}
