/* The frame: what the address names is shown, the head of the page, keys. */

let leave = null;
const tools = {};

function route() {
	const [, place = "", id = ""] = location.hash.split("/"), main = $("main");
	leave?.();
	$("find").hidden = place !== "";
	for (const link of [tools.events])
		place === "events" ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
	try {
		leave = place === "ups" ? open_device(main, decodeURIComponent(id))
			: place === "events" ? open_log(main) : open_overview(main);
	} catch (e) {
		if (!(e instanceof URIError))
			throw e;
		leave = open_overview(main);
	}
	scrollTo(0, 0);
}

/* ------------------------------------------------------------------- head */

function draw_counts() {
	const names = {crit: "critical", warn: "warning", unknown: "unknown", ok: "well"};
	const counts = Object.fromEntries(LEVELS.map(level => [level, 0]));
	for (const d of store.devices.values())
		counts[d.level] = (counts[d.level] || 0) + 1;
	for (const level of LEVELS) {
		const button = tools[level] ||= $("counts").appendChild(h("button", {type: "button", class: "count", onclick: () => {
			view.level = view.level === level ? "" : level;
			if (location.hash.length > 2)
				location.hash = "#/";
			draw_counts();
			draw_soon();
		}}, h("i", {class: `dot ${level}`}), h("b"), h("span", null, ` ${names[level]}`)));
		say(button.querySelector("b"), String(counts[level]));
		button.setAttribute("aria-pressed", String(view.level === level));
		button.hidden = counts[level] === 0 && view.level !== level;
	}
	document.title = (counts.crit ? `(${counts.crit}) ` : "") + "UPSes";
}

function draw_link() {
	tools.dot.className = `dot ${store.links ? "ok" : "crit"}`;
	say(tools.linked, store.links ? "live" : "no link");
}

function draw_session() {
	say(tools.login, session.user ? `Log out ${session.user}` : "Log in");
	tools.login.hidden = session.readonly && !session.user;
}

const THEMES = ["auto", "light", "dark"];

function theme(wanted) {
	if (wanted === "auto")
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = wanted;
	say(tools.theme, {auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark"}[wanted]);
	tools.theme.value = wanted;
	try {
		localStorage.setItem("theme", wanted);
	} catch {
		/* A browser that keeps nothing: the choice lasts as long as the page. */
	}
}

function kept_theme() {
	try {
		const kept = localStorage.getItem("theme");
		return THEMES.includes(kept) ? kept : "auto";
	} catch {
		return "auto";
	}
}

function make_tools() {
	tools.dot = h("i", {class: "dot"});
	tools.linked = h("span");
	tools.events = h("a", {class: "button", href: "#/events"}, "Events");
	tools.theme = h("button", {type: "button", title: "Light or dark", onclick: () =>
		theme(THEMES[(THEMES.indexOf(tools.theme.value) + 1) % THEMES.length])});
	tools.login = h("button", {type: "button", onclick: () => {
		const after = () => {
			draw_session();
			tell("session");
		};
		session.user ? logout(after) : login_dialog(after);
	}});
	$("tools").append(h("span", {id: "link"}, tools.dot, tools.linked), tools.events, tools.theme, tools.login);
	theme(kept_theme());
}

/* ------------------------------------------------------------------- keys */

const KEYS = [["/", "search"], ["Esc", "back to all UPSes"], ["e", "events"], ["?", "these keys"],
	["← →", "in a chart: read values"], ["+ −", "in a chart: a shorter or longer time"]];

function keys(e) {
	const typing = e.target.closest("input, select, textarea, dialog");
	if (e.ctrlKey || e.metaKey || e.altKey)
		return;
	if (e.key === "Escape" && !e.target.closest("dialog")) {
		if (e.target.id === "search" && e.target.value)
			return;
		typing ? e.target.blur() : location.hash = "#/";
	} else if (typing) {
		return;
	} else if (e.key === "/") {
		e.preventDefault();
		if ($("find").hidden)
			location.hash = "#/";
		setTimeout(() => $("search").focus());
	} else if (e.key === "e") {
		location.hash = "#/events";
	} else if (e.key === "?") {
		make_dialog("Keys", h("table", null, h("tbody", null, KEYS.map(([key, what]) =>
			h("tr", null, h("td", null, h("kbd", null, key)), h("td", null, what))))));
	}
}

/* ------------------------------------------------------------------ start */

function start() {
	make_tools();
	draw_counts();
	draw_link();
	$("search").addEventListener("input", e => {
		view.search = e.target.value.trim();
		draw_soon();
	});
	$("sort").addEventListener("change", e => {
		view.sort = e.target.value;
		draw_soon();
	});
	let counting = 0;
	store.watchers.add(what => {
		if (what === "link")
			draw_link();
		else
			counting ||= setTimeout(() => {
				counting = 0;
				draw_counts();
			}, 50);
	});
	addEventListener("hashchange", route);
	addEventListener("keydown", keys);
	route();
	store_listen();
	session_load().then(draw_session, () => {}).then(() => session.user && tell("session"));
}

start();
