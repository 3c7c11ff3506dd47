/* Logging in, commands and settings. All of it is asked of upsweb, which asks the UPS's own server. */

function make_dialog(title, ...content) {
	const close = h("button", {type: "button"}, "Close");
	const box = h("dialog", {"aria-label": title}, h("h2", null, title), ...content, h("p", {class: "row"}, close));
	close.addEventListener("click", () => box.close());
	box.addEventListener("close", () => box.remove());
	document.body.append(box);
	box.showModal();
	return box;
}

function answer_line() {
	const node = h("p", {class: "answer", role: "status"});
	return {node, set(text, good) {
		node.textContent = text;
		node.className = `answer ${good ? "good" : "bad"}`;
	}, clear() {
		node.textContent = "";
	}};
}

function login_dialog(after) {
	const user = h("input", {name: "user", autocomplete: "username", required: true, autofocus: true});
	const password = h("input", {name: "password", type: "password", autocomplete: "current-password", required: true});
	const answer = answer_line(), go = h("button", {class: "strong"}, "Log in");
	const form = h("form", {class: "form"}, h("p", null, "A user of upsd (upsd.users), who may command it."),
		h("label", null, "User", user), h("label", null, "Password", password), answer.node, go);
	const box = make_dialog("Log in", form);

	form.addEventListener("submit", async e => {
		e.preventDefault();
		go.disabled = true;
		answer.clear();
		try {
			Object.assign(session, await order("login", {user: user.value, password: password.value}));
			await session_load();
			box.close();
			after();
		} catch (error) {
			answer.set(error.message, false);
			password.value = "";
			password.focus();
		}
		go.disabled = false;
	});
}

async function logout(after) {
	try {
		await order("logout", {});
	} finally {
		await session_load().catch(() => { session.user = null; });
		after();
	}
}

async function tell_result(answer, what, work) {
	answer.set(`${what} …`, true);
	try {
		const reply = await work();
		const good = reply.result === "ok";
		answer.set(good ? `${what}: done` : `${what}: ${reply.error || reply.result}`, good);
		return good;
	} catch (error) {
		answer.set(`${what}: ${error.message}`, false);
		return false;
	}
}

const GRAVE = /^(load\.|shutdown|outlet.*(off|cycle)|bypass|calibrate|driver\.)/;

function sure(what, then) {
	const yes = h("button", {type: "button", class: "danger"}, what);
	const box = make_dialog("Are you sure?",
		h("p", null, `“${what}” may take the power from what hangs on this UPS.`), yes);
	yes.addEventListener("click", () => {
		box.close();
		then();
	});
}

async function make_commands(id) {
	const {commands} = await ask("commands", {id});
	const answer = answer_line(), value = h("input", {id: "command-value", size: 8, autocomplete: "off"});
	const run = name => tell_result(answer, name,
		() => order("command", {id, command: name, ...(value.value ? {value: value.value} : {})}));
	const buttons = commands.map(({name, desc}) => h("button", {
		type: "button", title: desc || name, class: GRAVE.test(name) ? "danger" : null,
		onclick: () => GRAVE.test(name) ? sure(name, () => run(name)) : run(name),
	}, name));
	return h("section", {class: "panel", "aria-label": "Commands"}, h("h3", null, "Commands"),
		buttons.length ? [h("div", {class: "row"}, buttons),
			h("p", {class: "row"}, h("label", {for: "command-value"}, "with the value"), value),
			answer.node] : h("p", {class: "none"}, "This UPS has none."));
}

function setting_input(s) {
	const same = {"aria-label": s.name, "data-setting": s.name};
	if (s.type === "enum") {
		const list = s.enum.includes(s.value) ? s.enum : [s.value, ...s.enum];
		return h("select", same, list.map(v => h("option", {value: v, selected: v === s.value}, v)));
	}
	const range = s.ranges?.[0];
	return h("input", {...same, value: s.value, maxlength: s.type === "string" && s.max > 0 ? s.max : null,
		type: s.type === "range" || s.type === "number" ? "number" : "text", step: "any",
		min: range?.[0], max: range?.[1], size: 12});
}

function setting_row(id, s, answer) {
	const input = setting_input(s), save = h("button", {type: "submit"}, "Set");
	const limits = s.ranges?.length ? s.ranges.map(r => r.join(" to ")).join(", ") : "";
	const form = h("form", {class: "row", onsubmit: e => {
		e.preventDefault();
		tell_result(answer, s.name, () => order("setting", {id, name: s.name, value: input.value}));
	}}, input, save);
	return h("tr", null, h("td", {class: "name"}, s.name, h("br"), h("small", null, s.desc || "")),
		h("td", null, form, limits && h("small", null, limits)));
}

async function make_settings(id) {
	const answer = answer_line(), {settings} = await ask("settings", {id});
	return h("section", {class: "panel", "aria-label": "Settings"}, h("h3", null, "Settings"),
		settings.length ? [h("div", {class: "scroll"}, h("table", null, h("tbody", null,
			settings.map(s => setting_row(id, s, answer))))), answer.node]
			: h("p", {class: "none"}, "This UPS has none."));
}
