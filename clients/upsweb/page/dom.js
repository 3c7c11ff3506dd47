/* Elements, and how numbers, spans and times are written. Text reaches the page as text only:
 * nothing here, or elsewhere, makes HTML of a string. */

const SVG = "http://www.w3.org/2000/svg";

function fill(el, props, children) {
	for (const [name, value] of Object.entries(props || {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith("on"))
			el.addEventListener(name.slice(2), value);
		else
			el.setAttribute(name, value === true ? "" : value);
	}
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			el.append(child);
	return el;
}

const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);
const $ = id => document.getElementById(id);

/* Writes only what differs: hundreds of cards change each second. */
function say(el, text) {
	if (el.textContent !== text)
		el.textContent = text;
}

function number(text) {
	if (text === undefined || text === null || text === "")
		return null;
	const n = Number(text);
	return Number.isFinite(n) ? n : null;
}

function rounded(n, digits = 1) {
	return n === null ? "" : String(Math.round(n * 10 ** digits) / 10 ** digits);
}

/* A span in seconds, in its two largest parts. */
function span(seconds) {
	if (seconds === null || seconds < 0)
		return "";
	const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
	const at = parts.findIndex(([, size]) => seconds >= size);
	if (at < 0)
		return "0 s";
	const [unit, size] = parts[at], whole = Math.floor(seconds / size), next = parts[at + 1];
	const rest = next && whole < 10 ? Math.floor((seconds - whole * size) / next[1]) : 0;
	return `${whole} ${unit}` + (rest ? ` ${rest} ${next[0]}` : "");
}

const clock = new Intl.DateTimeFormat(undefined, {timeStyle: "medium"});
const dated = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});

function moment(seconds) {
	const when = new Date(seconds * 1000);
	return when.toDateString() === new Date().toDateString() ? clock.format(when) : dated.format(when);
}

/* For ears: what has just become worse or well again. */
function announce(text) {
	$("said").textContent = text;
}
