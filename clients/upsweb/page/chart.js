/* A chart of one or two curves over time, in SVG: least and greatest as a shade, the mean as a line,
 * power failures as bands. Drag, or + and -, chooses a part of the time; arrows read single values. */

const HIGH = 176, LEFT = 50, RIGHT = 8, TOP = 8, BOTTOM = 22;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600,
	43200, 86400, 172800, 604800, 1209600, 2592000, 7776000];

function nice_step(range, parts) {
	const raw = range / parts, power = 10 ** Math.floor(Math.log10(raw));
	return [1, 2, 5, 10].find(n => n * power >= raw) * power;
}

function time_label(t, step) {
	const d = new Date(t * 1000);
	if (step >= 86400)
		return d.toLocaleDateString(undefined, {month: "short", day: "numeric"});
	return d.toLocaleTimeString(undefined, step < 60 ? {timeStyle: "medium"} : {timeStyle: "short"});
}

/* `what`: {name, unit, curves: [{name, var}], floor, ceiling, scale, least}; `choose(from, to)`: another
 * part of the time is wanted. */
function make_chart(what, choose) {
	const plot = svg("svg", {class: "chart", role: "img", tabindex: "0"});
	const reading = h("span");
	const names = what.curves.length < 2 ? [what.name] : [what.name,
		what.curves.map((curve, i) => [h("i", {class: i ? "key second" : "key"}), curve.name])];
	const chart = {node: h("figure", null, h("figcaption", null, h("b", null, names), reading), plot),
		what, plot, reading, wide: 600, data: null, from: 0, to: 1, low: 0, high: 1, points: [], cross: null, at: -1};

	chart.set = data => draw_chart(chart, data);
	new ResizeObserver(() => chart.data && chart.plot.clientWidth !== chart.wide && draw_chart(chart, chart.data))
		.observe(plot);
	watch_pointer(chart, choose);
	watch_keys(chart, choose);
	return chart;
}

const x_of = (c, t) => LEFT + (t - c.from) / (c.to - c.from) * (c.wide - LEFT - RIGHT);
const y_of = (c, v) => HIGH - BOTTOM - (v - c.low) / (c.high - c.low) * (HIGH - TOP - BOTTOM);

function scale_chart(c) {
	let low = Infinity, high = -Infinity;
	for (const points of c.points)
		for (const [, min,, max] of points) {
			low = Math.min(low, min);
			high = Math.max(high, max);
		}
	if (!Number.isFinite(low))
		[low, high] = [0, 1];
	low = Math.min(low, c.what.floor ?? low);
	high = Math.max(high, c.what.ceiling ?? high);
	/* Noise is not to look like a storm. */
	const least = c.what.least ?? 2, lack = least - (high - low);
	if (lack > 0)
		[low, high] = [low - lack / 2, high + lack / 2];
	const step = nice_step(high - low, 4);
	c.low = Math.floor(low / step + 1e-9) * step;
	c.high = Math.ceil(high / step - 1e-9) * step;
	return step;
}

function draw_grid(c, step) {
	const nodes = [];
	const digits = Math.max(0, -Math.floor(Math.log10(step)));
	for (let v = c.low; v <= c.high + step / 2; v += step) {
		const y = y_of(c, v);
		nodes.push(svg("line", {class: "grid", x1: LEFT, x2: c.wide - RIGHT, y1: y, y2: y}),
			svg("text", {x: LEFT - 6, y: y + 4, "text-anchor": "end"}, v.toFixed(digits)));
	}
	const wide = (c.to - c.from) * 110 / c.wide, every = STEPS.find(s => s >= wide) || STEPS.at(-1);
	const zone = new Date(c.from * 1000).getTimezoneOffset() * 60;
	for (let t = Math.ceil((c.from - zone) / every) * every + zone; t < c.to; t += every)
		nodes.push(svg("text", {x: x_of(c, t), y: HIGH - 6, "text-anchor": "middle"}, time_label(t, every)));
	return nodes;
}

/* A curve ends where nothing was measured for long. */
function pieces(points, gap) {
	const all = [];
	let last = -Infinity;
	for (const p of points) {
		if (p[0] - last > gap)
			all.push([]);
		all.at(-1).push(p);
		last = p[0];
	}
	return all;
}

function draw_curve(c, points, i, gap) {
	const nodes = [], kind = i ? "second " : "";
	const at = (t, v) => `${x_of(c, t).toFixed(1)},${y_of(c, v).toFixed(1)}`;
	for (const piece of pieces(points, gap)) {
		const upper = piece.map(([t,,, max]) => at(t, max)), lower = piece.map(([t, min]) => at(t, min));
		const line = piece.map(([t,, avg]) => at(t, avg));
		if (piece.length === 1)
			line.push(line[0].replace(/^[\d.-]+/, x => Number(x) + 1.5));
		nodes.push(svg("polygon", {class: `${kind}spread`, points: upper.concat(lower.reverse()).join(" ")}),
			svg("polyline", {class: `${kind}curve`, points: line.join(" "), "vector-effect": "non-scaling-stroke"}));
	}
	return nodes;
}

