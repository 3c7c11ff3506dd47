/* What is asked of upsweb, and what it tells by itself. The interface is docs/api/upsweb.openapi.json. */

const session = {user: null, csrf: "", readonly: true};
const api = "api/v1/";

class Refused extends Error {
	constructor(text, status) {
		super(text);
		this.status = status;
	}
}

async function ask(path, query, options) {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(query || {}))
		for (const one of [value].flat())
			if (one !== undefined && one !== null)
				search.append(name, one);
	const tail = search.size ? `?${search}` : "";
	const reply = await fetch(api + path + tail, {cache: "no-store", ...options});
	const body = await reply.json().catch(() => ({}));
	if (!reply.ok)
		throw new Refused(body.error || `upsweb answers ${reply.status}`, reply.status);
	return body;
}

function order(path, body) {
	return ask(path, null, {
		method: "POST", body: JSON.stringify(body),
		headers: {"Content-Type": "application/json", "X-CSRF-Token": session.csrf || ""},
	});
}

async function session_load() {
	Object.assign(session, await ask("session"));
}

/* The stream of events; after a break it is opened again, later each time. `handlers`: by the name
 * of the event; `state(live)`. Gives a function that ends it. */
function listen(query, handlers, state) {
	let source, timer, pause = 1000, ended = false;

	function open() {
		source = new EventSource(`${api}events${query}`);
		source.onopen = () => {
			pause = 1000;
			state?.(true);
		};
		source.onerror = () => {
			source.close();
			state?.(false);
			if (!ended)
				timer = setTimeout(open, pause);
			pause = Math.min(pause * 2, 30000);
		};
		for (const [name, handler] of Object.entries(handlers))
			source.addEventListener(name, e => handler(JSON.parse(e.data)));
	}
	open();
	return () => {
		ended = true;
		clearTimeout(timer);
		source.close();
	};
}
