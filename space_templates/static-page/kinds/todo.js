// A list of things to do: add, tick off, filter, remove, bring back.
"use strict";
about("Type an entry and press Enter. Tick it when it is done.");
let entries = keep.get("entries", (APP.items.length ? APP.items : ["Write the first entry", "Tick this one off"]).map((text, id) => ({ id, text, done: false })));
let filter = "all";
let removed = null;
const shown = { all: () => true, open: (e) => !e.done, done: (e) => e.done };

function save() { keep.set("entries", entries); draw(); }

const input = el("input", { class: "grow", id: "new", placeholder: "What is to be done?", maxlength: 200, autocomplete: "off", "aria-label": "New entry" });
const form = el("form", { class: "card row", onsubmit(event) {
  event.preventDefault();
  const text = input.value.trim();
  if (!text || entries.length >= 500) return;
  entries.push({ id: Date.now() + Math.random(), text, done: false });
  input.value = "";
  removed = null;
  save();
} }, input, el("button", { class: "main" }, "Add"));
const body = el("div", { class: "card" });

function line(entry) {
  const box = el("input", { type: "checkbox", onchange() { entry.done = box.checked; save(); } });
  box.checked = entry.done;
  return el("li", { class: entry.done ? "done" : "" }, el("label", {}, box, el("span", {}, entry.text)),
    el("button", { class: "quiet", type: "button", "aria-label": `Remove ${entry.text}`, onclick() { removed = { entry, place: entries.indexOf(entry) }; entries = entries.filter((e) => e !== entry); save(); } }, "✕"));
}

function draw() {
  const open = entries.filter((e) => !e.done).length;
  const list = entries.filter(shown[filter]);
  body.replaceChildren(
    el("div", { class: "row spread" },
      el("strong", { id: "left" }, entries.length ? `${open} of ${entries.length} open` : "Nothing here yet"),
      el("div", { class: "row" }, Object.keys(shown).map((name) => el("button", { class: "quiet", "aria-pressed": String(name === filter), onclick() { filter = name; draw(); } }, name[0].toUpperCase() + name.slice(1))))),
    el("div", { class: "bar", role: "progressbar", "aria-valuenow": entries.length - open, "aria-valuemax": entries.length }, el("i", { style: `width:${entries.length ? (100 * (entries.length - open)) / entries.length : 0}%` })),
    el("ul", { class: "list", style: "margin-top:12px" }, list.map(line)),
    el("div", { class: "row" },
      entries.some((e) => e.done) && el("button", { class: "quiet", onclick() { entries = entries.filter((e) => !e.done); removed = null; save(); } }, "Remove what is done"),
      removed && el("button", { class: "quiet", onclick() { entries.splice(removed.place, 0, removed.entry); removed = null; save(); } }, "Undo remove")));
}
show(form, body);
draw();
