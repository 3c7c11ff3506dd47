/* What has happened: all UPSes', or one's. */

const LOG_PAGE = 100, LOG_MOST = 1000;
const log_readers = new Set();

function log_take(e) {
	for (const reader of log_readers)
		reader(e);
}

function log_row(e, with_name) {
	const change = e.from || e.to ? `${e.from || "–"} → ${e.to || "–"}` : "";
	const d = store.devices.get(e.id);
	return h("tr", null, h("td", {class: "value"}, moment(e.time)),
		with_name && h("td", null, h("a", {href: `#/ups/${encodeURIComponent(e.id)}`}, d ? title_of(d) : e.id)),
		h("td", null, e.text, e.cause ? [" ", h("small", null, `(${e.cause})`)] : null),
		h("td", {class: "value"}, change));
}

/* A table that grows at its head; `id` null: of all. Gives {node, close}. */
function make_log(id) {
	const body = h("tbody"), more = h("button", {type: "button", hidden: true}, "Older ones");
	const none = h("p", {class: "none"}, "Nothing has happened yet.");
	const node = h("div", null, h("div", {class: "scroll"}, h("table", null, h("thead", null, h("tr", null,
		["When", id ? null : "UPS", "What", "Change"].filter(Boolean).map(t => h("th", {scope: "col"}, t)))),
		body)), none, more);
	let oldest = null;

	async function load() {
		more.disabled = true;
		try {
			const {events} = await ask("log", {id, before: oldest, limit: LOG_PAGE});
			body.append(...events.map(e => log_row(e, !id)));
			oldest = events.at(-1)?.n ?? oldest;
			more.hidden = events.length < LOG_PAGE;
			none.hidden = body.rows.length > 0;
		} catch (e) {
			none.textContent = e.message;
			none.hidden = false;
		}
		more.disabled = false;
	}
	const reader = e => {
		if (id && e.id !== id)
			return;
		body.prepend(log_row(e, !id));
		if (body.rows.length > LOG_MOST)
			body.lastElementChild.remove();
		none.hidden = true;
	};
	more.addEventListener("click", load);
	log_readers.add(reader);
	load();
	return {node, close: () => log_readers.delete(reader)};
}

function open_log(main) {
	const log = make_log(null);
	main.replaceChildren(h("section", {class: "panel", "aria-label": "Events"}, h("h3", null, "Events"), log.node));
	return log.close;
}