/* `data`: {from, to, step, series: {var: [[t, min, avg, max]]}, outages: [[from, to]]}. */
function draw_chart(c, data) {
	const {scale = 1} = c.what;
	c.from = data.from;
	c.to = Math.max(data.to, data.from + 1);
	c.points = c.what.curves.map(curve => (data.series[curve.var] || [])
		.filter(([t]) => t >= c.from && t <= c.to)
		.map(([t, ...values]) => [t, ...values.map(v => v * scale)]));
	c.node.hidden = !c.points.some(points => points.length);
	if (c.node.hidden)
		return;
	c.data = data;
	c.wide = c.plot.clientWidth || c.wide;
	c.plot.setAttribute("viewBox", `0 0 ${c.wide} ${HIGH}`);
	const step = scale_chart(c), gap = Math.max(3 * (data.step || 0), 90);
	const bands = (data.outages || []).filter(([from, to]) => to >= c.from && from <= c.to)
		.map(([from, to]) => {
			const left = x_of(c, Math.max(from, c.from)), right = x_of(c, Math.min(to, c.to));
			return svg("rect", {class: "band", x: left, y: TOP, width: Math.max(1.5, right - left),
				height: HIGH - TOP - BOTTOM});
		});
	c.cross = svg("g", {});
	c.plot.replaceChildren(...draw_grid(c, step), ...bands,
		...c.points.flatMap((points, i) => draw_curve(c, points, i, gap)), c.cross);
	c.plot.setAttribute("aria-label", summary(c));
	read_chart(c, c.at);
}

function summary(c) {
	const told = c.what.curves.map((curve, i) => {
		const points = c.points[i];
		if (!points.length)
			return "";
		const low = Math.min(...points.map(p => p[1])), high = Math.max(...points.map(p => p[3]));
		return `${curve.name}: from ${rounded(low)} to ${rounded(high)}, last ${rounded(points.at(-1)[2])} ${c.what.unit}`;
	});
	return `${c.what.name}. ${told.filter(Boolean).join("; ")}`;
}

function nearest(points, t) {
	let low = 0, high = points.length - 1;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (points[middle][0] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && t - points[low - 1][0] < points[low][0] - t ? low - 1 : low;
}

/* Shows the values of the moment `t`, or the newest ones. */
function read_chart(c, t) {
	const wanted = t >= c.from && t <= c.to ? t : c.to;
	const found = c.points.map(points => points.length ? points[nearest(points, wanted)] : null);
	const first = found.find(Boolean);
	c.at = wanted === t ? t : -1;
	if (!first)
		return;
	c.cross.replaceChildren(...(c.at < 0 ? [] : [svg("line", {class: "cross", y1: TOP, y2: HIGH - BOTTOM,
		x1: x_of(c, first[0]), x2: x_of(c, first[0])})]));
	const values = found.map(p => p ? rounded(p[2]) : "–").join(" / ");
	say(c.reading, `${values} ${c.what.unit}${c.at < 0 ? "" : `  at ${moment(first[0])}`}`);
}

function watch_pointer(c, choose) {
	let start = null, mark = null;
	const time_at = e => {
		const box = c.plot.getBoundingClientRect(), x = e.clientX - box.left;
		const part = (x - LEFT) / (c.wide - LEFT - RIGHT);
		return c.from + Math.max(0, Math.min(1, part)) * (c.to - c.from);
	};

	c.plot.addEventListener("pointerdown", e => {
		if (e.button === 0 && e.pointerType !== "touch") {
			start = time_at(e);
			c.plot.setPointerCapture(e.pointerId);
		}
	});
	c.plot.addEventListener("pointermove", e => {
		const now = time_at(e);
		read_chart(c, now);
		if (start === null)
			return;
		const [left, right] = [x_of(c, start), x_of(c, now)].sort((a, b) => a - b);
		mark?.remove();
		mark = svg("rect", {class: "drag", x: left, y: TOP, width: right - left, height: HIGH - TOP - BOTTOM});
		c.plot.append(mark);
	});
	c.plot.addEventListener("pointerup", e => {
		const [from, to] = [start ?? 0, time_at(e)].sort((a, b) => a - b);
		mark?.remove();
		if (start !== null && to - from > (c.to - c.from) / 50)
			choose(from, to);
		start = mark = null;
	});
	c.plot.addEventListener("pointerleave", () => read_chart(c, -1));
	c.plot.addEventListener("dblclick", () => choose(null, null));
}

function watch_keys(c, choose) {
	c.plot.addEventListener("keydown", e => {
		const points = c.points.find(list => list.length) || [], wide = c.to - c.from;
		const at = c.at < 0 ? points.length - 1 : nearest(points, c.at), middle = points[at]?.[0];
		if (middle === undefined)
			return;
		if (e.key === "ArrowLeft" || e.key === "ArrowRight") {
			const next = at + (e.key === "ArrowLeft" ? -1 : 1);
			read_chart(c, points[Math.max(0, Math.min(points.length - 1, next))][0]);
			announce(c.reading.textContent);
		} else if (e.key === "+" || e.key === "=") {
			choose(middle - wide / 4, middle + wide / 4);
		} else if (e.key === "-") {
			choose(c.from - wide / 2, c.to + wide / 2);
		} else {
			return;
		}
		e.preventDefault();
	});
}
